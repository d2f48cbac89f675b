"""``.npz`` files with ``x_data`` and ``y_data``, read row by row: the file may be larger than memory.

Nothing in them is ever unpickled, and an archive that would unpack to far more than it holds is refused.
"""

from __future__ import annotations

import contextlib
import math
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from harness.datasets import Wanted
from harness.datasets.values import Form
from harness.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from harness.models import Array

_BOMB_BYTES = 1 << 26
_BOMB_RATIO = 300
"""An array of more bytes than that, so many times larger than what is stored of it, is no data set."""
_MOST_LABEL_BYTES = 1 << 28
_DAMAGE = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, NotImplementedError)
"""What zipfile and numpy throw for files that are damaged, encrypted or packed in a way that they do not know."""


@dataclass(frozen=True, kw_only=True)
class _Member:
    """An array of the archive, not yet read."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    offset: int
    """Of its first element in the unpacked member, in bytes."""

    @property
    def row_bytes(self) -> int:
        return math.prod(self.shape[1:]) * self.dtype.itemsize


@dataclass(frozen=True, kw_only=True)
class Npz:
    """A data set in an ``.npz``; see ``harness.datasets.Dataset``."""

    path: Path
    source: str
    count: int
    form: Form
    labels: Array | None
    windows: int
    elements: int
    member: _Member
    classes: tuple[str, ...] = ()

    def read(self, indices: Sequence[int]) -> Iterator[Array]:
        """Yield samples, shaped (windows, elements)."""
        import numpy as np

        with _telling(self.path), zipfile.ZipFile(self.path) as archive, _stream(archive, self.member.name) as stream:
            for index in indices:
                stream.seek(self.member.offset + index * self.member.row_bytes)
                raw = _exactly(stream, self.member.row_bytes)
                found = np.frombuffer(raw, self.member.dtype).reshape(self.windows, self.elements)
                if found.dtype.kind == "f" and not (np.abs(found) <= np.finfo(np.float32).max).all():
                    msg = f"{self.path}: sample {index} of x_data holds NaN or infinity, as float32"
                    raise UsageError(msg)
                yield found


def open_npz(path: Path, wanted: Wanted) -> Npz:
    """Return the data set in an ``.npz``; raises ``UsageError`` where it is none, or none that fits."""
    with _telling(path), zipfile.ZipFile(path) as archive:
        member = _describe(archive, "x_data")
        labels = _labels(archive) if "y_data.npy" in archive.namelist() else None
    if not member.shape or not member.shape[0]:
        msg = f"{path}: x_data holds no samples"
        raise UsageError(msg)
    if labels is not None and len(labels) != member.shape[0]:
        msg = f"{path}: x_data holds {member.shape[0]:,} samples and y_data {len(labels):,} labels"
        raise UsageError(msg)
    windows, form = _fitting(path, member, wanted)
    of = "" if windows == 1 else f", {windows} inputs a sample"
    how = ", quantized here" if form is Form.REAL and not wanted.tensor.dtype.startswith("float") else ""
    return Npz(
        path=path,
        source=f"x_data of {path.name}{of}{how}",
        count=member.shape[0],
        form=form,
        labels=labels,
        windows=windows,
        elements=wanted.elements,
        member=member,
    )


def _fitting(path: Path, member: _Member, wanted: Wanted) -> tuple[int, Form]:
    """Return how many inputs a sample is, and what its values are."""
    tensor, size = wanted.tensor, math.prod(member.shape[1:])
    several = size > wanted.elements and size == member.shape[1] * wanted.elements
    windows = member.shape[1] if several else 1
    stored = member.dtype == tensor.dtype
    real = member.dtype.kind == "f"
    if size != windows * wanted.elements or not (stored or real):
        hint = ""
        if size == windows * wanted.elements:
            hint = "; real numbers (float32) are quantized by the model's scale, integers have to be of its own type"
        msg = (
            f"{path}: x_data holds {member.dtype} {list(member.shape[1:])} items, the model takes "
            f"{tensor.dtype} {list(tensor.shape)}{hint}"
        )
        raise UsageError(msg)
    _require_order(path, member.shape[2:] if several else member.shape[1:], tensor.shape)
    return windows, Form.STORED if stored else Form.REAL


def _require_order(path: Path, stored: Sequence[int], taken: Sequence[int]) -> None:
    """Raise ``UsageError`` where the axes of the samples stand in another order than those of the input."""
    have, want = ([size for size in shape if size > 1] for shape in (stored, taken))
    if have != want and sorted(have) == sorted(want):
        msg = (
            f"{path}: x_data holds items of {list(stored)}, and the model takes {list(taken)}: put the axes into "
            "that order (of pictures the channels stand last)"
        )
        raise UsageError(msg)


def _labels(archive: zipfile.ZipFile) -> Array:
    import numpy as np

    member = _describe(archive, "y_data")
    if not member.shape or member.dtype.kind not in "iufb":
        msg = f"y_data is {member.dtype} {list(member.shape)}; one number or one row of numbers a sample is needed"
        raise ValueError(msg)
    size = math.prod(member.shape) * member.dtype.itemsize
    if size > _MOST_LABEL_BYTES:
        msg = f"y_data has {size:,} bytes: more than labels are"
        raise ValueError(msg)
    with _stream(archive, member.name) as stream:
        stream.seek(member.offset)
        return np.frombuffer(_exactly(stream, size), member.dtype).reshape(member.shape)


def _describe(archive: zipfile.ZipFile, name: str) -> _Member:
    """Read the header of an array; raises ``ValueError`` for what is no plain array, or a zip bomb."""
    from numpy.lib import format as npy

    if f"{name}.npy" not in archive.namelist():
        msg = f"an .npz with the array {name} is needed; it has {', '.join(archive.namelist()[:5]) or 'nothing'}"
        raise ValueError(msg)
    info = archive.getinfo(f"{name}.npy")
    if info.file_size > _BOMB_BYTES and info.file_size > _BOMB_RATIO * info.compress_size:
        msg = (
            f"{name} would unpack from {info.compress_size:,} to {info.file_size:,} bytes: a zip bomb, not a data set"
        )
        raise ValueError(msg)
    with archive.open(info) as stream:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(stream)
        offset = stream.tell()
    if dtype.hasobject:
        msg = f"{name} holds pickled Python objects, which are never loaded; store numbers"
        raise ValueError(msg)
    if dtype.kind not in "iufb" or (fortran and len(shape) > 1):
        msg = (
            f"{name} is {'stored by columns' if fortran else f'of {dtype}'}; plain numbers, row after row, are needed"
        )
        raise ValueError(msg)
    if math.prod(shape) * dtype.itemsize != info.file_size - offset:
        msg = f"{name} says that it is {dtype} {list(shape)}, and has {info.file_size - offset:,} bytes"
        raise ValueError(msg)
    return _Member(name=name, shape=tuple(shape), dtype=dtype, offset=offset)


def _stream(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    return archive.open(f"{name}.npy")


def _exactly(stream: IO[bytes], count: int) -> bytes:
    raw = stream.read(count)
    if len(raw) != count:
        msg = f"it ends {count - len(raw):,} bytes too early"
        raise EOFError(msg)
    return raw


@contextlib.contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Turn what the readers throw into a ``UsageError`` that names the file."""
    try:
        yield
    except UsageError:
        raise
    except _DAMAGE as error:
        said = error.args[0] if isinstance(error, KeyError) and error.args else error
        msg = f"{path} is not a test set: {said or type(error).__name__}"
        raise UsageError(msg) from error
