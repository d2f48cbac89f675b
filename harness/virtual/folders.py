"""The temporary folder of a virtual board: its port, its sockets, its log."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_LONGEST_FOLDER = 75


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
