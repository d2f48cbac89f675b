"""What has to be seen to for arduino-cli to upload to the right board: names, properties, and one after the other."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping

import filelock

from harness import paths
from harness.boards import Board


def port_name(port: str, board: Board) -> str:
    """Return what arduino-cli is to call a port.

    A bootloader that is started by opening the port at 1,200 baud is started only where arduino-cli finds the port
    under that name among the ttys of /dev: a link to one, as in /dev/serial/by-id, is none of them.
    """
    return port if board.is_virtual else os.path.realpath(port)


def properties(board: Board) -> dict[str, str]:
    """Return those of a board's properties that an upload heeds.

    arduino-cli hands no build properties on to the upload tool, and calls the tool's own without ``tools.NAME.``.
    """
    given = board.build_properties
    own = {re.sub(r"^tools\.(?!ctags\.)[^.]+\.", "", name): value for name, value in given.items()}
    return {name: value for name, value in own.items() if name not in given or name.startswith("upload.")}


@contextlib.contextmanager
def turn(of_the_core: Mapping[str, str]) -> Iterator[None]:
    """Let no two boards that come back as a bootloader be uploaded to at once, by whichever mcuprof.

    arduino-cli takes the next port that appears for the bootloader's. ``of_the_core`` are the board's properties in
    its core, which say whether it waits for one.
    """
    if of_the_core.get("upload.wait_for_upload_port") != "true":
        yield
        return
    lock = paths.home() / "locks" / "bootloader.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(lock):
        yield
