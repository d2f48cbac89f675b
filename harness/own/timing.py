"""Inference time by the user's own sketch: the microseconds that it prints, a line each."""

from __future__ import annotations

import statistics

from harness.boards import Board
from harness.builds import Build
from harness.errors import CaseError, HungError, WrongOutputError
from harness.own.bench import SketchBench
from harness.own.listen import Listener, crash
from harness.own.printed import Numbers
from harness.types import Clock, Json, Reading

SILENCE_S = 60.0
_TOLD = 8
"""How often progress is told of."""
_AVR_PRESCALER = 64
"""The AVR core counts its timer in steps of so many cycles; ``micros()`` is read from it."""


def measure(bench: SketchBench, runs: int, seconds: float = SILENCE_S) -> tuple[Reading, Build]:
    """Listen until ``runs`` numbers have come, each within ``seconds`` of the one before; the value is the median.

    Raises ``HungError``, ``CrashedError`` or ``WrongOutputError`` with what the sketch printed instead.
    """
    build = bench.build()
    printed = bench.hear(build, lambda listener: _collect(bench, listener, runs, seconds))
    board = bench.case.board
    unit = _microsecond(board)
    samples = tuple(number * unit for number in printed)
    step = _step(board)
    details: dict[str, Json] = {
        "runs": runs,
        "printed_us": list(printed),
        "resolution": step * unit if step else None,
        "timeout_s": seconds,
    }
    reading = Reading(
        value=statistics.median(samples),
        unit=board.clock.unit,
        samples=samples,
        clock=board.clock,
        details=details,
    )
    return reading, build


def _microsecond(board: Board) -> float:
    """Return a microsecond in the unit of the board's clock."""
    return 1e-6 if board.clock is Clock.HARDWARE else board.clock_hz / 1e6


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
