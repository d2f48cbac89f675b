"""``init``: the time of the network's start-up, once after each of several resets."""

from __future__ import annotations

import statistics

from harness.case import Bench
from harness.plausible import require_plausible
from harness.types import Reading

NEEDS_RIG = True
ORDER = 30


def measure(bench: Bench) -> Reading:
    """Reset and start up as often as the bench says; the value is the median."""
    board = bench.built.case.board
    stretches = []
    for _ in range(bench.starts):
        bench.firmware.reset()
        stretches.append(bench.firmware.start(bench.first_run_deadline()))
    require_plausible(stretches, board)
    samples = [stretch.on(board) for stretch in stretches]
    return Reading(
        value=statistics.median(samples),
        unit=board.clock.unit,
        samples=tuple(samples),
        clock=board.clock,
        details={"starts": bench.starts, "resolution": board.resolution},
    )
