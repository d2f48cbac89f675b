"""Whether a real board's times can be true: its clock beside its cycle counter, and beside the host's clock. Pure.

With interrupts off, ``micros()`` of many cores stands still or jumps, for it counts an interrupt, and nothing on the
board notices.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from harness.boards import Board
from harness.errors import RigError
from harness.firmware import Stretch
from harness.types import Clock

_APART = 0.1
"""Two good clocks differ by less, a chip's own RC oscillator included."""
_STEP_S = 200e-6
"""No ``micros()`` counts in larger steps."""
_JITTER_S = 0.05
_LINK_S = 0.15
"""A line may come so much later than the one before it: bridges and networks gather bytes."""
_WRAP = 1 << 32
"""Cycle counters have 32 bits."""


def require_plausible(stretches: Sequence[Stretch], board: Board) -> None:
    """Raise ``RigError`` where these times cannot be true. A virtual board's time is not the host's."""
    if board.is_virtual:
        return
    for check in (_beside_the_cycles, _beyond_the_hosts, _far_below_the_hosts):
        wrong = check(stretches, board)
        if wrong is not None:
            msg = f"{wrong}. {_cure(stretches, board)}"
            raise RigError(msg)


def _beside_the_cycles(stretches: Sequence[Stretch], board: Board) -> str | None:
    for stretch in stretches:
        if stretch.unit != Clock.HARDWARE.unit or stretch.cycles is None:
            continue
        expected = stretch.time * board.clock_hz
        tolerance = _APART * expected + _STEP_S * board.clock_hz
        apart = (stretch.cycles - expected + _WRAP / 2) % _WRAP - _WRAP / 2
        if abs(apart) > tolerance:
            counted = f"{stretch.cycles:,} cycles, {stretch.cycles / board.clock_hz:.6g} s at {board.clock_hz:,} Hz"
            return f"micros() tells {stretch.time:.6g} s for what the chip's counter tells {counted}"
    return None


def _beyond_the_hosts(stretches: Sequence[Stretch], board: Board) -> str | None:
    for stretch in stretches:
        told, took = _seconds(stretch, board), stretch.took
        if took is not None and told > took.whole * (1 + _APART) + _JITTER_S:
            return f"the board tells {told:.3g} s for what was done within {took.whole:.3g} s by the host's clock"
    return None


def _far_below_the_hosts(stretches: Sequence[Stretch], board: Board) -> str | None:
    """Host or link may stand still for a moment, so only what holds for most of the stretches is said of them."""
    pairs = [(_seconds(s, board), s.took.work) for s in stretches if s.took is not None and s.took.work is not None]
    short = [told < work / 2 - _LINK_S for told, work in pairs]
    if 2 * sum(short) <= len(pairs):
        return None
    told, work = (statistics.median(times) for times in zip(*pairs, strict=True))
    return f"the board tells {told:.3g} s for what took {work:.3g} s by the host's clock"


def _seconds(stretch: Stretch, board: Board) -> float:
    return stretch.time if stretch.unit == Clock.HARDWARE.unit else stretch.time / board.clock_hz


def _cure(stretches: Sequence[Stretch], board: Board) -> str:
    clock = f"clock_hz = {board.clock_hz:_} in the board's file may not be this chip's"
    if board.interrupts_off and stretches[0].unit == Clock.HARDWARE.unit:
        return (
            "micros() of many cores stands still while interrupts are off: set interrupts_off = false in the board's "
            f"file. Or {clock}"
        )
    return f"Perhaps {clock}"
