"""Listening to a port behind which no firmware of mcuprof answers: whole lines of text, as they come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from harness.errors import CaseError, CrashedError, HungError, RigError, WrongOutputError
from harness.patience import REAL, Patience, Timer
from harness.session import Direction, Port, Record

BAUD = 115200
YES, NO = "1", "0"
_FAULT = "!fault "
"""What the crash handlers of the virtual boards begin their report with."""
_LONGEST = 1024
_SHOWN = 80


class SaysNoError(WrongOutputError):
    """The sketch says itself that it does not work."""


class Listener:
    """Reads lines from a port. ``trouble`` says what is known to be wrong with the rig."""

    def __init__(
        self,
        port: Port,
        trouble: Callable[[], str | None] = lambda: None,
        *,
        record: Record = lambda direction, data: None,
        timer: Timer = REAL,
    ) -> None:
        self._port = port
        self._trouble = trouble
        self._record = record
        self._timer = timer
        self._rest = b""
        self._lines: deque[str] = deque()
        self._last = ""
        self._received = 0

    def close(self) -> None:
        """Release the port."""
        self._port.close()

    def patience(self, seconds: float) -> Patience:
        """Return a deadline by the timer that this listens by."""
        return Patience(seconds, self._timer)

    def line(self, patience: Patience) -> str | None:
        """Return the next line that is not empty, without its end; None where none comes while ``patience`` lasts.

        Raises ``RigError`` where the port has gone or the rig is in trouble.
        """
        while patience.left() > 0:
            if self._lines:
                self._last = self._lines.popleft()
                return self._last
            data = self._port.read()
            if data:
                self._take(data)
                continue
            trouble = self._trouble()
            if trouble is not None:
                raise RigError(trouble)
        return None

    def _take(self, data: bytes) -> None:
        self._record(Direction.FROM_BOARD, data)
        self._received += len(data)
        *whole, rest = (self._rest + data).split(b"\n")
        self._lines.extend(text for text in map(_text, whole) if text)
        self._rest = rest[-_LONGEST:]

    @property
    def unfinished(self) -> str:
        """The line that has begun and not ended."""
        return _text(self._rest)

    def heard(self) -> str | None:
        """Return the last of what came, in quotes and not too long; None where nothing came."""
        if not self._received:
            return None
        return repr((self.unfinished or self._last)[-_SHOWN:])


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").strip("\r\n\t\0 ")


def crash(line: str) -> CrashedError | None:
    """Return the error for a line in which a board tells that it has crashed, or None."""
    _, found, text = line.partition(_FAULT)
    return CrashedError(f"it crashed: {text}") if found else None


def wait_for_yes(listener: Listener, seconds: float) -> CaseError | None:
    """Return None once the sketch has printed the line ``1``, or what it did instead within ``seconds``.

    ``0`` and a crash end the waiting. Raises ``RigError``, which says nothing about the sketch.
    """
    patience = listener.patience(seconds)
    while (line := listener.line(patience)) is not None:
        if line == YES:
            return None
        if line == NO:
            return SaysNoError("it printed 0")
        crashed = crash(line)
        if crashed is not None:
            return crashed
    if listener.unfinished == YES:
        return None  # printed without the end of a line
    heard = listener.heard()
    if heard is None:
        return HungError(f"it printed nothing within {seconds:g} s")
    return WrongOutputError(f"it printed no line 1 within {seconds:g} s; the last was {heard}")
