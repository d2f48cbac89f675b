"""Cut an Arduino library that carries TFLM down to TFLM, so that it builds for any board.

Such libraries often come with drivers of particular boards' peripherals, which the Arduino tools would compile too.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from harness import paths
from harness.tflm import includes
from harness.tflm.library import SOURCES, TflmLibrary, describe
from harness.tflm.sources import PORT

_TFLM = "tensorflow"


def trim(library: TflmLibrary, into: Path | None = None) -> TflmLibrary:
    """Return ``library`` if it is TFLM alone, else a copy of its TFLM part, made in ``into`` when it is not there.

    ``into`` is by default a folder of mcuprof's cache. The copy is the library without the sources in those
    folders that TFLM's sources include nothing of; headers are all there, and every file is unchanged.
    """
    root = library.path / "src"
    if not root.is_dir():
        return library
    needed = _needed_folders(root, library.include)
    others = (entry for entry in root.iterdir() if entry.is_dir() and entry.name not in needed)
    if not any(file.suffix in SOURCES for entry in others for file in entry.rglob("*")):
        return library
    place = (into or paths.cache() / "libraries") / library.digest[:12]
    target = place / library.path.name
    if not target.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".new-", dir=place))
        try:
            _copy(library, needed, work / target.name)
            (work / target.name).rename(target)
        except OSError:
            if not target.is_dir():  # otherwise another process has made the same copy meanwhile
                raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return describe(target)


def _needed_folders(root: Path, header: str) -> frozenset[str]:
    # What only the port to a board includes is the port's, not TFLM's.
    sources = [file for file in (root / _TFLM).rglob("*") if file.suffix in SOURCES and file.stem not in PORT]
    reached = includes.closure(sources, [root], leaves=[root / header])
    return frozenset(path.relative_to(root).parts[0] for path in reached.files)


def _copy(library: TflmLibrary, needed: frozenset[str], target: Path) -> None:
    source = library.path / "src"
    for file in source.rglob("*"):
        name = file.relative_to(source)
        in_needed = len(name.parts) == 1 or name.parts[0] in needed
        if file.is_file() and (in_needed or file.suffix not in SOURCES):
            place = target / "src" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, place)
    for extra in ("library.properties", "LICENSE"):
        if (library.path / extra).is_file():
            shutil.copy(library.path / extra, target)
