"""The folder that a command writes files for the user into."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from harness.errors import UsageError

FORCE = click.option("--force", is_flag=True, help="Write into a folder that is not empty.")


def require_free(folder: Path, *, force: bool) -> None:
    """Raise ``UsageError`` where the folder holds something and ``force`` does not allow that."""
    if folder.is_dir() and any(folder.iterdir()) and not force:
        msg = f"the folder {folder} is not empty: choose another one, or --force"
        raise UsageError(msg)


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Make the folder; raises ``UsageError`` where it, or what is put into it meanwhile, cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        msg = f"the folder {folder} cannot be written: {error.strerror or error}"
        raise UsageError(msg) from error
