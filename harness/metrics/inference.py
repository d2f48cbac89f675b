"""``inference``: the time of one run of the network, its input written anew before each run, its output checked."""

from __future__ import annotations

import statistics
import time

from harness.case import Bench
from harness.correctness import require_right
from harness.plausible import require_plausible
from harness.types import Json, Reading

NEEDS_RIG = True
ORDER = 40
_SLACK = 20
"""A run may take this many times as long as the first one before it counts as hung."""
_LEAST_DEADLINE_S = 10.0


def measure(bench: Bench) -> Reading:
    """Time the runs on the first checked input; the value is the median."""
    firmware = bench.firmware
    firmware.reset()
    firmware.start(bench.first_run_deadline())
    firmware.write_inputs(bench.expected.inputs[0])
    stashed = firmware.stash_inputs()
    deadline = bench.first_run_deadline()
    stretches = []
    for index in range(bench.runs):
        if index and not stashed:
            firmware.write_inputs(bench.expected.inputs[0])
        began = time.monotonic()
        stretches.append(firmware.run(deadline))
        deadline = max(_LEAST_DEADLINE_S, _SLACK * (time.monotonic() - began))
    require_right(bench, 0)
    board = bench.built.case.board
    require_plausible(stretches, board)
    samples = [stretch.on(board) for stretch in stretches]
    details: dict[str, Json] = {"runs": bench.runs}
    if board.is_virtual:
        details["note"] = "a virtual board repeats exactly, so few runs are enough"
    cycles = [stretch.cycles for stretch in stretches if stretch.cycles is not None]
    if cycles:
        details["chip_cycles"] = list(cycles)
    return Reading(
        value=statistics.median(samples),
        unit=board.clock.unit,
        samples=tuple(samples),
        clock=board.clock,
        details=details,
    )
