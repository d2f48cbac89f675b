"""Plans the cases of a run, measures them one by one, and saves after each measurement."""

from __future__ import annotations

import platform as host_platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial

from harness import __version__, metrics
from harness.arena import refusal
from harness.boards import Board
from harness.case import Built, Case, Implementation
from harness.errors import CaseError, CrashedError, DoesNotFitError, HungError, RigError
from harness.metrics import flash, output
from harness.models import Model
from harness.session import RequestFailed
from harness.store import Run, Store
from harness.types import Json, Measurement, Reading, Status
from harness.workbench import RigBench, Workbench


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run measures."""

    models: Sequence[Model]
    implementations: Sequence[Implementation]
    boards: Sequence[Board]
    metrics: Sequence[str]

    def cases(self) -> list[Case]:
        """Return the cases, board by board, so that each board is set up once."""
        return [
            Case(model=model, implementation=implementation, board=board)
            for board in self.boards
            for model in self.models
            for implementation in self.implementations
        ]


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """Who is told how a run goes."""

    case_begins: Callable[[Case], None]
    measured: Callable[[Measurement], None]


def host_facts() -> dict[str, Json]:
    """Return what a result says of the machine that it was made on."""
    return {
        "mcuprof": __version__,
        "python": host_platform.python_version(),
        "system": host_platform.platform(),
        "machine": host_platform.machine(),
    }


def run(plan: Plan, workbench: Workbench, store: Store, record: Run, watcher: Watcher) -> None:
    """Measure every case of ``plan`` that ``record`` does not have yet, saving ``record`` after each measurement."""
    done = {
        (m.model, m.implementation, m.board, m.metric, m.provenance.get("model_sha256")) for m in record.measurements
    }
    dead_boards: dict[str, str] = {}
    for case in plan.cases():
        names = [
            name
            for name in plan.metrics
            if (case.model.name, case.implementation.name, case.board.name, name, case.model.sha256) not in done
        ]
        if not names:
            continue
        watcher.case_begins(case)
        for measurement in _measure(case, names, workbench, dead_boards):
            record.measurements.append(measurement)
            store.save(record)
            watcher.measured(measurement)
    store.finish(record)


def _measure(
    case: Case, names: Sequence[str], workbench: Workbench, dead_boards: dict[str, str]
) -> Iterator[Measurement]:
    """Yield one measurement for each metric, whatever happens."""
    measure = _CaseRun(case, workbench, names)
    first_fault = dead_boards.get(case.board.name)
    if first_fault is not None:
        yield from measure.fail_rest(Status.SKIPPED, f"skipped after the board's first fault: {first_fault}")
        return
    try:
        yield from measure.run()
    except CaseError as error:
        if isinstance(error, RigError):
            dead_boards[case.board.name] = error.message
        yield from measure.fail_rest(error.status, error.message, _over(error))


def _over(error: CaseError) -> dict[str, Json]:
    if not isinstance(error, DoesNotFitError):
        return {}
    return {"region": error.region, "over_by_at_least_bytes" if error.at_least else "over_by_bytes": error.over_by}


class _CaseRun:
    """The metrics of one case, in their order; what one of them finds wrong holds for those after it."""

    def __init__(self, case: Case, workbench: Workbench, names: Sequence[str]) -> None:
        self._case = case
        self._workbench = workbench
        self._waiting = {name: module for name, module in metrics.all_metrics().items() if name in names}
        self._built: Built | None = None

    def run(self) -> Iterator[Measurement]:
        built = self._built = self._workbench.build(self._case)
        for name in [name for name, module in self._waiting.items() if not module.NEEDS_RIG]:
            yield self._take(name, self._waiting[name].measure(built))
        if not self._waiting:
            return
        flash.require_fit(built)
        with self._workbench.bench(built) as bench:
            yield from self._on_rig(bench)

    def _on_rig(self, bench: RigBench) -> Iterator[Measurement]:
        # A measurement of a wrong network is worth nothing, so the output is looked at whatever is asked for: on all
        # inputs where it is itself asked for, else on the first.
        asked = "output" in self._waiting
        self._workbench.say(f"{self._case}: output")
        reading = _guarded(lambda: output.measure(bench, None if asked else 1), bench)
        if asked:
            yield self._take("output", reading)
        if reading.status is not Status.OK:
            yield from self.fail_rest(reading.status, reading.reason)
            return
        for name, module in list(self._waiting.items()):
            try:
                self._workbench.say(f"{self._case}: {name}")
                reading = _guarded(partial(module.measure, bench), bench)
            except (HungError, CrashedError) as error:
                yield self._take(name, _failed(error.status, error.message))
                bench.recover(error)
            else:
                yield self._take(name, reading)

    def fail_rest(self, status: Status, reason: str, details: dict[str, Json] | None = None) -> Iterator[Measurement]:
        for name in list(self._waiting):
            yield self._take(name, _failed(status, reason, details))

    def _take(self, name: str, reading: Reading) -> Measurement:
        del self._waiting[name]
        board = self._case.board
        counted = reading.clock is not None and reading.clock.unit != "s" and reading.value is not None
        provenance: dict[str, Json] = {"model_sha256": self._case.model.sha256, "board_digest": board.digest}
        provenance |= self._case.implementation.provenance()
        if self._built is not None:
            provenance |= self._workbench.provenance(self._built)
            provenance |= {"arena_bytes": self._built.arena, "arena_probes": self._built.arena_probes}
        return Measurement(
            model=self._case.model.name,
            implementation=self._case.implementation.name,
            board=board.name,
            metric=name,
            status=reading.status,
            reason=reading.reason,
            value=reading.value,
            unit=reading.unit,
            samples=reading.samples,
            clock=reading.clock,
            at_clock_s=reading.value / board.clock_hz if counted and reading.value is not None else None,
            details=reading.details,
            provenance=provenance
            | {
                "virtual": board.is_virtual,
                "clock_hz": board.clock_hz,
                "measured": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            },
        )


def _guarded(measure: Callable[[], Reading], bench: RigBench) -> Reading:
    """Measure, and turn the firmware's word that the network failed into a status."""
    try:
        return measure()
    except RequestFailed as error:
        arena = bench.built.arena
        tried = f" (arena of {arena:,} bytes)" if arena is not None else ""
        raise refusal(bench, str(error), tried) from error


def _failed(status: Status, reason: str, details: dict[str, Json] | None = None) -> Reading:
    return Reading(value=None, unit="", status=status, reason=reason, details=details or {})
