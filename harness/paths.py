"""Where things are: the data that comes with mcuprof, and the folders that it writes to.

The data folders stand at the top of a checkout, and inside the package in a wheel.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

PACKAGE = Path(__file__).resolve().parent


def expand(text: str) -> Path:
    """Return a path with a leading ``~`` put in full, where there is such a user."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def data_dir() -> Path:
    """Return the folder that holds ``boards``, ``sketch_templates`` and ``models``."""
    packed = PACKAGE / "data"
    return packed if packed.is_dir() else PACKAGE.parent


def checkout() -> Path | None:
    """Return the checkout that mcuprof runs from, or None when it runs from a wheel."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "sketch_templates").is_dir() else None


def home() -> Path:
    """Return the folder of what set-up installed (arduino-cli, TFLM, cores): ``MCUPROF_HOME`` or the user's."""
    value = os.environ.get("MCUPROF_HOME")
    return expand(value) if value else platformdirs.user_data_path("mcuprof")


def sketchbook() -> Path:
    """Return mcuprof's own sketchbook, which holds the TFLM library that set-up installed, if any."""
    return home() / "sketchbook"


def cache() -> Path:
    """Return the folder of everything that can be made again: ``MCUPROF_CACHE`` or the user's."""
    value = os.environ.get("MCUPROF_CACHE")
    return expand(value) if value else platformdirs.user_cache_path("mcuprof")
