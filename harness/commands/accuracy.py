"""``accuracy``: whether a network is still right on its board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import click

from harness.commands.carry_out import Means, carry_out, find_means
from harness.commands.options import Chosen, measuring
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.accuracy.examples import Choice
    from harness.accuracy.pipeline import OnBoard, Trial
    from harness.case import Settings
    from harness.config import Config
    from harness.models import Model
    from harness.pipeline import Plan, Watcher
    from harness.store import Run
    from harness.workbench import Workbench

_MLPERF = "mlperf-tiny"
_GOES_ON = ("port", "results", "as_json", "verbose")
"""Options that may be other ones when a run goes on."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options of this command alone."""

    samples: int | None = None
    seed: int = 0
    plain: bool = False
    task: str | None = None
    float_model: str | None = None
    protocol: str = "mcuprof"
    flashed: bool = False
    sent: str = "int8"
    model_id: str = "mcuprof"

    def choice(self) -> Choice:
        """Return which samples are wanted."""
        from harness.accuracy.examples import Choice
        from harness.accuracy.task import Task

        task = Task(self.task) if self.task else None
        return Choice(samples=self.samples, seed=self.seed, stratified=not self.plain, task=task)

    def on_board(self) -> OnBoard | None:
        """Return how samples are run, None for mcuprof's own protocol."""
        if self.protocol != _MLPERF:
            return None
        from harness.mlperf_tiny.runner import ByMlperf
        from harness.mlperf_tiny.variant import Sent

        return ByMlperf(model_id=self.model_id, sent=Sent(self.sent), flashed=self.flashed)

    def require_sense(self, chosen: Chosen) -> None:
        """Raise ``UsageError`` where options do not go together."""
        one_protocol = ("flashed", "sent", "model_id")
        if self.protocol != _MLPERF and any(getattr(self, name) != getattr(Asked(), name) for name in one_protocol):
            msg = f"--flashed, --sent and --model-id go with --protocol {_MLPERF}"
            raise UsageError(msg)
        if self.flashed and (len(chosen.models) != 1 or chosen.implementations):
            msg = "--flashed takes a board as it is, with one network on it: name exactly one MODEL, and no --impl"
            raise UsageError(msg)
        if self.float_model and len(chosen.models) != 1:
            msg = "--float-model belongs to one model: name exactly one MODEL with it"
            raise UsageError(msg)


@click.command("accuracy", epilog="Example:  mcuprof accuracy digits --board nano33ble-sim --samples 100 --seed 1")
@measuring
@click.option("--samples", type=click.IntRange(min=1), metavar="N", help="How many samples (default: all).")
@click.option("--seed", type=int, default=0, show_default=True, metavar="S", help="Chooses which samples.")
@click.option("--plain", is_flag=True, help="Choose samples whatever their class (default: each has its share).")
@click.option(
    "--task",
    type=click.Choice(["classifier", "regressor", "anomaly"]),
    help="What the network is for (default: by the data).",
)
@click.option("--float-model", metavar="MODEL", help="The float model that MODEL was quantized from.")
@click.option(
    "--protocol",
    type=click.Choice(["mcuprof", _MLPERF]),
    default="mcuprof",
    show_default=True,
    help="What the firmware speaks.",
)
@click.option("--flashed", is_flag=True, help=f"With {_MLPERF}: leave the board as it is, whoever has flashed it.")
@click.option(
    "--sent",
    type=click.Choice(["int8", "uint8"]),
    default="int8",
    show_default=True,
    help=f"With {_MLPERF}: what is sent for an int8 input, its own bytes or pixels from 0 to 255.",
)
@click.option("--model-id", default="mcuprof", metavar="NAME", help=f"With {_MLPERF}: its name, such as kws01.")
@click.option("--resume", is_flag=True, help="Go on with the last run that was cut off.")
def accuracy(*, resume: bool, **options: Any) -> int:  # noqa: ANN401
    """Run a data set on the board, and score what comes out beside the host's interpreter and the labels.

    Classifiers: accuracy, precision, recall, F1, confusion matrix; regressors: MSE, MAE, MAPE, R2; anomaly detectors:
    AUC. What was lost is told apart by quantization, implementation and board, and each inference is timed.
    """
    from harness import config
    from harness.store import Kind, Store

    asked = Asked(**{field.name: options.pop(field.name) for field in fields(Asked)})
    chosen = Chosen(**options)
    settings_file = config.load()
    record: Run | None = None
    if resume:
        _require_nothing_else(chosen, asked)
        store = Store(chosen.results or settings_file.results_folder())
        record = store.latest_unfinished(Kind.ACCURACY)
        chosen, asked = _asked_again(record, chosen)
    else:
        asked.require_sense(chosen)
    return _measure(chosen, asked, settings_file, record)


