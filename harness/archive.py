"""Zip files: the same bytes for the same contents, and written whole or not at all."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from harness.errors import UsageError

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time stamp of every file, for the real ones would make equal contents unequal files."""


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return a zip file: the same bytes for the same contents."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, on whatever system
            entry.external_attr = 0o644 << 16
            target.writestr(entry, files[name])
    return out.getvalue()


def write(path: Path, content: bytes) -> None:
    """Write the zip whole or not at all; raises ``UsageError`` where it cannot be written."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=".zip", dir=path.resolve().parent)
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}"
        raise UsageError(msg) from error
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        new.chmod(0o644)
        new.replace(path)
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}"
        raise UsageError(msg) from error
    finally:
        new.unlink(missing_ok=True)
