"""The profiling firmware's requests as functions: what the metrics are written in."""

from __future__ import annotations

import contextlib
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import CrashedError, PortGoneError, RigError
from harness.session import Session
from harness.types import Clock

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from harness.boards import Board

_HELLO_S = 10.0
_ANSWERS = 5
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
    """By the chip's own cycle counter, where it has one beside its clock."""

    def on(self, board: Board) -> float:
        """Return the time in the unit of the board's clock; raises ``RigError`` where the firmware has another."""
        if self.unit == board.clock.unit:
            return self.time
        if self.unit == Clock.CYCLE_MODEL.unit and board.clock is Clock.HARDWARE:
            return self.time / board.clock_hz
        msg = f"the firmware tells times in {self.unit}, and those of {board.name} are {board.clock.unit}"
        raise RigError(msg)


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
        """Reset the chip and wait until the firmware is back."""
        # A damaged answer is asked for again, and finds the board reset; a chip with USB of its own takes its port
        # along.
        with contextlib.suppress(CrashedError, PortGoneError):
            self.session.request("reset")
        self.greet()

    def answer_time(self) -> float:
        """Return how long a request takes that has nothing to do, in seconds of the host's clock."""
        times = []
        for _ in range(_ANSWERS):
            began = time.monotonic()
            self.session.request("tensors")
            times.append(time.monotonic() - began)
        return statistics.median(times)

    def set_arena(self, size: int) -> None:
        """Set the size of the working memory in bytes, before ``start``."""
        self.session.request("arena", size)

    def alloc(self, size: int, deadline_s: float) -> bool:
        """Take ``size`` bytes off the heap until the next reset; False where malloc gives none."""
        return self.session.request("alloc", size, deadline_s=deadline_s)["held"] == ["1"]

    def free_heap(self, ram_bytes: int) -> int:
        """Return how many bytes of the heap are free now, of a board with ``ram_bytes`` of RAM.

        malloc gives a little less in one block, for it needs a header. Where the core cannot say, it is an estimate
        from below, to 512 bytes.
        """
        return int(self.session.request("heap", ram_bytes, deadline_s=30)["free"][0])

    def start(self, deadline_s: float) -> Stretch:
        """Start the network up and return how long it took."""
        stretch = _stretch(self.session.request("start", deadline_s=deadline_s))
        counts = self.session.request("tensors")
        self._input_bytes = [self._tensor_bytes(0, index) for index in range(int(counts["inputs"][0]))]
        self._output_bytes = [self._tensor_bytes(1, index) for index in range(int(counts["outputs"][0]))]
        return stretch

    def _tensor_bytes(self, is_output: int, index: int) -> int:
        return int(self.session.request("size", is_output, index)["bytes"][0])

    def write_inputs(self, arrays: list[npt.NDArray[np.generic]]) -> None:
        """Write every input tensor."""
        step = (int(self.facts["line"]) - _FIXED_BYTES) // 2
        for index, array in enumerate(arrays):
            data = array.tobytes()
            for offset in range(0, len(data), step):
                self.session.request("input", index, offset, data[offset : offset + step].hex())

    def stash_inputs(self) -> bool:
        """Have the firmware keep a copy of the inputs and write it anew before each run; False where RAM lacks."""
        return self.session.request("stash")["held"] == ["1"]

    def run(self, deadline_s: float) -> Stretch:
        """Run the network once and return how long it took."""
        return _stretch(self.session.request("run", deadline_s=deadline_s))

    def read_outputs(self) -> list[bytes]:
        """Return the bytes of every output tensor."""
        step = (int(self.facts["line"]) - _FIXED_BYTES) // 2
        return [
            b"".join(
                bytes.fromhex(self.session.request("output", index, offset, min(step, size - offset))["bytes"][0])
                for offset in range(0, size, step)
            )
            for index, size in enumerate(self._output_bytes)
        ]


def _stretch(answer: dict[str, list[str]]) -> Stretch:
    cycles = int(answer["cycles"][0]) if "cycles" in answer else None
    if "instructions" in answer:
        return Stretch(time=int(answer["instructions"][0]), unit=Clock.INSTRUCTION_COUNT.unit, cycles=cycles)
    if "us" in answer:
        return Stretch(time=int(answer["us"][0]) * 1e-6, unit=Clock.HARDWARE.unit, cycles=cycles)
    if cycles is None:
        msg = "the firmware told no time: is it one of another version?"
        raise RigError(msg)
    return Stretch(time=cycles, unit=Clock.CYCLE_MODEL.unit)
