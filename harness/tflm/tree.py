"""A tree of TFLM's sources as an Arduino library: a checkout of tflite-micro, or what create_tflm_tree.py makes."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from harness import cmd, cores, paths
from harness.cache import touch
from harness.errors import McuprofError
from harness.tflm import sources
from harness.tflm.library import digest_of_files
from harness.tflm.made import LIBRARY, PROPERTIES, keep_library, library_files, write_library

_GIT_WITHIN_S = 20.0


def make_library(tree: Path, into: Path) -> Path:
    """Make the library in the folder ``into`` and return its folder; raises ``MissingError`` as ``files`` does."""
    return write_library(files(tree, _version(tree)), into)


def kept_library(tree: Path, into: Path) -> Path:
    """Return the library, made in a folder of ``into`` that is named after its content when it is not there.

    ``into`` remembers what came of the tree as it is, by the sizes and times of its files. Raises ``MissingError`` as
    ``files`` does.
    """
    version = _version(tree)
    memory = into / f"tree-{_stamp(tree, version)}"
    digest = memory.read_text(encoding="ascii") if memory.is_file() else ""
    if digest and (into / digest / LIBRARY).is_dir():
        touch(memory)
        touch(into / digest)
        return into / digest / LIBRARY
    library = keep_library(files(tree, version), into)
    memory.write_text(library.parent.name, encoding="ascii")
    return library


def files(tree: Path, version: str) -> dict[str, bytes]:
    """Return the library's files, relative path → content; raises ``MissingError`` where sources are not there."""
    found = sources.find(tree)
    licence = tree / "LICENSE"
    properties = PROPERTIES.format(
        name=LIBRARY,
        version=version,
        sentence="TensorFlow Lite for Microcontrollers.",
        origin="a tree of its sources",
    )
    return library_files(found, properties=properties, licence=licence if licence.is_file() else None)


def _stamp(tree: Path, version: str) -> str:
    """Return what changes when the tree does, or the way in which a library is made of it."""
    way = digest_of_files({path.name: path.read_bytes() for path in (paths.PACKAGE / "tflm").glob("*.py")})
    return hashlib.sha256(f"{tree} {cores.stamp(tree)} {version} {way}".encode()).hexdigest()[:12]


def _version(tree: Path) -> str:
    """Return the commit's date and name where the tree is a git checkout; TFLM itself has no version numbers.

    A tree without a commit has none at all.
    """
    if not (tree / ".git").exists():
        return ""
    try:
        date = cmd.run(["git", "-C", tree, "show", "-s", "--format=%cs"], timeout=_GIT_WITHIN_S).stdout
        name = cmd.run(["git", "-C", tree, "describe", "--always", "--dirty", "--exclude=*"], timeout=_GIT_WITHIN_S)
    except McuprofError:
        return ""
    numbers = ".".join(str(int(part)) for part in re.findall(r"\d+", date))
    return f"{numbers}+{name.stdout.strip()}"
