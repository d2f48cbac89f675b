"""``inference``: the time of one run of the network, its input written anew before each run, its output checked.

By a hardware clock the first run is kept apart: caches and flash are cold then. On a virtual board they are in each.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from harness.boards import Board
from harness.case import Bench
from harness.correctness import require_right
from harness.firmware import Stretch
from harness.plausible import require_plausible
from harness.types import Clock, Json, Reading

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
    board = bench.built.case.board
    warm_up = 1 if board.clock is Clock.HARDWARE else 0
    stretches, by_host = [], []
    for index in range(warm_up + bench.runs):
        if index and not stashed:
            firmware.write_inputs(bench.expected.inputs[0])
        began = time.monotonic()
        stretches.append(firmware.run(deadline))
        by_host.append(time.monotonic() - began)
        deadline = max(_LEAST_DEADLINE_S, _SLACK * by_host[-1])
    require_right(bench, 0)
    require_plausible(stretches, board)
    samples = [stretch.on(board) for stretch in stretches]
    details: dict[str, Json] = {"runs": bench.runs, "resolution": board.resolution}
    if warm_up:
        details["warm_up"] = list(samples[:warm_up])
        details["host_s"] = list(by_host[warm_up:])
        details["host_overhead_s"] = firmware.answer_time()
    return Reading(
        value=statistics.median(samples[warm_up:]),
        unit=board.clock.unit,
        samples=tuple(samples[warm_up:]),
        clock=board.clock,
        details=details | _details(stretches[warm_up:], board),
    )


def _details(stretches: Sequence[Stretch], board: Board) -> dict[str, Json]:
    details: dict[str, Json] = {}
    if board.is_virtual:
        details["note"] = "a virtual board repeats exactly, so few runs are enough"
    cycles = [stretch.cycles for stretch in stretches if stretch.cycles is not None]
    if cycles:
        details["chip_cycles"] = list(cycles)
    return details
