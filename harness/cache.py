"""Everything that can be made again: builds, shared objects, reference outputs. The oldest is dropped first."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock

from harness import paths
from harness.errors import McuprofError, UsageError

KINDS = ("builds", "lanes", "arduino", "libraries", "tflm", "reference", "compiled", "converted", "arena", "logs")
_USERS = "users"
"""Folder with a lock file for each process that works with the caches."""
_GATE = "gate"
"""File that is locked while somebody begins to work with the caches, and while entries are dropped."""


def touch(path: Path) -> None:
    """Note that an entry is used now; the one that has not been for longest is dropped first."""
    with contextlib.suppress(OSError):  # a cache that may only be read is good enough to read from
        os.utime(path)


@contextlib.contextmanager
def in_use() -> Iterator[None]:
    """Keep the caches as they are while this process works with them: nothing is dropped meanwhile.

    The kernel lets go of the lock however the process ends. Raises ``McuprofError`` where they cannot be written.
    """
    # Two containers that share the caches may both have a process of this number.
    name = f"{os.getpid()}-{secrets.token_hex(4)}.lock"
    with _locked(_GATE):
        held = _locked(f"{_USERS}/{name}")
    with held as lock:
        try:
            yield
        finally:
            Path(lock.lock_file).unlink(missing_ok=True)


@contextlib.contextmanager
def idle() -> Iterator[None]:
    """Let nobody begin to work with the caches; raises ``UsageError`` where a process does."""
    with _locked(_GATE):
        _require_no_user()
        yield


def _locked(name: str) -> contextlib.AbstractContextManager[filelock.BaseFileLock]:
    """Return the lock of a file in the cache, held until it is left; raises ``McuprofError``."""
    path = paths.cache() / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return filelock.FileLock(path, thread_local=False).acquire()
    except OSError as error:
        msg = (
            f"the cache folder {paths.cache()} cannot be written ({error.strerror}); MCUPROF_CACHE names another one"
        )
        raise McuprofError(msg) from error


def _require_no_user() -> None:
    for path in (paths.cache() / _USERS).glob("*.lock"):
        lock = filelock.FileLock(path, timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            process = path.stem.partition("-")[0]
            msg = f"mcuprof is at work with these caches (process {process}): wait for it, or end it"
            raise UsageError(msg) from None
        path.unlink(missing_ok=True)  # of a process that was killed
        lock.release()


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
