"""The user's own sketch: its files, and a number in the place of ``$alloc_size``. Its folder is never written to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from harness.errors import UsageError
from harness.sketch import NAME, Sketch, digest_of, encoded

PLACEHOLDER = "$alloc_size"
_PLACEHOLDER = re.compile(rb"\$(?:alloc_size(?!\w)|\{alloc_size\})")
_MAIN = f"{NAME}.ino"
_SOURCES = frozenset(
    (".ino", ".c", ".cpp", ".cc", ".cxx", ".h", ".hpp", ".hh", ".hxx", ".ipp", ".tpp", ".inl", ".inc", ".s")
)
_PROJECT_FILES = ("sketch.yaml", "sketch.yml")
"""They would have arduino-cli take a board and libraries of their choice."""
_MOST_BYTES = 256 << 20


@dataclass(frozen=True, kw_only=True)
class OwnSketch:
    """The files of a sketch's folder, by path below it, and which of them is the main one."""

    name: str
    folder: Path
    main: str
    files: Mapping[str, bytes] = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """Digest of all files, with their names."""
        whole = hashlib.sha256(encoded(self.main))
        for name in sorted(self.files):
            whole.update(encoded(f"\0{name}\0{len(self.files[name])}\0") + self.files[name])
        return whole.hexdigest()

    @cached_property
    def has_placeholder(self) -> bool:
        """Whether a source file contains ``$alloc_size`` or ``${alloc_size}``."""
        return any(_is_source(name) and _PLACEHOLDER.search(content) for name, content in self.files.items())

    def with_size(self, size: int) -> Sketch:
        """Return the sketch to build: ``size`` in the place of ``$alloc_size``, any other ``$`` as it is.

        The main file has the name that every sketch is built under.
        """
        number = str(size).encode()
        files = {
            _MAIN if name == self.main else name: _PLACEHOLDER.sub(number, content) if _is_source(name) else content
            for name, content in self.files.items()
        }
        return Sketch(files=files, digest=digest_of(files))


def _is_source(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in _SOURCES


def main_file(folder: str, names: Collection[str], named: str | None) -> str:
    """Return which .ino of a sketch is the main one, of those named ``names`` in the folder called ``folder``.

    It is the one with the folder's name, else the one that the user ``named``, else the only one. Raises
    ``UsageError`` where it cannot be told.
    """
    found = sorted(name for name in names if name.endswith(".ino") and "/" not in name)
    if f"{folder}.ino" in found:
        return f"{folder}.ino"
    if named in found:
        return named
    if len(found) == 1:
        return found[0]
    if not found:
        msg = f"there is no .ino in {folder}: an Arduino sketch is a folder with one"
        raise UsageError(msg)
    msg = f"which .ino in {folder} is the main one ({', '.join(found)})? Name its path, or call it {folder}.ino"
    raise UsageError(msg)


def read(path: Path) -> OwnSketch:
    """Read the sketch in the folder ``path``, or the one that the .ino ``path`` is of.

    Hidden files are left out. Raises ``UsageError`` where there is no sketch or it cannot be read.
    """
    folder, named = _folder(path)
    name = folder.name or "sketch"
    try:
        main = main_file(name, [entry.name for entry in folder.iterdir() if entry.is_file()], named)
        places = {file.relative_to(folder).as_posix(): file for file in _files(folder, ())}
        if sum(file.stat().st_size for file in places.values()) > _MOST_BYTES:
            msg = f"the folder {path} holds more than {_MOST_BYTES >> 20} MB: is it the sketch's own?"
            raise UsageError(msg)
        files = {key: file.read_bytes() for key, file in places.items() if key not in _PROJECT_FILES}
    except OSError as error:
        msg = f"the sketch {path} cannot be read: {error.filename or ''} {error.strerror or error}"
        raise UsageError(msg) from error
    if main != _MAIN and _MAIN in files:
        msg = f"the sketch {path} has a file {_MAIN}, and that is the name it is built under: rename the file"
        raise UsageError(msg)
    return OwnSketch(name=name, folder=folder, main=main, files=files)


def _folder(path: Path) -> tuple[Path, str | None]:
    """Return the sketch's folder, and the .ino that was named."""
    if path.is_dir():
        return path.resolve(), None
    if not path.exists():
        msg = f"there is no sketch {path}: name its folder, or its .ino"
        raise UsageError(msg)
    if path.suffix != ".ino":
        msg = f"{path} is no sketch: name the sketch's folder, or its .ino"
        raise UsageError(msg)
    return path.absolute().parent.resolve(), path.name


def _files(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the files below a folder, those behind links too, but not round in a circle."""
    real = folder.resolve()
    if real in above:
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _files(path, (*above, real))
        elif path.is_file():
            yield path
