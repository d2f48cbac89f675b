"""Programs of ours that virtual boards need, compiled on this machine and kept in the cache."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness import cmd, paths
from harness.errors import MissingError, ToolFailedError

_MAKE_S = 120.0


def made(name: str, digest: str, commands: Callable[[Path], list[list[str]]], what: str) -> Path:
    """Return the file of the cache that ``commands`` make, whole or not at all.

    ``digest`` stands for all that it is made of; ``what`` is its name in a sentence. Raises ``MissingError`` where it
    cannot be made.
    """
    place = paths.cache() / "tools" / f"{name}-{digest}"
    if place.is_file():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=place.parent) as folder:
        new = Path(folder) / "made"
        try:
            for words in commands(new):
                cmd.run(words, timeout=_MAKE_S)
        except ToolFailedError as error:
            msg = f"{what} could not be made: {error.message}"
            raise MissingError(msg) from error
        os.replace(new, place)  # noqa: PTH105 (over what another process may have made meanwhile)
    return place
