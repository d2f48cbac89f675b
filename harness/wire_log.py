r"""What went over the wire, kept with the run: one text file a case, written as it goes, of bounded size.

A line is ``SECONDS DIRECTION BYTES``: ``>`` to the board, ``<`` from it, ``#`` what happened to the port. Printable
ASCII stands for itself, but ``\`` is ``\\``; ``\r``, ``\n``, ``\t`` and ``\xNN`` are the rest. So it can be read as
it is, and fed to the parser again.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from harness.patience import REAL, Timer
from harness.protocol import Event, LineReader
from harness.session import Direction

LIMIT_BYTES = 1 << 20
"""What the log of one case may take. The oldest half is dropped when it is full, for a fault is at the end."""
_EARLIER = ".earlier"
_TITLE = "# case: "
_ENTRY = re.compile(r" *(\d+\.\d{6}) ([<>#]) (.*)")
_NAMED = {"\\": "\\\\", "\r": "\\r", "\n": "\\n", "\t": "\\t"}
_ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|[\\rnt])")
_MEANT = {b"\\": b"\\", b"r": b"\r", b"n": b"\n", b"t": b"\t"}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Some bytes of the wire, at a time in seconds since the run began or was gone on with."""

    seconds: float
    direction: Direction
    data: bytes

    def __str__(self) -> str:
        return f"{self.seconds:12.6f} {self.direction.value} {escaped(self.data)}"


def escaped(data: bytes) -> str:
    """Return bytes as one line of printable ASCII."""
    return "".join(_NAMED.get(c) or (c if " " <= c <= "~" else f"\\x{ord(c):02x}") for c in data.decode("latin-1"))


def unescaped(text: str) -> bytes:
    """Return the bytes that ``escaped`` was given."""
    raw = text.encode("latin-1", "replace")
    return _ESCAPE.sub(lambda m: _MEANT.get(m[1]) or bytes([int(m[1][1:], 16)]), raw)


class WireLog:
    """The log of one case, which its sessions write to one after the other; without a path it keeps nothing."""

    def __init__(self, path: Path | None, title: str, timer: Timer = REAL, *, began: float | None = None) -> None:
        self._path = path
        self._title = title
        self._timer = timer
        self._began = timer.now() if began is None else began
        self._stream: TextIO | None = None
        self._written = 0
        self._broken = False

    def record(self, direction: Direction, data: bytes) -> None:
        """Write bytes down. A log that cannot be written is given up in silence: it must not end a measurement."""
        if self._broken or self._path is None:
            return
        entry = Entry(seconds=self._timer.now() - self._began, direction=direction, data=data)
        try:
            self._write(self._path, f"{entry}\n")
        except OSError:
            self._broken = True
            self.close()

    def _write(self, path: Path, line: str) -> None:
        if self._stream is not None and self._written + len(line) > LIMIT_BYTES // 2:
            self.close()
            path.replace(_earlier(path))
        if self._stream is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Written line by line, so that whoever kills this process loses none.
            self._stream = path.open("a", encoding="utf-8", buffering=1)
            self._written = self._stream.tell()
            self._written += self._stream.write(f"{_TITLE}{self._title}\n")
        self._written += self._stream.write(line)

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.close()
            self._stream = None


def file_name(title: str) -> str:
    """Return the name of the file for the case ``title``."""
    return "--".join(re.sub(r"[^\w.+-]+", "_", part) for part in title.split(" · ")) + ".log"


def _earlier(path: Path) -> Path:
    return path.with_name(path.name + _EARLIER)


def logs(folder: Path) -> list[tuple[str, list[Entry]]]:
    """Return the logs in a run's folder, by case: its title and what is kept of its wire."""
    return [read(path) for path in sorted(folder.glob("*.log"))]


def read(path: Path) -> tuple[str, list[Entry]]:
    """Return the title and the entries of one log; a line that was cut off is left out."""
    title, entries = path.stem, []
    for part in (_earlier(path), path):
        if not part.is_file():
            continue
        for line in part.read_text(encoding="utf-8", errors="replace").splitlines():
            found = _ENTRY.fullmatch(line)
            if found:
                data = unescaped(found[3])
                entries.append(Entry(seconds=float(found[1]), direction=Direction(found[2]), data=data))
            elif line.startswith(_TITLE):
                title = line.removeprefix(_TITLE)
    return title, entries


def by_line(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Put the pieces of what came together to whole lines, each at the time of its first byte."""
    begun: Entry | None = None
    for entry in entries:
        if entry.direction is not Direction.FROM_BOARD:
            if begun is not None:
                yield begun
                begun = None
            yield entry
            continue
        for piece in re.split(rb"(?<=\n)", entry.data):
            if not piece:
                continue
            seconds, before = (begun.seconds, begun.data) if begun is not None else (entry.seconds, b"")
            begun = Entry(seconds=seconds, direction=entry.direction, data=before + piece)
            if piece.endswith(b"\n"):
                yield begun
                begun = None
    if begun is not None:
        yield begun


def replay(entries: Iterable[Entry]) -> Iterator[Event]:
    """Feed what came from the board to the parser again and yield what it makes of it."""
    reader = LineReader()
    for entry in entries:
        if entry.direction is Direction.FROM_BOARD:
            yield from reader.feed(entry.data)
        elif entry.direction is Direction.NOTE:
            reader = LineReader()  # whenever something happens to the port, a new conversation begins
