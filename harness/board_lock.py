"""A board is used by one mcuprof at a time: a lock file named after its USB serial number, or else its port.

The kernel holds the lock and lets go of it when the process ends, however it ends; so there is no stale one. Who
holds it stands in a file beside it, for the message.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from datetime import datetime
from pathlib import Path

import filelock

from harness import paths
from harness.errors import RigError
from harness.patience import REAL

_LOOKS = 10
_LOOK_S = 0.02


class BoardLock:
    """Held from its making until ``release``; raises ``RigError`` that says who holds the board."""

    def __init__(self, board: str, identity: str) -> None:
        folder = paths.home() / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.-]+", "_", identity).strip("_")
        self._holder = folder / f"{name}.json"
        # It is taken by a board's own thread and released by the main one.
        self._lock = filelock.FileLock(folder / f"{name}.lock", timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except filelock.Timeout:
            msg = f"the board {board} ({identity}) is in use by {_who(self._holder)}: wait for it, or end it"
            raise RigError(msg) from None
        about = {
            "pid": os.getpid(),
            "command": " ".join(["mcuprof", *sys.argv[1:]]),
            "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        }
        self._holder.write_text(json.dumps(about) + "\n", encoding="utf-8")

    def release(self) -> None:
        """Let go of the board. May be called more than once."""
        if self._lock.is_locked:
            with contextlib.suppress(OSError):
                self._holder.unlink(missing_ok=True)
            self._lock.release()


def _who(holder: Path) -> str:
    for _ in range(_LOOKS):
        try:
            about = json.loads(holder.read_text(encoding="utf-8"))
            return f"process {about['pid']} since {about['since']} ({about['command']})"
        except (OSError, ValueError, KeyError, TypeError):
            REAL.sleep(_LOOK_S)  # it may have taken the board this moment, and not said so yet
    return "another mcuprof"
