"""``python -m harness`` is the ``mcuprof`` command."""

from harness.cli import main

main()
