"""Which TFLM library sketches are built with."""

from __future__ import annotations

from pathlib import Path

from harness import cores, paths
from harness.setup.tflm_sources import find_tflm_sources
from harness.tflm import crate, tree
from harness.tflm.library import TflmLibrary, describe, find_library, installed
from harness.tflm.sources import is_tree
from harness.tflm.trim import trim


def library(*, explicit: Path | None, sketchbook: Path | None) -> TflmLibrary:
    """Return the library to build with, cut down to TFLM.

    It is the first of: the one at ``explicit``, one in the sketchbook that the user names, the one that set-up
    installed, one in the sketchbooks where the Arduino IDE keeps them, and the one made from the crate's sources.
    Raises ``MissingError`` or ``UsageError`` where ``explicit`` is no TFLM library, and ``MissingError`` where there
    is none at all.
    """
    if explicit is not None:
        return at(explicit.expanduser().resolve())
    users = (book / "libraries" for book in cores.sketchbooks(sketchbook))
    found = installed() if sketchbook is None else None
    found = found or find_library(users) or installed()
    if found is not None:
        return at(found)
    find_tflm_sources()  # raises where set-up has not been
    return describe(crate.make_library(crate.crate_folder(), _cache()))


def at(path: Path) -> TflmLibrary:
    """Return the library at ``path``, an Arduino library or a tree of TFLM's sources, cut down to TFLM."""
    if is_tree(path):
        return describe(tree.kept_library(path, _cache()))
    return trim(describe(path))


def _cache() -> Path:
    return paths.cache() / "libraries"
