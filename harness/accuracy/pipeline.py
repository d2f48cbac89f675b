"""Measures the accuracy of each case, board beside board, and saves as a run of networks does."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from harness import crew
from harness.accuracy import losses, measure, prediction
from harness.accuracy.examples import Examples
from harness.accuracy.host import OnHost
from harness.accuracy.journal import Journal
from harness.accuracy.losses import Base, Outcome
from harness.accuracy.prediction import Prediction
from harness.accuracy.scores import LESS_IS_BETTER, PRIMARY, Scored, score
from harness.arena import guarded
from harness.boards import Board
from harness.builds import Program
from harness.case import Built, Case, Oversized
from harness.correctness import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE
from harness.errors import CaseError, UsageError
from harness.metrics import ACCURACY
from harness.pipeline import FirstFault, Ledger, Plan, Watcher, failed, over, to_measurement
from harness.store import Run, Store
from harness.types import Json, Measurement, Reading, Status
from harness.wire_log import file_name
from harness.workbench import Workbench

UNITS = {"accuracy": "share", "auc": "AUC", "mse": "MSE"}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A model with its samples, and what the host makes of them."""

    examples: Examples
    host: OnHost
    of_floats: OnHost | None = None
    """By the float model, where one was given."""
    data: str = ""
    """Digest of the samples and their labels; empty where it was not taken."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a board made of the samples."""

    predictions: Sequence[Prediction]
    build: Program | None = None
    arena: int | None = None
    arena_probes: int = 0


OpenJournal = Callable[[Case, Mapping[str, Json]], Journal]


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is to be measured, and with what."""

    plan: Plan
    trials: Mapping[str, Trial]
    """By the digest of the model."""
    workbench: Workbench
    journal: OpenJournal
    """Opens the journal of a case, given what its samples depend on."""
    on_board: OnBoard | None = None
    """How samples are run where it is not by the profiling firmware."""


OnBoard = Callable[[Case, Trial, Work], Done]
"""Runs the samples that the journal lacks on the board of a case; raises ``CaseError``."""


def run(work: Work, store: Store, record: Run, watcher: Watcher) -> None:
    """Measure every case of the plan that ``record`` does not have, boards at once."""
    _require_same_data(work.trials, record)
    ledger = Ledger([case.key for case in work.plan.cases()], store, record, watcher)

    def interrupt() -> None:
        ledger.close()
        work.workbench.interrupt()

    crew.run_all([partial(_run_board, board, work, ledger) for board in work.plan.boards], interrupt)
    record.measurements = list(with_losses(record.measurements, work.trials))
    store.finish(record)


def _require_same_data(trials: Mapping[str, Trial], record: Run) -> None:
    """Raise ``UsageError`` where a case was measured with other samples: one table cannot hold both."""
    for measurement in record.measurements:
        trial = trials.get(str(measurement.provenance.get("model_sha256")))
        then = measurement.provenance.get("data_digest")
        if trial is not None and then is not None and then != trial.data:
            msg = f"the data set of {measurement.model} has changed since run {record.id} began: start a new run"
            raise UsageError(msg)


def journals(store: Store, record: Run) -> OpenJournal:
    """Return how to open the journals of a run, one a case, in its folder of samples."""

    def opened(case: Case, depends_on: Mapping[str, Json]) -> Journal:
        name = file_name(str(case)).removesuffix(".log")
        return Journal(store.samples_folder(record) / f"{name}.samples", depends_on)

    return opened


def _run_board(board: Board, work: Work, ledger: Ledger) -> None:
    """Measure the cases of one board. After its first fault the rest is skipped."""
    fault = FirstFault()
    for case in work.plan.cases():
        if case.board is not board or not ledger.missing(case, [ACCURACY]):
            continue
        ledger.begin(case)
        trial = work.trials[case.model.sha256]
        if fault.skips:
            skipped = failed(Status.SKIPPED, fault.skips)
            ledger.take(_measurement(case, skipped, None, work.workbench, trial.data))
            continue
        done: Done | None = None
        try:
            done = (work.on_board or _by_firmware)(case, trial, work)
            reading = reading_of(trial, done.predictions, board)
        except CaseError as error:
            fault.note(error)
            reading = failed(error.status, error.message, over(error))
        ledger.take(_measurement(case, reading, done, work.workbench, trial.data))


def _by_firmware(case: Case, trial: Trial, work: Work) -> Done:
    """Build a case and run the samples that its journal lacks; raises ``CaseError``."""
    built = work.workbench.build(case)
    if isinstance(built, Oversized):
        raise built.refusal
    with work.journal(case, depends_on(trial, build=built.build.key)) as kept:
        found = _predict(built, trial, work.workbench, kept)
    return Done(predictions=found, build=built.build, arena=built.arena, arena_probes=built.arena_probes)


def depends_on(trial: Trial, **more: Json) -> dict[str, Json]:
    """Return what the samples of a case depend on."""
    return {"model": trial.examples.model.sha256, "task": trial.examples.task.value, **more}


def _predict(built: Built, trial: Trial, workbench: Workbench, journal: Journal) -> list[Prediction]:
    def say(text: str) -> None:
        workbench.say(f"{built.case}: {text}")

    count, done = len(trial.examples.indices), len(journal)
    with workbench.bench(built) as bench:
        say(f"{count:,} samples, {done:,} of them measured before" if done else f"{count:,} samples")

        def predict() -> list[Prediction]:
            return measure.predict(trial.examples, measure.FirmwareRunner(bench, trial.examples), journal, say)

        return bench.persist(lambda: guarded(predict, bench))


def reading_of(trial: Trial, predictions: Sequence[Prediction], board: Board) -> Reading:
    """Return what predictions on a board come to."""
    examples = trial.examples
    scored = score(examples.task, examples.targets, predictions)
    primary = PRIMARY[examples.task]
    same = [_alike(*pair, trial) for pair in zip(trial.host.predictions, predictions, strict=False)]
    details: dict[str, Json] = {
        "task": examples.task.value,
        "samples": len(predictions),
        "samples_are": examples.how,
        "data": examples.dataset.source,
        "classes": list(examples.classes()),
        **scored.details,
        "outputs": _outputs(trial.host.predictions if same and all(same) else predictions),
        "host": on_host(trial.host),
        "time": _times(predictions, board),
    }
    if same and all(found.digest for found in predictions):
        details["same_outputs_as_host"] = sum(same)
    if trial.of_floats is not None:
        details["float_model"] = on_host(trial.of_floats)
    if primary not in scored.scores:
        return Reading(
            value=None, unit="", status=Status.UNSUPPORTED, reason=str(scored.details["note"]), details=details
        )
    return Reading(value=scored.scores[primary], unit=UNITS[primary], scores=scored.scores, details=details)


def _alike(host: Prediction, found: Prediction, trial: Trial) -> bool:
    """Whether outputs are the same: in every bit or, of floats, which may be summed in another order, nearly so."""
    if not trial.examples.model.outputs[0].dtype.startswith("float"):
        return host.digest == found.digest
    near = partial(math.isclose, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
    return bool(found.digest) and all(map(near, host.values, found.values))


def on_host(found: OnHost) -> dict[str, Json]:
    """Return what the host's interpreter came to, as JSON values."""
    scores: Scored | None = found.scored
    return {"by": found.by, "scores": dict(scores.scores) if scores else {}, "outputs": _outputs(found.predictions)}


