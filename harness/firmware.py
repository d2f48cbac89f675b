"""The profiling firmware's requests as functions: what the metrics are written in."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.errors import CrashedError, PortGoneError, RigError
from harness.session import ANSWER_S, RequestFailed, Session, Took
from harness.types import Clock

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from harness.boards import Board

_HELLO_S = 10.0
_ANSWERS = 5
_RESETS = 5
_WHO = ("board", "implementation", "model", "sketch")
"""What a firmware says of itself as long as no other is uploaded."""
_OF_THE_NETWORK = ("arena", "start", "run")
"""Requests that can fail because of the network."""
_OUT_OF_STEP = ("already started", "not started")
"""Refusals of these requests that say that host and board do not know of each other what they have done."""
_FIXED_BYTES = 48
"""What a line of data holds besides the data: nonce, verb, index, offset and checksum at their longest."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """How long one call took, as the firmware told it."""

    time: float
    """In ``unit``."""
    unit: str
    """``instructions``, ``cycles`` or ``s``, by what the firmware has a clock for."""
    cycles: int | None = None
    """By the chip's own cycle counter or a virtual board's cycle model, where there is one beside the clock."""
    took: Took | None = field(default=None, compare=False)
    """How long the call took by the host's clock, with the way there and back."""

    def on(self, board: Board) -> float:
        """Return the time in the unit of the board's clock; raises ``RigError`` where the firmware has another."""
        if self.unit == board.clock.unit:
            return self.time
        if board.clock is Clock.CYCLE_MODEL and self.cycles is not None:
            return self.cycles
        if self.unit == Clock.CYCLE_MODEL.unit and board.clock is Clock.HARDWARE:
            return self.time / board.clock_hz
        msg = f"the firmware tells times in {self.unit}, and those of {board.name} are {board.clock.unit}"
        raise RigError(msg)


@dataclass(frozen=True, kw_only=True)
class Room:
    """What memory is free, in bytes."""

    free_heap: int
    stack: int | None
    """What the stack has taken at most since the reset; None where the core cannot say."""