def _measure(chosen: Chosen, asked: Asked, settings_file: Config, record: Run | None) -> int:
    from harness import pipeline
    from harness.accuracy import pipeline as accuracy_pipeline
    from harness.commands import measure
    from harness.metrics import ACCURACY

    chosen = measure.with_defaults(chosen, settings_file)
    if asked.flashed:
        chosen = replace(chosen, implementations=())
    chosen.require_one_model_for_data()
    settings = measure.settings_of(chosen, settings_file)
    names = (ACCURACY,)
    plan = measure.plan_of(chosen, names, settings, settings_file)
    prepared = {model.sha256: _Prepared(model, settings, asked) for model in plan.models}
    measure.require_known(plan, settings)
    if asked.flashed:
        plan, means = _flashed(plan, chosen, settings_file, settings)
    else:
        means = find_means(chosen, settings_file, settings, plan.boards, needs_rig=True)
        plan = _with_clocks(plan, chosen, asked)
    if record is not None:
        measure.require_same_cases(record, plan)
    else:
        what = measure.plan_json(chosen, names, plan, settings) | {"accuracy": asdict(asked)}
        record = means.store.begin(what, pipeline.host_facts())

    def work(bench: Workbench, watcher: Watcher) -> None:
        job = accuracy_pipeline.Work(
            plan=plan,
            trials={digest: each.on_host(bench) for digest, each in prepared.items()},
            workbench=bench,
            journal=accuracy_pipeline.journals(means.store, record),
            on_board=asked.on_board(),
        )
        accuracy_pipeline.run(job, means.store, record, watcher)

    return carry_out(chosen, means, record, len(plan.cases()), work)


def _with_clocks(plan: Plan, chosen: Chosen, asked: Asked) -> Plan:
    """Return ``plan`` with the clocks that times are read from; MLPerf Tiny's firmware stamps by ``micros()``."""
    from harness.boards import as_sketches_read
    from harness.commands import measure

    if asked.protocol == _MLPERF:
        return replace(plan, boards=[as_sketches_read(board) for board in plan.boards])
    return measure.with_usable_clocks(plan, chosen)


def _flashed(plan: Plan, chosen: Chosen, settings_file: Config, settings: Settings) -> tuple[Plan, Means]:
    """Return what is measured on boards that nothing is built for: neither core nor compiler has to be there."""
    from harness.opaque import Opaque
    from harness.port_choice import choose_ports, require_ports

    virtual = [board.name for board in plan.boards if board.is_virtual]
    if virtual:
        msg = f"--flashed is for real boards: the virtual {virtual[0]} is made anew, and empty, each time"
        raise UsageError(msg)
    ports = choose_ports(plan.boards, chosen.port, settings_file.port_of)
    require_ports(plan.boards, ports)
    means = find_means(chosen, settings_file, settings, (), needs_rig=False)
    what = "what was flashed before, by whomever"
    unknown = Opaque(name="flashed", what=what, facts={"runs_on": what})
    return replace(plan, implementations=[unknown]), replace(means, ports=ports)


class _Prepared:
    """A model's samples, looked at before any work, and still to be run on the host."""

    def __init__(self, model: Model, settings: Settings, asked: Asked) -> None:
        from harness import models
        from harness.accuracy import host
        from harness.accuracy.examples import choose_examples

        self._examples = choose_examples(model, settings.data, asked.choice())
        self._floats = models.load(asked.float_model) if asked.float_model else None
        if self._floats is not None:
            host.require_float(self._examples, self._floats)

    def on_host(self, bench: Workbench) -> Trial:
        """Run the samples on the host."""
        from harness.accuracy import host
        from harness.accuracy.pipeline import Trial

        bench.say(f"{self._examples.model.name}: {self._examples.how} on the host")
        return Trial(
            examples=self._examples,
            host=host.predict(self._examples),
            of_floats=host.predict_float(self._examples, self._floats) if self._floats else None,
            data=self._examples.digest(),
        )


def _require_nothing_else(chosen: Chosen, asked: Asked) -> None:
    nothing = Chosen(models=(), boards=(), implementations=())
    same: Mapping[str, Any] = {name: getattr(nothing, name) for name in _GOES_ON}
    if replace(chosen, **same) != nothing or asked != Asked():
        msg = "--resume goes on with what the run was asked for: give nothing but --port, --results, --json and -v"
        raise UsageError(msg)


def _asked_again(record: Run, now: Chosen) -> tuple[Chosen, Asked]:
    from harness.commands import measure

    try:
        chosen, _ = measure.chosen_again(record.plan, now)
        found: Any = record.plan["accuracy"]
        asked = Asked(**found)
        asked.choice()
    except (KeyError, TypeError, ValueError) as error:
        msg = f"run {record.id} does not say what it was asked for (no {error}): start a new run"
        raise UsageError(msg) from error
    return chosen, asked
