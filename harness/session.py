"""The one place that opens serial ports: requests to the profiling firmware and their answers.

Deadlines are on the monotonic clock. What a request means for a measurement is not decided here: a rig's fault
raises ``RigError``, a board that began and did not finish ``HungError``, one that crashed ``CrashedError``, one that
answers "fail" ``RequestFailed``.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

import serial

from harness.errors import CrashedError, HungError, RigError
from harness.protocol import Answer, Damaged, Event, Fault, Kind, LineReader, Text, encode, fields

_POLL_S = 0.02
_REPEAT_S = 0.5
_AFTER_DAMAGE_S = 0.05
"""Noise may damage many lines at once: the request is sent again once it has passed, not once a line."""
_HELLO_REPEAT_S = 0.05
_HELLO_REPEAT_MAX_S = 1.0
_ANSWER_S = 5.0
"""How long a request that needs no work may take to be answered."""


class RequestFailed(Exception):  # noqa: N818 (the firmware's word for it is "fail")
    """The firmware refused a request or failed at it; the message is its own."""


class Port(Protocol):
    """A byte stream to a board: a serial port, or a fake one."""

    def read(self) -> bytes:
        """Return what has arrived, waiting a few hundredths of a second at most."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes."""
        ...

    def close(self) -> None:
        """Release the port."""
        ...


