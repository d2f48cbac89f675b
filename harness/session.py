"""Requests to the profiling firmware and their answers, over a port that may lose, spoil or drop what it carries.

Deadlines are ``harness.patience``'s. What a request means for a measurement is not decided here: a rig's fault
raises ``RigError`` (``PortGoneError`` where the port itself went), a board that began and did not finish
``HungError``, one that crashed ``CrashedError``, one that answers "fail" ``RequestFailed``.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from harness.errors import CrashedError, HungError, PortGoneError, RigError
from harness.patience import REAL, Patience, Timer
from harness.protocol import Answer, Damaged, Event, Fault, Kind, LineReader, Text, encode, fields

if TYPE_CHECKING:
    from harness.trace import Trace

_REPEAT_S = 0.5
_AFTER_DAMAGE_S = 0.05
"""Noise may damage many lines at once: the request is sent again once it has passed, not once a line."""
_HELLO_REPEAT_S = 0.05
_HELLO_REPEAT_MAX_S = 1.0
_NO_NONCE = "-"
"""In an answer to a request that came damaged."""
ANSWER_S = 5.0
"""How long a request that needs no work may take to be answered."""
_BEFORE_REOPEN_S = 0.2
"""A port that has just gone is often listed a moment longer."""
_ADVICE = "Is it the port of this board? Press its reset button, or unplug it and plug it in again"


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


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What a stretch of a program took."""

    cycles: int
    instructions: int


@contextlib.contextmanager
def closing_on_error(port: Port) -> Iterator[None]:
    """Release a port where what is done with it before it is handed on fails."""
    try:
        yield
    except BaseException:
        port.close()
        raise


@dataclass(frozen=True, kw_only=True)
class Took:
    """How long a request took by the host's clock, in seconds."""

    whole: float
    """From sending it to its answer."""
    work: float | None
    """From the word that it was begun to its answer; None where a line was damaged, which is sent again later."""


class Direction(Enum):
    """Which way recorded bytes went."""

    TO_BOARD = ">"
    FROM_BOARD = "<"
    NOTE = "#"
    """No bytes of the wire: what happened to the port."""


Record = Callable[[Direction, bytes], None]


