"""Linked sketches in the cache."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from harness import paths
from harness.cache import touch
from harness.errors import McuprofError
from harness.sketch import NAME, Sketch

SKETCH = "sketch"
"""Folder of a kept build with the sources that it was made of."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A linked sketch: what can be measured of it without a board."""

    stem: ClassVar[str]
    """What its files are called."""

    folder: Path
    key: str
    sketch: str
    """Digest of the sketch, which the firmware tells too."""
    build_path: str
    """Where it was built: the paths of the linker's map begin with it."""
    program_bytes: int
    """Size of the program by the size recipe of the board's core."""
    data_bytes: int | None
    size_recipe: str
    """That recipe: the core's regular expression for the lines of ``size -A`` that count."""
    seconds: float
    provenance: Mapping[str, str]

    @property
    def elf(self) -> Path:
        """The linked program."""
        return self.folder / f"{self.stem}.elf"

    @property
    def link_map(self) -> Path:
        """The linker's map of the program."""
        return self.folder / f"{self.stem}.map"


@dataclass(frozen=True, kw_only=True)
class Build(Program):
    """A program that can be uploaded: its folder holds it in every form that the upload tool may want."""

    stem = f"{NAME}.ino"


@dataclass(frozen=True, kw_only=True)
class Oversize(Program):
    """A program that the board has no room for, linked as if its memories were larger.

    Nothing that brings programs onto a board takes one, and no upload tool would find a file in its folder.
    """

    stem = "oversize"

    overflow: Mapping[str, int]
    """Memories of the board that are too small, with the bytes that are missing."""


Kind = TypeVar("Kind", Build, Oversize)


def kept(kind: type[Kind], key: str) -> Kind | None:
    """Return the program of ``key``, or None where it is not there whole, or is of another kind."""
    folder = paths.cache() / "builds" / key
    try:
        facts = json.loads((folder / "build.json").read_text(encoding="utf-8"))
        program = kind(folder=folder, key=key, **facts)
    except (OSError, ValueError, TypeError):
        return None
    if not program.elf.is_file():
        return None
    touch(folder)
    return program


def keep(kind: type[Kind], built: Path, key: str, facts: Mapping[str, object], sketch: Sketch) -> Kind:
    """Copy the products of a build and its sketch to their place in the cache, whole or not at all, and return them.

    ``built`` is the folder that it was built in, ``facts`` what ``kind`` has beside folder and key.
    """
    place = paths.cache() / "builds" / key
    place.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent))
    for path, name in _products(kind, built):
        shutil.copy(path, new / name)
    sketch.write(new / SKETCH)
    (new / "build.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(place, ignore_errors=True)
    os.replace(new, place)  # noqa: PTH105 (replaces an empty folder too)
    program = kept(kind, key)
    if program is None:
        msg = f"the build in {place} vanished while it was written: is the disk full?"
        raise McuprofError(msg)
    return program


def _products(kind: type[Program], built: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files to keep of a build, with the names that they get."""
    for path in built.glob(f"{NAME}.ino.*"):
        if kind is Build:
            yield path, path.name
        elif path.suffix == ".elf":
            yield path, f"{kind.stem}.elf"
    maps = list(built.glob("*.map"))
    if len(maps) == 1:  # not every core names it after the sketch
        yield maps[0], f"{kind.stem}.map"
