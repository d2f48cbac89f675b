"""Rows about the virtual boards: what counting cycles costs the host."""

from __future__ import annotations

import contextlib
import statistics
import sys
import time
from collections.abc import Iterator

from bench.row import Row, below
from harness import boards, implementations, models
from harness.boards import Board
from harness.case import Built, Case, Settings
from harness.platform import workplace
from harness.trace import Detail
from harness.workbench import Workbench

_BOARD = "nano33ble-sim"
_MODEL = "person_detection"
_RUNS = 5
_MOST = 3


def rows() -> Iterator[Row]:
    """Yield how many times as long an inference takes the host with the plugin."""
    board = boards.load(_BOARD)
    without = _seconds(boards.without_plugin(board, "for the bench"), Detail.TOTALS)
    for detail, words in (
        (Detail.TOTALS, "cycles counted"),
        (Detail.CALLS, "cycles counted, with the tree of calls"),
    ):
        what = f"emulation of {_MODEL} by tvm-aot, {words}"
        yield below(what, _seconds(board, detail) / without, _MOST, "times")


def _seconds(board: Board, detail: Detail) -> float:
    """Return the median time by the host's clock of an inference."""
    with contextlib.closing(Workbench(workplace(), Settings(), lambda _: None, detail=detail)) as workbench:
        case = Case(
            model=models.load(_MODEL), implementation=implementations.create("tvm-aot", Settings()), board=board
        )
        built = workbench.build(case)
        if not isinstance(built, Built):
            sys.exit(f"{case} does not fit: {built.refusal.message}")
        with workbench.bench(built) as bench:
            bench.firmware.reset()
            bench.firmware.start(bench.first_run_deadline())
            bench.firmware.write_inputs(bench.expected.inputs[0])
            taken = []
            for _ in range(1 + _RUNS):
                began = time.monotonic()
                bench.firmware.run(bench.first_run_deadline())
                taken.append(time.monotonic() - began)
    return statistics.median(taken[1:])
