"""Compiled sketches in the cache."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness import paths
from harness.cache import touch
from harness.errors import McuprofError
from harness.sketch import NAME


@dataclass(frozen=True, kw_only=True)
class Build:
    """A compiled sketch, kept in the cache."""

    folder: Path
    """Holds the program in every form that the upload tool may want."""
    key: str
    sketch: str
    """Digest of the sketch, which the firmware tells too."""
    build_path: str
    """Where it was built: the paths of the linker's map begin with it."""
    program_bytes: int
    """Size of the program by the size recipe of the board's core."""
    data_bytes: int | None
    seconds: float
    provenance: Mapping[str, str]

    @property
    def elf(self) -> Path:
        """The linked program."""
        return self.folder / f"{NAME}.ino.elf"

    @property
    def link_map(self) -> Path:
        """The linker's map of the program."""
        return self.folder / f"{NAME}.ino.map"


def kept(key: str) -> Build | None:
    """Return the build of ``key``, or None where it is not there whole."""
    folder = paths.cache() / "builds" / key
    try:
        facts = json.loads((folder / "build.json").read_text(encoding="utf-8"))
        build = Build(folder=folder, key=key, **facts)
    except (OSError, ValueError, TypeError):
        return None
    if not build.elf.is_file():
        return None
    touch(folder)
    return build


def keep(built: Path, key: str, facts: Mapping[str, object]) -> Build:
    """Copy the products of a build to their place in the cache, whole or not at all, and return them.

    ``built`` is the folder that it was built in, ``facts`` what ``Build`` has beside folder and key.
    """
    place = paths.cache() / "builds" / key
    place.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent))
    for path in built.glob(f"{NAME}.ino.*"):
        shutil.copy(path, new)
    maps = list(built.glob("*.map"))
    if len(maps) == 1:  # not every core names it after the sketch
        shutil.copy(maps[0], new / f"{NAME}.ino.map")
    (new / "build.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(place, ignore_errors=True)
    os.replace(new, place)  # noqa: PTH105 (replaces an empty folder too)
    build = kept(key)
    if build is None:
        msg = f"the build in {place} vanished while it was written: is the disk full?"
        raise McuprofError(msg)
    return build
