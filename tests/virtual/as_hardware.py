"""The command, with ``BAD_BOARD``, else every board, taken for a real one at the port that ``BAD_TTY`` names."""

import os

import msgspec

from harness import cli, rig, session, workbench
from harness.hardware import Upload
from harness.serial_rig import SerialRig

UPLOAD_S = float(os.environ.get("UPLOAD_S", "120"))


def connect(board, port, detail):
    if board.name != os.environ.get("BAD_BOARD", board.name):
        return rig.connect(board, port, detail)
    return SerialRig(msgspec.structs.replace(board, upload=Upload(seconds=UPLOAD_S)), os.environ["BAD_TTY"])


workbench.connect = connect
# Where a test says that nothing was sent again, a host that stalls must not have it sent again.
session._REPEAT_S = float(os.environ.get("REPEAT_S", session._REPEAT_S))
cli.main()
