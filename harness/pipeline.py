"""Plans the cases of a run, measures them, board beside board, and saves after each measurement."""

from __future__ import annotations

import contextlib
import platform as host_platform
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial

from harness import __version__, crew, fitting, metrics
from harness.arena import guarded
from harness.bench import RigBench
from harness.boards import Board
from harness.case import Built, Case, Implementation, Oversized
from harness.errors import CaseError, CrashedError, DoesNotFitError, HungError, RigError
from harness.fitting import Choices
from harness.interrupts import uninterrupted
from harness.metrics import output
from harness.models import Model
from harness.store import Run, Store
from harness.types import Json, Measurement, Reading, Status
from harness.workbench import Workbench


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run measures."""

    models: Sequence[Model]
    implementations: Sequence[Implementation]
    boards: Sequence[Board]
    metrics: Sequence[str]
    choices: Choices = field(default_factory=Choices)
    """What advice may name where something does not fit."""

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
    """Who is told how a run goes: by one thread at a time, though not always the same."""

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
    """Measure every case of ``plan`` that ``record`` does not have yet, saving ``record`` after each measurement.

    Boards are measured at once, the cases of one board one after the other.
    """
    ledger = Ledger([case.key for case in plan.cases()], store, record, watcher)
    tasks = [partial(_run_board, plan, board, workbench, ledger) for board in plan.boards]

    def interrupt() -> None:
        ledger.close()
        workbench.interrupt()

    crew.run_all(tasks, interrupt)
    record.measurements[:] = fitting.advised(plan.cases(), record.measurements, plan.choices)
    store.finish(record)


class _ClosedError(Exception):
    """The run is ending: nothing more is written down."""


class Ledger:
    """What has been measured, in the order of ``keys`` whichever board was first. Used by a thread a board.

    A key is model, implementation and board.
    """

    def __init__(self, keys: Sequence[tuple[str, str, str]], store: Store, record: Run, watcher: Watcher) -> None:
        self._lock = threading.Lock()
        self._store = store
        self._record = record
        self._watcher = watcher
        self._closed = False
        self._rank = {key: index for index, key in enumerate(keys)}

    def missing(self, case: Case, names: Sequence[str]) -> list[str]:
        """Return which of the metrics ``names`` of a case are not there yet."""
        with self._lock:
            done = {
                m.metric
                for m in self._record.measurements
                if m.key == case.key and m.provenance.get("model_sha256") == case.model.sha256
            }
        return [name for name in names if name not in done]

    def begin(self, case: Case) -> None:
        """Tell that a case begins."""
        with self._open():
            self._watcher.case_begins(case)

    def take(self, measurement: Measurement) -> None:
        """Write a measurement down and save; raises ``_ClosedError`` when the run is ending."""
        with self._open():
            with uninterrupted():  # what is told at the end of the run is what was saved
                self._record.measurements.append(measurement)
                self._record.measurements.sort(key=lambda m: self._rank.get(m.key, len(self._rank)))
                self._store.save(self._record)
            self._watcher.measured(measurement)

    @contextlib.contextmanager
    def _open(self) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise _ClosedError
            yield

    def close(self) -> None:
        """Take nothing more: what fails from now on fails because the run was stopped."""
        with self._lock:
            self._closed = True


class FirstFault:
    """What failed first about a board itself: the cases after that are skipped."""

    def __init__(self) -> None:
        self.skips = ""
        """Why the cases that are left are skipped; empty where none is."""

    def note(self, error: CaseError) -> None:
        """Take in how a case ended that was not skipped."""
        if isinstance(error, RigError):
            self.skips = f"skipped after the board's first fault: {error.message}"


def _run_board(plan: Plan, board: Board, workbench: Workbench, ledger: Ledger) -> None:
    """Measure the cases of one board. After its first fault the rest is skipped."""
    fault = FirstFault()
    for case in plan.cases():
        if case.board is not board:
            continue
        names = ledger.missing(case, plan.metrics)
        if not names:
            continue
        ledger.begin(case)
        measure = _CaseRun(case, workbench, names)
        try:
            for measurement in measure.fail_rest(Status.SKIPPED, fault.skips) if fault.skips else measure.run():
                ledger.take(measurement)
        except CaseError as error:
            fault.note(error)
            for measurement in measure.fail_rest(error.status, error.message, over(error)):
                ledger.take(measurement)


def over(error: CaseError) -> dict[str, Json]:
    """Return what a result says of a program that does not fit."""
    return error.details() if isinstance(error, DoesNotFitError) else {}


class _CaseRun:
    """The metrics of one case, in their order; what one of them finds wrong holds for those after it."""

    def __init__(self, case: Case, workbench: Workbench, names: Sequence[str]) -> None:
        self._case = case
        self._workbench = workbench
        self._waiting = {name: module for name, module in metrics.all_metrics().items() if name in names}
        self._built: Built | Oversized | None = None
        self._bench: RigBench | None = None

    def run(self) -> Iterator[Measurement]:
        built = self._built = self._workbench.build(self._case)
        for name in [name for name, module in self._waiting.items() if not module.NEEDS_RIG]:
            yield self._take(name, self._waiting[name].measure(built))
        if not self._waiting:
            return
        if isinstance(built, Oversized):
            raise built.refusal
        with self._workbench.bench(built) as bench:
            self._bench = bench
            yield from self._on_rig(bench)

    def _on_rig(self, bench: RigBench) -> Iterator[Measurement]:
        # A measurement of a wrong network is worth nothing, so the output is looked at whatever is asked for: on all
        # inputs where it is itself asked for, else on the first.
        asked = "output" in self._waiting
        self._workbench.say(f"{self._case}: output")
        reading = bench.persist(lambda: guarded(lambda: output.measure(bench, None if asked else 1), bench))
        if asked:
            yield self._take("output", reading)
        if reading.status is not Status.OK:
            yield from self.fail_rest(reading.status, reading.reason)
            return
        for name, module in list(self._waiting.items()):
            try:
                self._workbench.say(f"{self._case}: {name}")
                reading = bench.persist(partial(guarded, partial(module.measure, bench), bench))
            except (HungError, CrashedError) as error:
                yield self._take(name, failed(error.status, error.message))
                bench.recover(error)
            else:
                yield self._take(name, reading)

    def fail_rest(self, status: Status, reason: str, details: dict[str, Json] | None = None) -> Iterator[Measurement]:
        for name in list(self._waiting):
            yield self._take(name, failed(status, reason, details))

    def _take(self, name: str, reading: Reading) -> Measurement:
        del self._waiting[name]
        built = self._built
        provenance = self._case.provenance(self._workbench.provenance(built.build) if built else None)
        if built is not None:
            provenance |= {"arena_bytes": built.arena, "arena_probes": built.arena_probes}
        retries = self._workbench.retries(self._case)
        if retries is not None:
            provenance["retries"] = retries.take(self._bench.firmware.session if self._bench else None)
        return to_measurement(
            reading,
            model=self._case.model.name,
            implementation=self._case.implementation.name,
            board=self._case.board,
            metric=name,
            provenance=provenance,
        )


def to_measurement(
    reading: Reading, *, model: str, implementation: str, board: Board, metric: str, provenance: Mapping[str, Json]
) -> Measurement:
    """Return a reading as the measurement of a case, made now."""
    counted = reading.clock is not None and reading.clock.unit != "s" and reading.value is not None
    return Measurement(
        model=model,
        implementation=implementation,
        board=board.name,
        metric=metric,
        status=reading.status,
        reason=reading.reason,
        value=reading.value,
        unit=reading.unit,
        samples=reading.samples,
        clock=reading.clock,
        at_clock_s=reading.value / board.clock_hz if counted and reading.value is not None else None,
        details=reading.details,
        scores=reading.scores,
        provenance={
            **provenance,
            **({"no_cycle_model": board.no_plugin} if board.no_plugin else {}),
            "virtual": board.is_virtual,
            "clock_hz": board.clock_hz,
            "measured": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        },
    )


def failed(status: Status, reason: str, details: dict[str, Json] | None = None) -> Reading:
    """Return the reading of what has no value."""
    return Reading(value=None, unit="", status=status, reason=reason, details=details or {})