def _outputs(predictions: Sequence[Prediction]) -> str:
    """Return what stands for all outputs: equal where every one of them is, in every bit."""
    known = predictions and all(found.digest for found in predictions)
    return prediction.digest([found.digest.encode() for found in predictions]) if known else ""


def _times(predictions: Sequence[Prediction], board: Board) -> dict[str, Json]:
    """Return the times of an inference, in the unit of the board's clock, and how long a sample took to be run."""
    times = [time for found in predictions for time in found.times]
    if not times:
        return {}
    median = statistics.median(times)
    counted = board.clock.unit != "s"
    return {
        "median": median,
        "minimum": min(times),
        "maximum": max(times),
        "unit": board.clock.unit,
        "clock": board.clock.value,
        "at_clock_s": median / board.clock_hz if counted else median,
        "sample_s_by_host": statistics.median(found.took_s for found in predictions),
    }


def _measurement(case: Case, reading: Reading, done: Done | None, workbench: Workbench, data: str) -> Measurement:
    build = done.build if done else None
    provenance = case.provenance(workbench.provenance(build) if build else None)
    if data:
        provenance["data_digest"] = data
    if done is not None and build is not None:
        provenance |= {"arena_bytes": done.arena, "arena_probes": done.arena_probes}
    retries = workbench.retries(case)
    if retries is not None:
        provenance["retries"] = retries.take()
    return to_measurement(
        reading,
        model=case.model.name,
        implementation=case.implementation.name,
        board=case.board,
        metric=ACCURACY,
        provenance=provenance,
    )


def with_losses(measurements: Sequence[Measurement], trials: Mapping[str, Trial]) -> Iterator[Measurement]:
    """Yield the measurements, those of accuracy with where it was lost: that takes all boards to tell."""
    for measurement in measurements:
        trial = trials.get(str(measurement.provenance.get("model_sha256")))
        if trial is None or not measurement.scores:
            yield measurement
            continue
        alike = [m for m in measurements if m.model == measurement.model and m.scores]
        found = losses.attribute([_outcome(m) for m in alike], _base(trial))[alike.index(measurement)]
        lost: dict[str, Json] = {
            "quantization": found.quantization,
            "implementation": found.implementation,
            "board": found.board,
            "note": found.note,
        }
        yield replace(measurement, details={**measurement.details, "losses": lost})


def _outcome(measurement: Measurement) -> Outcome:
    return Outcome(
        implementation=measurement.implementation,
        board=measurement.board,
        score=measurement.value or 0.0,
        outputs=str(measurement.details["outputs"]),
    )


def _base(trial: Trial) -> Base:
    primary = PRIMARY[trial.examples.task]

    def of(found: OnHost | None) -> float | None:
        return found.scored.scores.get(primary) if found is not None and found.scored is not None else None

    return Base(
        of_floats=of(trial.of_floats),
        of_model=of(trial.host),
        outputs=_outputs(trial.host.predictions),
        less_is_better=primary in LESS_IS_BETTER,
    )
