"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace(path: Path, content: bytes) -> None:
    """Write a file in place of what was there before, which stays whole where that fails; raises ``OSError``."""
    # Named otherwise than what it is to be: who looks for files like it finds whole ones alone.
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        new.chmod(0o644)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
