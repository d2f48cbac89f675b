"""``.csv`` files: a sample a line, its numbers in the order of the input, and its label in a column of its own."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from harness.datasets import Wanted
from harness.datasets.values import Form
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.models import Array

_LABEL_NAMES = ("label", "class", "target", "y")
_SAYS_LABEL = frozenset(_LABEL_NAMES) - {"y"}
"""Names of the column that are hardly those of a class."""
_MOST_LINE = 1 << 24
_SHOWN = 40


@dataclass(frozen=True, kw_only=True)
class Table:
    """A data set in a ``.csv``; see ``harness.datasets.Dataset``."""

    path: Path
    source: str
    count: int
    labels: Array | None
    classes: tuple[str, ...]
    has_header: bool
    label_at: int | None
    form: Form = Form.REAL
    windows: int = 1

    def read(self, indices: Sequence[int]) -> Iterator[Array]:
        """Yield samples, shaped (1, elements), float64."""
        import numpy as np

        wanted = iter(indices)
        following = next(wanted, None)
        for index, (number, row) in enumerate(_rows(self.path, skip=self.has_header)):
            if index != following:
                continue
            features = [word for at, word in enumerate(row) if at != self.label_at]
            numbers = np.array([_number(word, self.path, number) for word in features], np.float64)
            yield numbers.reshape(1, -1)
            following = next(wanted, None)
            if following is None:
                return


def open_table(path: Path, wanted: Wanted) -> Table:
    """Return the data set in a ``.csv``; raises ``UsageError`` where it is none, or none that fits.

    The first line may name the columns. The label is the column called label, class, target or y, else the last where
    there is one more than the model takes.
    """
    first, second = ([*(row for _, row in islice(_rows(path), 2)), [], []])[:2]
    if not first:
        msg = f"{path}: there are no samples in it"
        raise UsageError(msg)
    has_header = _is_header(first, second)
    label_at = _label_column(path, first if has_header else [""] * len(first), wanted)
    words: list[tuple[int, str]] = []
    count = 0
    for number, row in _rows(path, skip=has_header):
        if len(row) != len(first):
            msg = f"{path}, line {number}: {len(row)} columns, and the first line has {len(first)}"
            raise UsageError(msg)
        count += 1
        if label_at is not None:
            words.append((number, row[label_at].strip()))
    if not count:
        msg = f"{path}: there are no samples in it"
        raise UsageError(msg)
    labels, classes = _labels(words, path, wanted) if label_at is not None else (None, ())
    return Table(
        path=path,
        source=f"{count:,} lines of {path.name}",
        count=count,
        labels=labels,
        classes=classes,
        has_header=has_header,
        label_at=label_at,
    )


def _is_header(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether the first line names the columns: by words among the numbers, or above the labels.

    What is empty is no name, but a value that is missing.
    """
    if any(word.strip() and not _is_number(word) for word in first[:-1]):
        return True
    if not first[-1].strip() or _is_number(first[-1]):
        return False
    # The columns of numbers may be named by numbers. Then the last name stands above a number, or says "label".
    return len(first) == 1 or _is_number(second[-1] if second else "") or first[-1].strip().lower() in _SAYS_LABEL


def _label_column(path: Path, names: Sequence[str], wanted: Wanted) -> int | None:
    if len(names) == wanted.elements:
        return None
    if len(names) != wanted.elements + 1:
        msg = (
            f"{path} has {len(names)} columns, the model takes {wanted.tensor.dtype} {list(wanted.tensor.shape)}: "
            f"{wanted.elements} numbers, and one column more for the label"
        )
        raise UsageError(msg)
    known = [at for at, name in enumerate(names) if name.strip().lower() in _LABEL_NAMES]
    return known[0] if len(known) == 1 else len(names) - 1


def _labels(found: Sequence[tuple[int, str]], path: Path, wanted: Wanted) -> tuple[Array, tuple[str, ...]]:
    """Return numbers as they are, and names as the numbers of their classes; ``found`` has lines and words.

    Raises ``UsageError`` where a label is missing, and where some are numbers and others names: a placeholder for a
    missing one would count as a class, and change the numbers of the others.
    """
    import numpy as np

    words = [word for _, word in found]
    missing = next((line for line, word in found if not word), None)
    if missing is not None:
        msg = f"{path}, line {missing}: there is no label"
        raise UsageError(msg)
    are_numbers = [_is_number(word) for word in words]
    if any(are_numbers) and not all(are_numbers) and not set(words) <= set(wanted.labels):
        line, word = found[are_numbers.index(False)]
        msg = f"{path}, line {line}: the label {word[:_SHOWN]!r} is a name, and others are numbers: use one"
        raise UsageError(msg)
    if all(are_numbers):
        numbers = np.array([float(word) for word in words])
        whole = bool(np.isfinite(numbers).all()) and not (numbers % 1).any() and np.abs(numbers).max() < 1 << 31
        return (numbers.astype(np.int64) if whole else numbers), ()
    names = set(words)
    classes = wanted.labels if names <= set(wanted.labels) else tuple(sorted(names))
    place = {name: number for number, name in enumerate(classes)}
    return np.array([place[word] for word in words], np.int64), classes


def _rows(path: Path, *, skip: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that are not empty, cut into words, with their numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(_lines(stream, path))
            for row in reader:
                if not any(word.strip() for word in row):
                    continue
                if skip:
                    skip = False
                    continue
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path} is no .csv that can be read: {error}"
        raise UsageError(msg) from error


def _lines(stream: TextIO, path: Path) -> Iterator[str]:
    while line := stream.readline(_MOST_LINE):
        if len(line) == _MOST_LINE:
            msg = f"{path}: a line has more than {_MOST_LINE:,} characters"
            raise UsageError(msg)
        yield line


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _number(word: str, path: Path, line: int) -> float:
    value = float(word) if _is_number(word) else math.nan
    if not math.isfinite(value):
        msg = f"{path}, line {line}: {word.strip()[:_SHOWN]!r} is no finite number"
        raise UsageError(msg)
    return value
