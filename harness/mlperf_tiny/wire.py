"""Lines of MLPerf Tiny's protocol → what they say, and commands → bytes. Pure.

A command ends with ``%``. Each is answered by lines that begin with ``m-``, or with ``e-`` where something is wrong;
the last one is ``m-ready``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

READY = "m-ready"
BYTES_AT_ONCE = 31
"""Bytes of one ``db`` command: firmware keeps 80 characters, and not all of them leave room for more."""
_MOST_LINE = 4096
_RESULTS = re.compile(r"m-results-\[([^\]]*)\]")
_TIME = re.compile(r"m-lap-us-(\d+)")
_ERROR = re.compile(r"e-\[?(.*?)\]?")
_NAME = re.compile(r"m-name-[^\[]*\[([^\]]*)\]")
_MODEL = re.compile(r"m-model-\[([^\]]*)\]")
_WRAP_US = 1 << 32


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came between a command and ``m-ready``."""

    lines: tuple[str, ...]

    @property
    def error(self) -> str | None:
        """What was wrong, None where nothing was."""
        return next((found[1] for found in self._matches(_ERROR)), None)

    @property
    def results(self) -> tuple[float, ...] | None:
        """The numbers of the last line of results; None where there is none, or one that is no list of numbers."""
        found = [match[1] for match in self._matches(_RESULTS)]
        try:
            return tuple(float(word) for word in found[-1].split(",") if word.strip()) if found else None
        except ValueError:
            return None

    @property
    def elapsed_s(self) -> float | None:
        """The time between the first and the last time stamp, in seconds, across one wrap of 32 bits."""
        times = [int(match[1]) for match in self._matches(_TIME)]
        return (times[-1] - times[0]) % _WRAP_US * 1e-6 if len(times) > 1 else None

    @property
    def name(self) -> str | None:
        """What the board calls itself."""
        return next((found[1] for found in self._matches(_NAME)), None)

    @property
    def model(self) -> str | None:
        """What the board calls its model."""
        return next((found[1] for found in self._matches(_MODEL)), None)

    def _matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        return (found for line in self.lines if (found := pattern.fullmatch(line)))


def encode(*words: object) -> bytes:
    """Return the bytes of a command."""
    return f"{' '.join(map(str, words))}%".encode("ascii")


def load_commands(data: bytes) -> Iterator[tuple[str, ...]]:
    """Yield the commands that put ``data`` into the board's buffer."""
    yield "db", "load", str(len(data))
    for start in range(0, len(data), BYTES_AT_ONCE):
        yield "db", data[start : start + BYTES_AT_ONCE].hex()


class LineReader:
    """Bytes as they arrive → lines without their ends."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterable[str]:
        """Return the lines that ``data`` completes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-_MOST_LINE:]
        return [line.strip(b"\r\0").decode("ascii", "replace") for line in lines]
