"""Where Arduino cores are: the user's own in a sketchbook, and those that set-up installed.

A core is named ``vendor:architecture`` and is a folder with a ``boards.txt``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from harness import paths
from harness.errors import UsageError

OURS = "mcuprof"
"""The vendor of the platforms that come with mcuprof; a sketchbook's is passed over."""
SYSTEM = Path("/usr/share/arduino")
"""Where Debian's packages put cores, laid out as a sketchbook is."""


def data_dir() -> Path:
    """Return arduino-cli's data folder, where set-up installs cores. It outlives every cache."""
    return paths.home() / "arduino"


def ensure_indexes(folder: Path | None = None) -> None:
    """Put empty indexes into a data folder where there are none, as where a core was copied from another machine.

    Without them arduino-cli asks the network at every call. The folder is that of set-up where none is named.
    """
    for what in ("package", "library"):
        index = (folder or data_dir()) / f"{what}_index.json"
        if not index.exists():
            index.write_text(json.dumps({"packages" if what == "package" else "libraries": []}), encoding="utf-8")


def sketchbooks(chosen: Path | None) -> list[Path]:
    """Return the user's sketchbooks: the chosen one, or where the Arduino IDE keeps them.

    Raises ``UsageError`` where the chosen one is not there.
    """
    if chosen is None:
        return [Path.home() / "Arduino", Path.home() / "Documents" / "Arduino"]
    if not chosen.is_dir():
        msg = f"the sketchbook {chosen} is not a folder"
        raise UsageError(msg)
    return [chosen.resolve()]


def in_sketchbooks(folders: list[Path]) -> dict[str, Path]:
    """Return the cores in the ``hardware`` folders of sketchbooks; where two have the same, the first counts."""
    found: dict[str, Path] = {}
    for folder in folders:
        for boards_txt in sorted(folder.glob("hardware/*/*/boards.txt")):
            architecture = boards_txt.parent
            if architecture.parent.name != OURS:
                found.setdefault(f"{architecture.parent.name}:{architecture.name}", architecture)
    return found


def bundled_tools(folders: list[Path]) -> dict[str, Path]:
    """Return the folders ``tools`` that lie beside cores in sketchbooks, by vendor."""
    found: dict[str, Path] = {}
    for folder in folders:
        for tools in sorted(folder.glob("hardware/*/tools")):
            if tools.is_dir() and tools.parent.name != OURS:
                found.setdefault(tools.parent.name, tools)
    return found


def installed() -> dict[str, Path]:
    """Return the cores that set-up installed."""
    found = sorted(data_dir().glob("packages/*/hardware/*/*/boards.txt"))
    return {f"{path.parents[3].name}:{path.parents[1].name}": path.parent for path in found}


def stamp(folder: Path) -> str:
    """Return a digest that changes when a file of a hand-placed core does: its version seldom tells."""
    whole = hashlib.sha256()
    for path in _files(folder):
        try:
            facts = path.stat()
        except OSError:
            continue  # a link that leads nowhere
        whole.update(f"{path.relative_to(folder)}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
    return whole.hexdigest()[:12]


def stamp_of_libraries(folder: Path) -> str:
    """Return a digest that changes when a file of an Arduino library in ``folder`` does, or of one it links to."""
    libraries = sorted(path for path in folder.iterdir() if path.is_dir())
    return hashlib.sha256(" ".join(f"{path} {stamp(path.resolve())}" for path in libraries).encode()).hexdigest()[:12]


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))  # a clone has its history there
        for name in sorted(names):
            yield Path(root) / name