class SerialPort:
    """A tty opened through pyserial, for this process alone."""

    def __init__(self, path: str, baud: int) -> None:
        self._path = path
        try:
            self._serial = serial.Serial(path, baud, timeout=_POLL_S, write_timeout=5, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            raise RigError(_why_not_open(path, error)) from error

    def read(self) -> bytes:
        """Return what has arrived; raises ``RigError`` when the port has gone."""
        try:
            data: bytes = self._serial.read(1)
            return data + self._serial.read(self._serial.in_waiting) if data else data
        except (serial.SerialException, OSError) as error:
            msg = f"the port {self._path} vanished while it was read ({error})"
            raise RigError(msg) from error

    def write(self, data: bytes) -> None:
        """Send bytes; raises ``RigError`` when the port has gone or takes nothing."""
        try:
            self._serial.write(data)
        except serial.SerialTimeoutException as error:
            msg = f"the port {self._path} takes no more bytes: the board does not read"
            raise RigError(msg) from error
        except (serial.SerialException, OSError) as error:
            msg = f"the port {self._path} vanished while it was written ({error})"
            raise RigError(msg) from error

    def close(self) -> None:
        """Release the port."""
        with contextlib.suppress(serial.SerialException, OSError):
            self._serial.close()


def _why_not_open(path: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if "exclusively lock" in str(error) or number in (errno.EBUSY, errno.EAGAIN):
        return f"the port {path} is in use by another program: close it (a serial monitor? another mcuprof?)"
    if number == errno.EACCES:
        return f"the port {path} may not be opened: add yourself to the group that owns it (often dialout)"
    if number == errno.ENOENT:
        return f"the port {path} is not there: is the board attached?"
    return f"the port {path} cannot be opened: {error}"


class Session:
    """A conversation with the firmware on one board, from one hello to the next reset."""

    def __init__(self, port: Port, trouble: Callable[[], str | None] = lambda: None) -> None:
        self._port = port
        self._trouble = trouble
        self._reader = LineReader()
        self._events: deque[Event] = deque()
        self._nonces = itertools.count(int(time.monotonic_ns()) & 0xFFFF)
        self._sequence = 0
        self._received = 0
        self.said: deque[str] = deque(maxlen=20)
        """What the board printed outside the protocol since the last hello: a library's error messages."""
        self.repeats = 0
        """How many requests had to be sent again."""

    def close(self) -> None:
        """Release the port."""
        self._port.close()

    def hello(self, deadline_s: float) -> dict[str, list[str]]:
        """Ping until the firmware answers, and return what it says of itself.

        What it said before is dropped. Raises ``RigError`` when nothing that answers is there.
        """
        self._sequence = 0
        self.said.clear()
        repeat = _HELLO_REPEAT_S
        end = time.monotonic() + deadline_s
        faults: list[str] = []
        while time.monotonic() < end:
            nonce = self._send("hello")
            until = min(end, time.monotonic() + repeat)
            for event in self._until(until):
                if isinstance(event, Answer) and event.nonce == nonce and event.kind is Kind.DONE:
                    found = fields(event.text)
                    if "protocol" not in found:
                        break  # the nonce happened to be that of an earlier session's last request: the next is not
                    self._sequence = event.sequence
                    return found
                if isinstance(event, Fault):
                    faults.append(event.text)
            repeat = min(repeat * 1.5, _HELLO_REPEAT_MAX_S)
        if faults:
            msg = f"the board crashes when it starts: {faults[-1]}"
            raise CrashedError(msg)
        raise RigError(self._silence(deadline_s))

    def request(self, verb: str, *arguments: object, deadline_s: float = _ANSWER_S) -> dict[str, list[str]]:
        """Send a request, see it through to its final answer, and return that answer's fields.

        Raises ``RequestFailed``, ``HungError``, ``CrashedError`` or ``RigError``.
        """
        nonce = self._send(verb, *arguments)
        line = encode(nonce, verb, *arguments)
        end = time.monotonic() + deadline_s
        begun = False
        while time.monotonic() < end:
            repeat_at = time.monotonic() + (_REPEAT_S * 4 if begun else _REPEAT_S)
            for event in self._until(end):
                if isinstance(event, Damaged) or (isinstance(event, Answer) and event.kind is Kind.DAMAGED):
                    repeat_at = min(repeat_at, time.monotonic() + _AFTER_DAMAGE_S)
                elif isinstance(event, Answer) and event.nonce == nonce:
                    if event.kind is Kind.FAIL:
                        raise RequestFailed(event.text)
                    if event.kind is Kind.DONE:
                        return fields(event.text)
                    begun = True
                    repeat_at = time.monotonic() + _REPEAT_S * 4
                if time.monotonic() >= repeat_at:
                    break
            self.repeats += 1
            self._write(line)
        if begun:
            msg = f"the board began {verb!r} and did not finish it within {deadline_s:.3g} s"
            raise HungError(msg)
        raise RigError(f"the board stopped answering at {verb!r}: " + self._silence(deadline_s))

    def _silence(self, deadline_s: float) -> str:
        if self._received == 0:
            return f"nothing came from the board within {deadline_s:.3g} s"
        shown = next((text for text in reversed(self.said) if text), "")
        what = f"the last readable line was {shown[:80]!r}" if shown else "none of it readable"
        return f"within {deadline_s:.3g} s it sent {self._received} bytes that answer nothing; {what}"

    def _send(self, verb: str, *arguments: object) -> str:
        nonce = f"{next(self._nonces) & 0xFFFF:04x}"
        self._write(encode(nonce, verb, *arguments))
        return nonce

    def _write(self, line: bytes) -> None:
        self._port.write(line)

    def _until(self, end: float) -> Iterator[Event | None]:
        """Yield events as they come up to the moment ``end``, and None whenever nothing came for a moment.

        A fault or a reset in between raises ``CrashedError``, trouble with the rig ``RigError``.
        """
        while time.monotonic() < end:
            while self._events:
                event = self._events.popleft()
                self._note(event)
                yield event
            data = self._port.read()
            if data:
                self._received += len(data)
                self._events.extend(self._reader.feed(data))
            else:
                trouble = self._trouble()
                if trouble is not None:
                    raise RigError(trouble)
                yield None

    def _note(self, event: Event) -> None:
        if isinstance(event, Text):
            self.said.append(event.text)
        talking = self._sequence > 0
        if isinstance(event, Fault) and talking:
            reason = f" ({self.said[-1]})" if self.said else ""
            msg = f"the board crashed: {event.text}{reason}"
            raise CrashedError(msg)
        if isinstance(event, Answer) and talking:
            if event.sequence <= self._sequence:
                msg = "the board reset by itself: its line numbers began anew"
                raise CrashedError(msg)
            self._sequence = event.sequence