class Session:
    """A conversation with the firmware on one board, from one hello to the next upload.

    ``trouble`` says what is known to be wrong with the rig; ``reopen`` returns the port anew after it has gone, or
    raises ``RigError`` where it does not come back. For ``silence_s`` seconds after the port was opened nothing is
    sent: what a bootloader hears keeps it awake, or is a command to it.
    """

    def __init__(
        self,
        port: Port,
        trouble: Callable[[], str | None] = lambda: None,
        *,
        reopen: Callable[[], Port] | None = None,
        count: Callable[[], Counts] | None = None,
        trace: Callable[[], Trace] | None = None,
        silence_s: float = 0.0,
        timer: Timer = REAL,
    ) -> None:
        self._port = port
        self._trouble = trouble
        self._reopen = reopen
        self.count = count
        """Tells what the timed region took that has ended last, where the rig counts that itself."""
        self.trace = trace
        """Tells all that is known of that region, once it has been counted."""
        self._silence_s = silence_s
        self._just_opened = True
        self._timer = timer
        self._reader = LineReader()
        self._events: deque[Event] = deque()
        self._nonces = itertools.count(int(time.monotonic_ns()) & 0xFFFF)
        self._sequence = 0
        self._last: Answer | None = None
        self._received = 0
        self.record: Record = lambda direction, data: None
        """Told of all that goes over the wire, before it is looked at."""
        self.said: deque[str] = deque(maxlen=20)
        """What the board printed outside the protocol since the last hello: a library's error messages."""
        self.repeats = 0
        """How many requests had to be sent again."""
        self.took: Took | None = None
        """The time of the last request that was answered."""

    def close(self) -> None:
        """Release the port."""
        self._port.close()

    def hello(self, deadline_s: float) -> dict[str, list[str]]:
        """Ping until the firmware answers, and return what it says of itself.

        What it said before is dropped, and a port that has gone is opened anew. Raises ``CrashedError`` where the
        board crashes at its start, ``RigError`` when nothing that answers is there.
        """
        self._sequence = 0
        self._last = None
        self._received = 0
        self.said.clear()
        repeat = _HELLO_REPEAT_S
        patience = Patience(deadline_s + self._silence_s, self._timer)
        faults: list[str] = []
        pings: set[str] = set()
        while patience.left() > 0:
            try:
                self._let_boot(faults)
                pings.add(self._send("hello"))
                found = self._greeting(pings, Patience(min(repeat, patience.left()), self._timer), faults)
            except PortGoneError as gone:
                self._come_back(gone)
                continue
            if found is not None:
                return found
            repeat = min(repeat * 1.5, _HELLO_REPEAT_MAX_S)
        if faults:
            msg = f"the board crashes when it starts: {faults[-1]}"
            raise CrashedError(msg)
        msg = f"{self._silence(deadline_s)}. {_ADVICE}"
        raise RigError(msg)

    def _let_boot(self, faults: list[str]) -> None:
        """Only listen for a while where the port has just been opened."""
        silence = Patience(self._silence_s if self._just_opened else 0.0, self._timer)
        for event in self._until(silence):
            if isinstance(event, Fault):
                faults.append(event.text)
        self._just_opened = False

    def _greeting(self, pings: set[str], patience: Patience, faults: list[str]) -> dict[str, list[str]] | None:
        """Return the answer to any of the pings, however long it was on its way."""
        for event in self._until(patience):
            if isinstance(event, Answer) and event.nonce in pings and event.kind is Kind.DONE:
                found = fields(event.text)
                if "protocol" not in found:
                    continue  # the nonce happened to be that of an earlier session's last request
                self._sequence, self._last = event.sequence, event
                return found
            if isinstance(event, Fault):
                faults.append(event.text)
        return None

    def _come_back(self, gone: PortGoneError) -> None:
        """Open the port anew, or raise why it has gone."""
        if self._reopen is None:
            raise gone
        self._port.close()
        self.record(Direction.NOTE, gone.message.encode())
        self._timer.sleep(_BEFORE_REOPEN_S)
        self._port = self._reopen()
        self.record(Direction.NOTE, b"the port is back")
        self._reader = LineReader()
        self._events.clear()
        self._just_opened = True

    def reset(self) -> None:
        """Ask the board to reset, and wait a moment for its answer; whether it has reset, the next hello tells.

        A request that is sent again could meet a bootloader, so this one is not.
        """
        nonce = self._send("reset")
        for event in self._until(Patience(_REPEAT_S, self._timer)):
            if isinstance(event, Damaged) or (isinstance(event, Answer) and event.nonce in (nonce, _NO_NONCE)):
                return

    def request(self, verb: str, *arguments: object, deadline_s: float = ANSWER_S) -> dict[str, list[str]]:
        """Send a request, see it through to its final answer, and return that answer's fields.

        Raises ``RequestFailed``, ``HungError``, ``CrashedError`` or ``RigError``.
        """
        sent = self._timer.now()
        nonce = self._send(verb, *arguments)
        line = encode(nonce, verb, *arguments)
        patience = Patience(deadline_s, self._timer)
        begun: float | None = None
        damaged = False
        while patience.left() > 0:
            repeat = Patience(_REPEAT_S if begun is None else _REPEAT_S * 4, self._timer)
            for event in self._until(patience):
                if isinstance(event, Damaged) or (isinstance(event, Answer) and event.kind is Kind.DAMAGED):
                    damaged = True
                    repeat.shorten(_AFTER_DAMAGE_S)
                elif isinstance(event, Answer) and event.nonce == nonce:
                    if event.kind is Kind.FAIL:
                        raise RequestFailed(event.text)
                    now = self._timer.now()
                    if event.kind is Kind.DONE:
                        work = None if begun is None or damaged else now - begun
                        self.took = Took(whole=now - sent, work=work)
                        return fields(event.text)
                    begun = now
                    repeat = Patience(_REPEAT_S * 4, self._timer)
                if repeat.left() <= 0:
                    break
            self.repeats += 1
            self._write(line)
        if begun is not None:
            msg = f"the board began {verb!r} and did not finish it within {deadline_s:.3g} s"
            raise HungError(msg)
        msg = f"the board stopped answering at {verb!r}: {self._silence(deadline_s)}"
        raise RigError(msg)

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
        self.record(Direction.TO_BOARD, line)
        self._port.write(line)

    def _until(self, patience: Patience) -> Iterator[Event | None]:
        """Yield events as they come while ``patience`` lasts, and None whenever nothing came for a moment.

        A fault or a reset in between raises ``CrashedError``, trouble with the rig ``RigError``.
        """
        while patience.left() > 0:
            while self._events:
                event = self._events.popleft()
                if event == self._last:
                    continue  # the line came twice
                self._note(event)
                yield event
            data = self._port.read()
            if data:
                self.record(Direction.FROM_BOARD, data)
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
            self._sequence, self._last = event.sequence, event
