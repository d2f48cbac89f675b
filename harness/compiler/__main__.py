"""``python -m harness.compiler MODEL OUTPUT OPTIONS CHOICES NAME``: what ``harness.compiler.service`` starts."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import msgspec

from harness import models
from harness.compiler.build import compile_model
from harness.compiler.choices import Choice
from harness.compiler.service import Outcome
from harness.compiler.strategy import Options, rule
from harness.errors import UnsupportedError


def main(source: Path, made: Path, options: Options, choices: Path, name: str) -> None:
    """Compile the network ``name`` of the file ``source`` and write the outcome to ``made``."""
    model = replace(models.parse(source.read_bytes(), source), name=name)
    chosen = msgspec.json.decode(choices.read_bytes(), type=dict[str, Choice])
    try:
        outcome = Outcome(program=compile_model(model, fuse=options.fuse, rule=rule(options), choices=chosen))
    except UnsupportedError as error:
        outcome = Outcome(unsupported=error.message)
    made.write_bytes(msgspec.json.encode(outcome))


main(
    Path(sys.argv[1]),
    Path(sys.argv[2]),
    msgspec.json.decode(sys.argv[3], type=Options),
    Path(sys.argv[4]),
    sys.argv[5],
)
