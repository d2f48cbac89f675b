"""What every virtual board has: a temporary folder for its port and its log, and a machine that comes up."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
import time
from pathlib import Path

import filelock

from harness import cmd
from harness.errors import RigError

_LONGEST_FOLDER = 75
_PREFIX = "mcuprof-rig-"
_LOCK = "lock"
_START_S = 20.0


class RigFolder:
    """A temporary folder whose path is short enough for the sockets in it (some 100 characters).

    It is removed by ``close``, or by the next one that is made where this process was killed. The kernel lets go of
    its lock however the process ends; numbers of processes say nothing where containers share the parent folder.
    """

    def __init__(self) -> None:
        usual = tempfile.gettempdir()
        parent = Path(usual if len(usual) <= _LONGEST_FOLDER else "/tmp")
        _sweep(parent)
        # It is locked under another name: whoever sweeps just now would take it for one of a process that was killed.
        making = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=parent))
        self._lock = filelock.FileLock(making / _LOCK, thread_local=False)
        self._lock.acquire(timeout=0)
        self.path = making.rename(parent / making.name.removeprefix("."))

    def close(self) -> None:
        """Remove the folder. May be called more than once."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()


def _sweep(parent: Path) -> None:
    """Remove the folders of processes that were killed and could not do it themselves."""
    for folder in parent.glob(f"{_PREFIX}*"):
        lock = filelock.FileLock(folder / _LOCK)
        with contextlib.suppress(OSError):  # in use (a timeout is one), another user's, or gone meanwhile
            if not (folder / _LOCK).is_file():
                continue
            lock.acquire(timeout=0)
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()


def in_option(path: Path) -> str:
    """Return a path as it stands in an option of QEMU's, where a comma would end it."""
    return str(path).replace(",", ",,")


def await_machine(name: str, machine: cmd.Process, connected: threading.Event, log: Path) -> None:
    """Wait until a machine has connected its port; raises ``RigError`` with its last words where it does not."""
    end = time.monotonic() + _START_S
    while not connected.wait(0.05):
        if machine.returncode is not None or time.monotonic() > end:
            msg = f"{name} did not start: {last_words(log)}"
            raise RigError(msg)


def last_words(log: Path) -> str:
    """Return the last line that a machine printed."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "it said nothing"
