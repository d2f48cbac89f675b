"""Inference time by the user's own sketch: the microseconds that it prints, or the cycles of what it marks."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harness.boards import Board, as_sketches_read
from harness.builds import Build
from harness.errors import CaseError, HungError, WrongOutputError
from harness.own.bench import SketchBench
from harness.own.listen import Listener, crash
from harness.own.printed import Numbers
from harness.session import Counts
from harness.types import Clock, Json, Reading

SILENCE_S = 60.0
_TOLD = 8
"""How often progress is told of."""
_AVR_PRESCALER = 64
"""The AVR core counts its timer in steps of so many cycles; ``micros()`` is read from it."""
_ALLOWED_US = 10
"""What ``micros()`` itself may add to a printed time, beside a hundredth of it."""


@dataclass(frozen=True, kw_only=True)
class Times:
    """Times in the unit of their clock, with the step of it where that is known."""

    samples: tuple[float, ...]
    clock: Clock
    resolution: float | None


def measure(bench: SketchBench, runs: int, seconds: float = SILENCE_S) -> tuple[Reading, Build]:
    """Listen until ``runs`` numbers have come, each within ``seconds`` of the one before; the value is the median.

    Where the board counts cycles and the sketch marks what it times, the samples are the cycles of what is marked.
    Raises ``HungError``, ``CrashedError`` or ``WrongOutputError`` with what the sketch printed instead.
    """
    build = bench.build()
    printed, counted = bench.hear(build, lambda listener: (_collect(bench, listener, runs, seconds), bench.counted()))
    times = marked(bench.case.board, printed, counted) if counted else by_micros(bench.case.board, printed)
    details: dict[str, Json] = {
        "runs": runs,
        "printed_us": list(printed),
        "resolution": times.resolution,
        "timeout_s": seconds,
    }
    reading = Reading(
        value=statistics.median(times.samples),
        unit=times.clock.unit,
        samples=times.samples,
        clock=times.clock,
        details=details,
    )
    return reading, build


def by_micros(board: Board, printed: Sequence[float]) -> Times:
    """Return printed microseconds by the clock that ``micros()`` goes by."""
    clock = as_sketches_read(board).clock
    unit = _microsecond(board)
    step = _step(board)
    samples = tuple(number * unit for number in printed)
    return Times(samples=samples, clock=clock, resolution=step * unit if step else None)


def marked(board: Board, printed: Sequence[float], counted: Sequence[Counts]) -> Times:
    """Return the cycles of the marked regions that printed microseconds belong to, the first to the first.

    Raises ``WrongOutputError`` where what is marked is not what is printed: fewer, or of another length.
    """
    if len(counted) < len(printed):
        msg = f"the sketch marks {len(counted)} regions and prints {len(printed)} times: mark all that is timed"
        raise WrongOutputError(msg)
    for number, (took, region) in enumerate(zip(printed, counted, strict=False), start=1):
        region_us = region.instructions * 1e6 / board.clock_hz
        if abs(took - region_us) > _ALLOWED_US + took / 100:
            msg = (
                f"the sketch prints {took:g} us as time {number}, and what it marks took {region_us:.0f} us: "
                "have DBG #1 and #2 enclose what is timed, and nothing else"
            )
            raise WrongOutputError(msg)
    cycles = tuple(float(region.cycles) for region in counted[: len(printed)])
    return Times(samples=cycles, clock=Clock.CYCLE_MODEL, resolution=None)


def _microsecond(board: Board) -> float:
    """Return a microsecond in the unit of the board's clock."""
    return board.clock_hz / 1e6 if board.is_virtual else 1e-6


def _step(board: Board) -> float | None:
    """Return the step of ``micros()`` in microseconds, where it is known."""
    if board.is_avr:
        return _AVR_PRESCALER * 1e6 / board.clock_hz
    return 1.0 if board.is_virtual else None


def _collect(bench: SketchBench, listener: Listener, runs: int, seconds: float) -> tuple[float, ...]:
    numbers = Numbers(runs)
    patience = listener.patience(seconds)
    while not numbers.complete:
        line = listener.line(patience)
        if line is None:
            raise _silence(listener, numbers, runs, seconds)
        crashed = crash(line)
        if crashed is not None:
            raise crashed
        if numbers.take(line):
            patience = listener.patience(seconds)
            if numbers.count % max(1, runs // _TOLD) == 0:
                bench.say(f"{numbers.count} of {runs} numbers")
    if numbers.rivals:
        msg = (
            f"the sketch prints several kinds of numbers ({', '.join(numbers.rivals)}), and which of them are the "
            "times cannot be told: have it print one kind"
        )
        raise WrongOutputError(msg)
    return numbers.samples


def _silence(listener: Listener, numbers: Numbers, runs: int, seconds: float) -> CaseError:
    heard = listener.heard()
    if heard is None:
        return HungError(f"the sketch printed nothing within {seconds:g} s: does it say Serial.begin(115200)?")
    if numbers.count:
        msg = (
            f"the sketch printed {numbers.count} of {runs} numbers and then none for {seconds:g} s: "
            f"--runs {numbers.count} asks for these, and --timeout waits longer; the last line was {heard}"
        )
        return HungError(msg)
    msg = (
        f"the sketch printed no number within {seconds:g} s. A line with a time ends in its microseconds; the last "
        f"line was {heard}"
    )
    return WrongOutputError(msg)
