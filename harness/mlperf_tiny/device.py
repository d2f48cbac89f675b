"""A board that speaks MLPerf Tiny's protocol, behind a port.

The protocol has no checksums. A command whose answer does not end is given up, and what it belonged to begins anew.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from harness.errors import HungError, RigError
from harness.mlperf_tiny.wire import READY, Answer, LineReader, encode, load_commands
from harness.patience import REAL, Patience, Timer
from harness.session import Direction, Port, Record

_ANSWER_S = 5.0
_HELLO_S = 10.0
_HELLO_REPEAT_S = 0.5
_QUIET_S = 0.2
_SHOWN = 80


@dataclass(frozen=True, kw_only=True)
class Inferred:
    """What ``infer`` gave."""

    results: tuple[float, ...]
    elapsed_s: float
    """Of all inferences together."""


class RefusedError(Exception):
    """The board answered that something was wrong; the message is its own."""


class Device:
    """A board at a port; deadlines in seconds."""

    def __init__(
        self,
        port: Port,
        trouble: Callable[[], str | None] = lambda: None,
        *,
        timer: Timer = REAL,
        record: Record = lambda direction, data: None,
    ) -> None:
        self._port = port
        self._trouble = trouble
        self._timer = timer
        self._record = record
        self._reader = LineReader()
        self._lines: deque[str] = deque()
        self.name = ""
        self.model = ""

    def close(self) -> None:
        """Release the port."""
        self._port.close()

    def hello(self) -> None:
        """Ask for its name until it answers, and for its model; raises ``RigError`` where nothing does."""
        patience = Patience(_HELLO_S, self._timer)
        while patience.left() > 0:
            self._write(encode("name"))
            repeat = Patience(min(_HELLO_REPEAT_S, patience.left()), self._timer)
            # What it prints when it starts ends with the same line as an answer does.
            while (answer := self._answer(repeat, [])) is not None and answer.name is None:
                pass
            if answer is not None and answer.name is not None:
                self.name = answer.name
                break
        else:
            msg = (
                f"nothing that speaks MLPerf Tiny's protocol answered within {_HELLO_S:g} s. Is it the port of this "
                "board, and is that firmware on it? Press its reset button"
            )
            raise RigError(msg)
        self.settle()
        with contextlib.suppress(RefusedError):  # not every firmware says which model it has
            self.model = self.ask("profile").model or ""

    def settle(self) -> None:
        """Drop what is still coming: answers to commands that were sent more than once, or given up."""
        quiet = Patience(_QUIET_S, self._timer)
        while quiet.left() > 0:
            if self._read():
                quiet = Patience(_QUIET_S, self._timer)
        self._reader = LineReader()
        self._lines.clear()

    def ask(self, *words: object, deadline_s: float = _ANSWER_S) -> Answer:
        """Send a command and return its answer.

        Raises ``RefusedError`` where the board says that something is wrong, ``HungError`` where it does not end.
        """
        self._write(encode(*words))
        seen: list[str] = []
        answer = self._answer(Patience(deadline_s, self._timer), seen)
        if answer is None:
            last = f"; the last line was {seen[-1][:_SHOWN]!r}" if seen else ""
            command = " ".join(map(str, words))[:_SHOWN]
            msg = f"the board did not end its answer to {command!r} within {deadline_s:.3g} s{last}"
            raise HungError(msg)
        if answer.error is not None:
            raise RefusedError(answer.error)
        return answer

    def load(self, data: bytes) -> None:
        """Put the bytes of an input into the board's buffer; raises ``RefusedError`` where they do not arrive."""
        last: Answer | None = None
        for words in load_commands(data):
            last = self.ask(*words)
        if last is None or "m-load-done" not in last.lines:
            msg = "it did not say m-load-done after the last byte"
            raise RefusedError(msg)

    def infer(self, count: int, warm_up: int, deadline_s: float) -> Inferred:
        """Run the network on what was loaded; raises ``RefusedError`` where results or times are not there."""
        answer = self.ask("infer", count, warm_up, deadline_s=deadline_s)
        results, elapsed = answer.results, answer.elapsed_s
        if not results or elapsed is None:
            missing = "results" if not results else "the two time stamps"
            msg = f"its answer to infer has not {missing} in it"
            raise RefusedError(msg)
        return Inferred(results=results, elapsed_s=elapsed)

    def _answer(self, patience: Patience, seen: list[str]) -> Answer | None:
        """Return the lines up to ``m-ready``, None where it does not come; ``seen`` takes them as they do."""
        while patience.left() > 0:
            while self._lines:
                line = self._lines.popleft()
                if line == READY:
                    return Answer(lines=tuple(seen))
                if line:
                    seen.append(line)
            self._read()
        return None

    def _write(self, data: bytes) -> None:
        self._record(Direction.TO_BOARD, data)
        self._port.write(data)

    def _read(self) -> bool:
        """Take what has come, and return whether that is anything."""
        data = self._port.read()
        if data:
            self._record(Direction.FROM_BOARD, data)
            self._lines.extend(self._reader.feed(data))
        elif (trouble := self._trouble()) is not None:
            raise RigError(trouble)
        return bool(data)
