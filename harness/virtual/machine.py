"""What every virtual board has: a temporary folder for its port and its log, and a machine that comes up."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

from harness import cmd
from harness.errors import RigError

_LONGEST_FOLDER = 75
_START_S = 20.0


def socket_folder() -> Path:
    """Make a temporary folder whose path is short enough for the sockets in it (some 100 characters)."""
    usual = tempfile.gettempdir()
    parent = Path(usual if len(usual) <= _LONGEST_FOLDER else "/tmp")
    _sweep(parent)
    return Path(tempfile.mkdtemp(prefix=f"mcuprof-rig-{os.getpid()}-", dir=parent))


def _sweep(parent: Path) -> None:
    """Remove the folders of processes that were killed and could not do it themselves."""
    for folder in parent.glob("mcuprof-rig-*"):
        owner = folder.name.split("-")[2]
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (ValueError, PermissionError):
            continue


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
