"""Everything that can be made again: builds, shared objects, reference outputs. The oldest is dropped first."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import filelock

from harness import paths

KINDS = ("builds", "lanes", "arduino", "libraries", "tflm", "reference", "compiled", "arena", "logs")


def touch(path: Path) -> None:
    """Note that an entry is used now; the one that has not been for longest is dropped first."""
    with contextlib.suppress(OSError):  # a cache that may only be read is good enough to read from
        os.utime(path)


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    total = 0
    for inner in path.rglob("*"):
        with contextlib.suppress(OSError):
            total += inner.lstat().st_size
    return total


def sizes() -> dict[str, int]:
    """Return the bytes in each kind of cache."""
    return {kind: _size(paths.cache() / kind) for kind in KINDS if (paths.cache() / kind).exists()}


def shrink(limit: int) -> int:
    """Drop the entries that have not been used for longest until ``limit`` bytes are left; return what was freed."""
    entries = []
    for kind in KINDS:
        folder = paths.cache() / kind
        for path in folder.iterdir() if folder.is_dir() else ():
            with contextlib.suppress(OSError):
                entries.append((path.stat().st_mtime, _size(path), path))
    left = sum(size for _, size, _ in entries)
    freed = 0
    for _, size, path in sorted(entries):
        if left <= limit:
            break
        if _drop(path):
            left -= size
            freed += size
    return freed


def _drop(path: Path) -> bool:
    """Remove an entry, but for a build folder that is in use."""
    if path.is_file():
        path.unlink(missing_ok=True)
        return True
    lock = filelock.FileLock(path / "lock") if (path / "lock").exists() else contextlib.nullcontext()
    try:
        if isinstance(lock, filelock.BaseFileLock):
            lock.acquire(timeout=0)
    except filelock.Timeout:
        return False
    shutil.rmtree(path, ignore_errors=True)
    if isinstance(lock, filelock.BaseFileLock):
        lock.release()
    return True
