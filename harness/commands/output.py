"""The folder or the file that a command writes for the user."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from harness import whole_file
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


def require_folder(path: Path) -> None:
    """Raise ``UsageError`` where the folder of the file is not there."""
    if not path.absolute().parent.is_dir():
        msg = f"the file {path} cannot be written: there is no folder {path.absolute().parent}"
        raise UsageError(msg)


def require_absent(path: Path, *, force: bool) -> None:
    """Raise ``UsageError`` where the file is there and ``force`` does not allow that, or its folder is not there."""
    require_folder(path)
    if path.is_file() and not force:
        msg = f"the file {path} is there already: choose another one, or --force"
        raise UsageError(msg)


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, over one that is there; raises ``UsageError`` where it cannot be written."""
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)  # a device or a pipe is written to, never replaced
        else:
            whole_file.replace(path.resolve(), content)
    except OSError as error:
        msg = f"the file {path} cannot be written: {error.strerror or error}"
        raise UsageError(msg) from error
