"""The set-up that needs nothing but Python: arduino-cli and the TFLM sources, found or made.

The system's packages and the virtual environment come before it: that is the script ``dev`` of a checkout.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from harness import paths
from harness.errors import MissingError
from harness.setup import arduino_cli, tflm_sources
from harness.setup.arduino_cli import ArduinoCli, find_arduino_cli
from harness.setup.doctor import Check, checks
from harness.tflm.library import installed

__all__ = ["ArduinoCli", "Check", "alone", "checks", "ensure_all", "ensure_arduino_cli", "find_arduino_cli"]

Say = Callable[[str], None]


def ensure_all(say: Say) -> None:
    """Get what is missing of arduino-cli and the TFLM sources; nothing is done or written when both are there.

    The sources are not needed where a TFLM library is installed. ``say`` is called with one line before each step
    that does work. Raises ``MissingError`` where a step cannot be done.
    """
    _ensure([arduino_cli] if installed() else [arduino_cli, tflm_sources], say)


def ensure_arduino_cli(say: Say) -> None:
    """Get arduino-cli where it is missing, as ``ensure_all`` does."""
    _ensure([arduino_cli], say)


def _ensure(steps: Sequence[ModuleType], say: Say) -> None:
    if all(step.is_ready() for step in steps):
        return
    with alone(say) as work:
        for step in steps:
            if not step.is_ready():  # another set-up may have done it while this one waited
                step.make(say, work)


@contextmanager
def alone(say: Say) -> Iterator[Path]:
    """Hold the lock of all set-ups in this home and yield an empty folder for things half done.

    Raises ``MissingError`` where something cannot be written.
    """
    try:
        with _locked(say) as work:
            yield work
    except OSError as error:
        what = error.filename or paths.home()
        msg = (
            f"set-up could not write {what}: {error.strerror or error}; "
            f"give it room, or set MCUPROF_HOME and MCUPROF_CACHE to folders that it may write to"
        )
        raise MissingError(msg) from error


@contextmanager
def _locked(say: Say) -> Iterator[Path]:
    import filelock

    home = paths.home()
    home.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(home / "setup.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        say("another set-up is at work; waiting for it")
        lock.acquire()
    work = home / "work"
    try:
        shutil.rmtree(work, ignore_errors=True)  # what an interrupted set-up left
        work.mkdir()
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        lock.release()
