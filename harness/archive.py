"""Zip files: the same bytes for the same contents."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

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
