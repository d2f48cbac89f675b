"""The command, with every board taken for a real one at the port that ``BAD_TTY`` names."""

import os

from harness import cli, workbench
from harness.serial_rig import SerialRig

workbench.connect = lambda board, port, detail: SerialRig(board, os.environ["BAD_TTY"])
cli.main()
