"""``python -m harness.virtual.dtr PORT COMMAND…``: reset the virtual board behind a port, then become the command.

A pseudo-terminal has no DTR line, by which an upload tool resets a board that has one. So this comes before the tool.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

_ANSWER_S = 20


def pull(port: Path) -> str | None:
    """Reset the board behind ``port``; return why that failed, or None. A real port is left to the upload tool."""
    control = port.absolute().parent / "control"
    if not control.is_socket():
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_ANSWER_S)
        try:
            connection.connect(str(control))
            connection.sendall(b'{"reset": "dtr"}\n')
            with connection.makefile("rb") as answers:
                answer = json.loads(answers.readline())
        except (OSError, ValueError) as error:
            return f"the virtual board at {control} does not answer: {error}"
    return None if answer.get("ok") is True else f"the virtual board was not reset: {answer.get('error')}"


def main(words: list[str]) -> int:
    """Reset, then run the command in this process's place; return the exit code where that is not possible."""
    if len(words) < 2:  # noqa: PLR2004 (a port and a command)
        print("usage: python -m harness.virtual.dtr PORT COMMAND [ARGUMENT...]", file=sys.stderr)
        return 2
    port, *command = words
    wrong = pull(Path(port))
    if wrong is None:
        try:
            os.execvp(command[0], command)
        except OSError as error:
            wrong = f"{command[0]} cannot be run: {error.strerror}"
    print(wrong, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
