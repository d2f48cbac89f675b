"""Text files of one time or one batch of runs a line → numbers. Blank lines and what follows a ``#`` are comments."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import UsageError

_SHOWN = 40
_WHOLE = re.compile(r"[1-9][0-9]{0,11}")
_LEAST, _MOST = 1e-60, 1e60
"""Beyond, third powers leave the range of floating point."""


@dataclass(frozen=True, kw_only=True)
class SampleFile:
    """The times of a file, in the order of its lines and in the unit in which they are written."""

    name: str
    samples: tuple[float, ...]
    step: float
    """The last decimal place that the file writes: 1 for whole numbers; 0 where it writes powers of ten."""


def parse(text: str, name: str) -> SampleFile:
    """Return the times of a file; raises ``UsageError`` that names file and line where one is no time."""
    samples, places = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        word = line.partition("#")[0].strip()
        if word:
            samples.append(_time(word, f"{name}, line {number}"))
            places.append(word)
    if not samples:
        msg = f"{name} holds no time: one number a line is expected"
        raise UsageError(msg)
    return SampleFile(name=name, samples=tuple(samples), step=_step(places))


def parse_batches(text: str, name: str) -> tuple[tuple[int, float], ...]:
    """Return the batches of a file, each a number of runs and the time that they took together.

    Raises ``UsageError`` that names file and line where one is no batch.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if words:
            found.append(_batch(words, f"{name}, line {number}"))
    if not found:
        msg = f"{name} holds no batch: on each line a number of runs and their time are expected"
        raise UsageError(msg)
    return tuple(found)


def _batch(words: Sequence[str], where: str) -> tuple[int, float]:
    if len(words) != 2 or not _WHOLE.fullmatch(words[0]):  # noqa: PLR2004 (a count and a time)
        msg = f"{where}: {' '.join(words)[:_SHOWN]!r} is no batch: a number of runs and their time, such as '8 4312'"
        raise UsageError(msg)
    return int(words[0]), _time(words[1], where)


def _time(word: str, where: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        shown = word if len(word) <= _SHOWN else f"{word[:_SHOWN]}…"
        msg = f"{where}: {shown!r} is no number: one time a line is expected, and comments after a #"
        raise UsageError(msg)
    if value < 0:
        msg = f"{where}: {word} is below 0, and a time cannot be"
        raise UsageError(msg)
    if value and not _LEAST <= value <= _MOST:
        msg = f"{where}: {word} is too {'large' if value > 1 else 'small'} for a time in any unit"
        raise UsageError(msg)
    return value


def _step(words: list[str]) -> float:
    if any("e" in word.lower() for word in words):
        return 0.0
    return float(10.0 ** -max(len(word.partition(".")[2]) for word in words))
