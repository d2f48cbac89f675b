"""``accuracy``: whether a network is still right on its board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from harness.commands.carry_out import Means, carry_out, find_means
from harness.commands.options import Chosen, measuring
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.accuracy.examples import Choice
    from harness.accuracy.pipeline import Trial
    from harness.case import Settings
    from harness.config import Config
    from harness.models import Model
    from harness.pipeline import Plan, Watcher
    from harness.store import Run
    from harness.workbench import Workbench

_GOES_ON = ("port", "results", "as_json", "verbose")
"""Options that may be other ones when a run goes on."""


@click.command("accuracy", epilog="Example:  mcuprof accuracy digits --board nano33ble-sim --samples 100 --seed 1")
@measuring
@click.option("--samples", type=click.IntRange(min=1), metavar="N", help="How many samples (default: all).")
@click.option("--seed", type=int, default=0, show_default=True, metavar="S", help="Chooses which samples.")
@click.option(
    "--plain", is_flag=True, help="Choose samples whatever their class (default: each class has its share)."
)
@click.option(
    "--task",
    type=click.Choice(["classifier", "regressor", "anomaly"]),
    help="What the network is for (default: by the data).",
)
@click.option("--float-model", metavar="MODEL", help="The float model that MODEL was quantized from.")
@click.option("--resume", is_flag=True, help="Go on with the last run that was cut off.")
def accuracy(
    *,
    samples: int | None,
    seed: int,
    plain: bool,
    task: str | None,
    float_model: str | None,
    resume: bool,
    **options: Any,  # noqa: ANN401
) -> int:
    """Run a data set on the board, and score what comes out beside the host's interpreter and the labels.

    Classifiers: accuracy, precision, recall, F1, confusion matrix; regressors: MSE, MAE, MAPE, R2; anomaly detectors:
    AUC. What was lost is told apart by quantization, implementation and board, and each inference is timed.
    """
    from harness import config
    from harness.store import Kind, Store

    chosen = Chosen(**options)
    settings_file = config.load()
    asked: dict[str, Any] = {
        "samples": samples, "seed": seed, "plain": plain, "task": task, "float_model": float_model
    }  # fmt: skip
    record: Run | None = None
    if resume:
        _require_nothing_else(chosen, asked)
        store = Store(chosen.results or settings_file.results_folder())
        record = store.latest_unfinished(Kind.ACCURACY)
        chosen, asked = _asked_again(record, chosen)
    return _measure(chosen, asked, settings_file, record)


def _measure(chosen: Chosen, asked: Mapping[str, Any], settings_file: Config, record: Run | None) -> int:
    from harness import pipeline
    from harness.accuracy import pipeline as accuracy_pipeline
    from harness.commands import measure

    chosen = measure.with_defaults(chosen, settings_file)
    chosen.require_one_model_for_data()
    settings = measure.settings_of(chosen, settings_file)
    names = (accuracy_pipeline.METRIC,)
    plan = measure.plan_of(chosen, names, settings, settings_file)
    trials = _prepared(plan, settings, asked)
    measure.require_known(plan, settings)
    means = find_means(chosen, settings_file, settings, plan.boards, needs_rig=True)
    if record is not None:
        measure.require_same_cases(record, plan)
    else:
        what = measure.plan_json(chosen, names, plan, settings) | {"accuracy": dict(asked)}
        record = means.store.begin(what, pipeline.host_facts())
    return _carry_out(chosen, means, record, plan, trials)


def _carry_out(chosen: Chosen, means: Means, record: Run, plan: Plan, trials: Mapping[str, _Prepared]) -> int:
    from harness.accuracy import pipeline

    def work(bench: Workbench, watcher: Watcher) -> None:
        tried = {digest: prepared.on_host(bench) for digest, prepared in trials.items()}
        job = pipeline.Work(plan=plan, trials=tried, workbench=bench, journal=pipeline.journals(means.store, record))
        pipeline.run(job, means.store, record, watcher)

    try:
        return carry_out(chosen, means, record, len(plan.cases()), work, may_go_on=False)
    finally:
        if record.finished is None and means.store.path(record).is_file():
            click.echo(
                "mcuprof: what was measured is saved; `mcuprof accuracy --resume` goes on from there", err=True
            )


class _Prepared:
    """A model's samples, looked at before any work, and still to be run on the host."""

    def __init__(self, model: Model, settings: Settings, asked: Mapping[str, Any]) -> None:
        from harness import models
        from harness.accuracy import host
        from harness.accuracy.examples import choose_examples

        self._examples = choose_examples(model, settings.data, _choice(asked))
        self._floats = models.load(asked["float_model"]) if asked["float_model"] else None
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
        )


def _prepared(plan: Plan, settings: Settings, asked: Mapping[str, Any]) -> dict[str, _Prepared]:
    if asked["float_model"] and len(plan.models) != 1:
        msg = "--float-model belongs to one model: name exactly one MODEL with it"
        raise UsageError(msg)
    return {model.sha256: _Prepared(model, settings, asked) for model in plan.models}


def _choice(asked: Mapping[str, Any]) -> Choice:
    from harness.accuracy.examples import Choice
    from harness.accuracy.task import Task

    task = Task(asked["task"]) if asked["task"] else None
    return Choice(samples=asked["samples"], seed=asked["seed"], stratified=not asked["plain"], task=task)


def _require_nothing_else(chosen: Chosen, asked: Mapping[str, Any]) -> None:
    nothing = Chosen(models=(), boards=(), implementations=())
    same = {name: getattr(nothing, name) for name in _GOES_ON}
    if replace(chosen, **same) != nothing or any(asked.values()):
        msg = "--resume goes on with what the run was asked for: give nothing but --port, --results, --json and -v"
        raise UsageError(msg)


def _asked_again(record: Run, now: Chosen) -> tuple[Chosen, dict[str, Any]]:
    from harness.commands import measure

    try:
        chosen, _ = measure.chosen_again(record.plan, now)
        found: Any = record.plan["accuracy"]
        asked = {name: found[name] for name in ("samples", "seed", "plain", "task", "float_model")}
        _choice(asked)
        return chosen, asked
    except (KeyError, TypeError, ValueError) as error:
        msg = f"run {record.id} does not say what it was asked for (no {error}): start a new run"
        raise UsageError(msg) from error
