#!/usr/bin/env python3
"""Hand a program to the virtual board behind a serial port.

A virtual board's port is a symbolic link to a pseudo-terminal; beside it lies a socket named `control`, on which
the process that runs the board listens. It is sent one line of JSON, and answers with one when the program runs.
"""

import json
import os
import socket
import sys

TIMEOUT_S = 20
LONGEST_ANSWER = 65536


class UploadError(Exception):
    """Why the program does not run on the board."""


def ask(control, request):
    """Send one JSON line to the socket at `control` and return the answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIMEOUT_S)
        try:
            connection.connect(control)
        except OSError as error:
            raise UploadError(f"no virtual board is listening at {control}: {error.strerror or error}") from error
        try:
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as answers:
                answer = answers.readline(LONGEST_ANSWER)
        except socket.timeout as error:
            raise UploadError(f"the virtual board at {control} did not answer within {TIMEOUT_S} s") from error
        except OSError as error:
            raise UploadError(f"the virtual board at {control} went away: {error}") from error
    if not answer:
        raise UploadError(f"the virtual board at {control} closed the connection without an answer")
    try:
        return json.loads(answer)
    except ValueError as error:
        raise UploadError(f"the virtual board at {control} answered {answer[:100]!r}, which is not JSON") from error


def main(arguments):
    """Upload, and return the exit code."""
    if len(arguments) != 2:
        print("usage: upload.py PORT PROGRAM.elf", file=sys.stderr)
        return 2
    port, program = arguments
    try:
        if not os.path.isfile(program):
            raise UploadError(f"there is no program {program}: compile the sketch first")
        control = os.path.join(os.path.dirname(os.path.abspath(port)), "control")
        answer = ask(control, {"load": os.path.abspath(program)})
        if not (isinstance(answer, dict) and answer.get("ok") is True):
            reason = answer.get("error") if isinstance(answer, dict) else answer
            raise UploadError(f"the virtual board did not take the program: {reason}")
    except UploadError as error:
        print(f"upload: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
