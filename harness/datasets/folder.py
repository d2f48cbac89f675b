"""Folders with one folder a class in them, of images or of ``.wav`` files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.datasets import Wanted, images, speech
from harness.datasets.values import Form
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.models import Array

_MOST_FILES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A data set of one file a sample; see ``harness.datasets.Dataset``."""

    path: Path
    source: str
    form: Form
    labels: Array | None
    classes: tuple[str, ...]
    files: tuple[Path, ...]
    read_file: Callable[[Path], Array]
    windows: int = 1

    @property
    def count(self) -> int:
        """How many files it has."""
        return len(self.files)

    def read(self, indices: Sequence[int]) -> Iterator[Array]:
        """Yield samples, shaped (1, elements)."""
        for index in indices:
            yield self.read_file(self.files[index]).reshape(1, -1)


def open_folder(path: Path, wanted: Wanted) -> Folder:
    """Return the data set in a folder; raises ``UsageError`` where it holds none, or none that fits."""
    import numpy as np

    by_class = {name: _files(folder) for name, folder in _folders(path).items()}
    suffixes = {file.suffix.lower() for files in by_class.values() for file in files}
    kinds = [kind for kind in (images, speech) if suffixes & kind.SUFFIXES]
    if len(kinds) != 1:
        what = "both images and .wav files" if kinds else "neither images nor .wav files"
        msg = f"{path} holds {what}: one folder a class is expected in it, with the samples of that class"
        raise UsageError(msg)
    kind = kinds[0]
    kind.require(path, wanted)
    classes = _order(by_class, wanted)
    files = {name: [file for file in by_class[name] if file.suffix.lower() in kind.SUFFIXES] for name in by_class}
    empty = [name for name, found in files.items() if not found]
    if empty:
        msg = f"{path}: the folder {empty[0]} holds no {kind.WHAT}"
        raise UsageError(msg)
    pairs = [(file, classes.index(name)) for name in classes if name in files for file in files[name]]
    return Folder(
        path=path,
        source=f"{len(pairs):,} {kind.WHAT} in {len(files)} folders of {path.name}, {kind.MADE}",
        form=kind.FORM,
        labels=np.array([label for _, label in pairs], np.int64),
        classes=classes,
        files=tuple(file for file, _ in pairs),
        read_file=partial(kind.read, wanted=wanted),
    )


def _folders(path: Path) -> dict[str, Path]:
    try:
        found = {each.name: each for each in sorted(path.iterdir()) if each.is_dir() and each.name[0] not in "._"}
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise UsageError(msg) from error
    if not found:
        msg = f"{path} is no data set: one folder a class is expected in it"
        raise UsageError(msg)
    return found


def _files(folder: Path) -> list[Path]:
    found = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    if len(found) > _MOST_FILES:
        msg = f"{folder} holds more than {_MOST_FILES:,} files"
        raise UsageError(msg)
    return found


def _order(by_class: dict[str, list[Path]], wanted: Wanted) -> tuple[str, ...]:
    """Return the classes in the order of the model's outputs: by its own labels where it has them, else by name."""
    return wanted.labels if set(by_class) <= set(wanted.labels) else tuple(sorted(by_class))
