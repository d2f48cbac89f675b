"""Measures the user's own sketch on each board, the boards at once, and saves as a run of networks does."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from harness import crew, oversize
from harness.boards import Board
from harness.builds import Build, Program
from harness.errors import CaseError
from harness.metrics import flash
from harness.own import ram, timing
from harness.own.bench import IMPLEMENTATION, SketchBench, SketchCase
from harness.own.sketch import OwnSketch
from harness.pipeline import Ledger, Watcher, failed, over, to_measurement
from harness.store import Run, Store
from harness.types import Json, Measurement, Reading
from harness.workbench import HARDWARE_RUNS, VIRTUAL_REPEATS, Workbench


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is measured of a sketch."""

    sketch: OwnSketch
    boards: Sequence[Board]
    metric: str
    libraries: Sequence[Path] = ()
    """Folders of Arduino libraries that it may use."""
    limits: ram.Limits = field(default_factory=ram.Limits)
    runs: int | None = None
    """Times to listen for; None is the default of the kind of board."""
    silence_s: float = timing.SILENCE_S


def run(task: Task, workbench: Workbench, store: Store, record: Run, watcher: Watcher) -> None:
    """Measure the sketch on every board; raises ``UsageError`` where a search finds its upper end to work."""
    cases = [SketchCase(sketch=task.sketch, board=board) for board in task.boards]
    ledger = Ledger([case.key for case in cases], store, record, watcher)

    def interrupt() -> None:
        ledger.close()
        workbench.interrupt()

    crew.run_all([partial(_run_case, task, case, workbench, ledger) for case in cases], interrupt)
    store.finish(record)


def _run_case(task: Task, case: SketchCase, workbench: Workbench, ledger: Ledger) -> None:
    with contextlib.closing(SketchBench(case=case, workbench=workbench, libraries=task.libraries)) as bench:
        build: Program | None = None
        try:
            reading, build = _METRICS[task.metric](bench, task)
        except CaseError as error:
            reading = failed(error.status, error.message, over(error))
        ledger.take(_measurement(task.metric, bench, reading, build))


def _measurement(metric: str, bench: SketchBench, reading: Reading, build: Program | None) -> Measurement:
    sketch, board = bench.case.sketch, bench.case.board
    provenance: dict[str, Json] = {
        "sketch_sha256": sketch.sha256,
        "sketch_main": sketch.main,
        "board_digest": board.digest,
        "retries": bench.retries.take(),
    }
    if build is not None:
        provenance |= bench.workbench.provenance(build)
    return to_measurement(
        reading, model=sketch.name, implementation=IMPLEMENTATION, board=board, metric=metric, provenance=provenance
    )


def _flash(bench: SketchBench, task: Task) -> tuple[Reading, Program]:
    program, board = bench.build_any_size(), bench.case.board
    reading, overflow = flash.of_program(program, bench.baselines.empty, board), bench.overflow(program)
    if overflow:
        reading = flash.not_fitting(reading, oversize.refusal(board.name, overflow))
    return reading, program


def _ram(bench: SketchBench, task: Task) -> tuple[Reading, Build]:
    return ram.search(bench, task.limits)


def _inference(bench: SketchBench, task: Task) -> tuple[Reading, Build]:
    runs = task.runs or (VIRTUAL_REPEATS if bench.case.board.is_virtual else HARDWARE_RUNS)
    return timing.measure(bench, runs, task.silence_s)


_METRICS: dict[str, Callable[[SketchBench, Task], tuple[Reading, Program]]] = {
    "flash": _flash,
    "ram": _ram,
    "inference": _inference,
}