class Firmware:
    """The firmware at the other end of a session. Deadlines in seconds."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.facts: dict[str, str] = {}
        self._input_bytes: list[int] = []
        self._output_bytes: list[int] = []
        self.greet()

    def greet(self) -> None:
        """Wait until the firmware answers, and note what it says of itself."""
        self.facts = {key: values[0] for key, values in self.session.hello(_HELLO_S).items()}

    def reset(self) -> None:
        """Reset the chip and wait until the firmware is back, as new.

        Raises ``PortGoneError`` where the port went away before the board had the request, or another firmware
        answers behind it, and ``RigError`` where the board does not reset.
        """
        before = self._who()
        for _ in range(_RESETS):
            gone = self._ask_for_reset()
            self.greet()
            if self._who() != before:
                msg = "another firmware answers since the board was reset"
                raise PortGoneError(msg) from gone
            if self.facts.get("fresh") == "1":
                return
            if gone is not None:
                raise gone
            self.session.repeats += 1
        msg = f"the board was asked to reset {_RESETS} times and goes on as before. Press its reset button"
        raise RigError(msg)

    def _who(self) -> list[str | None]:
        return [self.facts.get(key) for key in _WHO]

    def _ask_for_reset(self) -> PortGoneError | None:
        """Ask once; return the error of the port where it goes away: that of a chip with USB of its own does."""
        try:
            self.session.reset()
        except PortGoneError as gone:
            return gone
        except CrashedError:
            pass  # it begins anew all the same
        return None

    def _ask(self, verb: str, *arguments: object, deadline_s: float = ANSWER_S) -> dict[str, list[str]]:
        """Send a request; raises ``RequestFailed`` only for what the board says of the network."""
        try:
            return self.session.request(verb, *arguments, deadline_s=deadline_s)
        except RequestFailed as refusal:
            if verb in _OF_THE_NETWORK and str(refusal) not in _OUT_OF_STEP:
                raise
            msg = (
                f"the board refused {verb!r} ({refusal}): what it was asked before did not reach it, or it forgot. "
                "Look at the cable or the link, and press its reset button"
            )
            raise RigError(msg) from refusal

    def answer_time(self) -> float:
        """Return how long a request takes that has nothing to do, in seconds of the host's clock."""
        times = []
        for _ in range(_ANSWERS):
            began = time.monotonic()
            self._ask("tensors")
            times.append(time.monotonic() - began)
        return statistics.median(times)

    def set_arena(self, size: int) -> None:
        """Set the size of the working memory in bytes, before ``start``."""
        self._ask("arena", size)

    def alloc(self, size: int, deadline_s: float) -> bool:
        """Take ``size`` bytes off the heap until the next reset; False where malloc gives none."""
        return self._ask("alloc", size, deadline_s=deadline_s)["held"] == ["1"]

    def free_heap(self, ram_bytes: int) -> int:
        """Return how many bytes of the heap are free now, of a board with ``ram_bytes`` of RAM.

        malloc gives a little less in one block, for it needs a header. Where the core cannot say, it is an estimate
        from below, to 512 bytes.
        """
        return self.room(ram_bytes).free_heap

    def room(self, ram_bytes: int) -> Room:
        """Return what ``free_heap`` does, and what the stack has taken."""
        answer = self._ask("heap", ram_bytes, deadline_s=30)
        stack = int(answer["stack"][0]) if "stack" in answer else None
        return Room(free_heap=int(answer["free"][0]), stack=stack)

    def start(self, deadline_s: float) -> Stretch:
        """Start the network up and return how long it took."""
        stretch = self._timed("start", deadline_s)
        counts = self._ask("tensors")
        self._input_bytes = [self._tensor_bytes(0, index) for index in range(int(counts["inputs"][0]))]
        self._output_bytes = [self._tensor_bytes(1, index) for index in range(int(counts["outputs"][0]))]
        return stretch

    def _tensor_bytes(self, is_output: int, index: int) -> int:
        return int(self._ask("size", is_output, index)["bytes"][0])

    def write_inputs(self, arrays: list[npt.NDArray[np.generic]]) -> None:
        """Write every input tensor."""
        step = (int(self.facts["line"]) - _FIXED_BYTES) // 2
        for index, array in enumerate(arrays):
            data = array.tobytes()
            for offset in range(0, len(data), step):
                self._ask("input", index, offset, data[offset : offset + step].hex())

    def stash_inputs(self) -> bool:
        """Have the firmware keep a copy of the inputs and write it anew before each run; False where RAM lacks."""
        return self._ask("stash")["held"] == ["1"]

    def run(self, deadline_s: float) -> Stretch:
        """Run the network once and return how long it took."""
        return self._timed("run", deadline_s)

    def parts(self, count: int) -> list[Stretch]:
        """Return how long each of the ``count`` parts of the last call took that the network marks for the firmware.

        Raises ``RigError`` where there were more or fewer of them.
        """
        found = []
        for index in range(count):
            answer = self._ask("part", index)
            if int(answer["count"][0]) != count:
                msg = f"the board ran {answer['count'][0]} operators; the network has {count}"
                raise RigError(msg)
            found.append(self._told(answer))
        return found

    def places(self, tensors: Iterable[int]) -> dict[int, int]:
        """Return where tensors of the model's file lie, in bytes from the begin of the arena; others are left out.

        Only the marked program of an implementation that plans its memory on the board tells that, and after a run.
        """
        answers = {index: self._ask("place", index) for index in tensors}
        return {index: int(answer["offset"][0]) for index, answer in answers.items() if "offset" in answer}

    def _timed(self, verb: str, deadline_s: float) -> Stretch:
        stretch = self._stretch(self._ask(verb, deadline_s=deadline_s))
        return replace(stretch, took=self.session.took)

    def read_outputs(self) -> list[bytes]:
        """Return the bytes of every output tensor."""
        step = (int(self.facts["line"]) - _FIXED_BYTES) // 2
        return [
            b"".join(
                bytes.fromhex(self._ask("output", index, offset, min(step, size - offset))["bytes"][0])
                for offset in range(0, size, step)
            )
            for index, size in enumerate(self._output_bytes)
        ]

    def _stretch(self, answer: dict[str, list[str]]) -> Stretch:
        if self.session.count is not None:
            counts = self.session.count()
            return Stretch(time=counts.instructions, unit=Clock.INSTRUCTION_COUNT.unit, cycles=counts.cycles)
        return self._told(answer)

    def _told(self, answer: dict[str, list[str]]) -> Stretch:
        cycles = int(answer["cycles"][0]) if "cycles" in answer else None
        if "instructions" in answer:
            return Stretch(time=int(answer["instructions"][0]), unit=Clock.INSTRUCTION_COUNT.unit, cycles=cycles)
        if "us" in answer:
            return Stretch(time=int(answer["us"][0]) * 1e-6, unit=Clock.HARDWARE.unit, cycles=cycles)
        if cycles is None:
            msg = "the firmware told no time: is it one of another version?"
            raise RigError(msg)
        return Stretch(time=cycles, unit=Clock.CYCLE_MODEL.unit)
