"""``flash-size``, ``ram-search``, ``timing`` and ``run``: the commands that measure."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.carry_out import carry_out, find_means, require_uploads
from harness.commands.options import DEFAULT_BOARD, TIMEOUT, Chosen, measuring, own_sketch, with_tuning
from harness.errors import MissingError, UsageError

if TYPE_CHECKING:
    from harness.boards import Board
    from harness.case import Settings
    from harness.config import Config
    from harness.pipeline import Plan, Watcher
    from harness.store import Run
    from harness.workbench import Workbench

_RUNS = click.option(
    "--runs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Timed runs a case (default: 128; 3 on a virtual board, which repeats exactly).",
)


@click.command("flash-size", epilog="Example:  mcuprof flash-size person_detection --board nano33ble-sim --opt O2")
@measuring
@own_sketch
def flash_size(**options: Any) -> int:  # noqa: ANN401
    """Measure the size of the program, by section and by part."""
    return _measure(Chosen(**options), ("flash",))


@click.command("ram-search", epilog="Example:  mcuprof ram-search keyword_spotting --board nano33ble-sim")
@measuring
@click.option(
    "--method",
    type=click.Choice(["one-flash", "reflash"]),
    help="Ask the program on the board for each size (the default), or upload a program for each.",
)
@own_sketch
@click.option(
    "--max",
    "most",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --sketch: a size with which it does not work (default: the board's RAM).",
)
@TIMEOUT
def ram_search(**options: Any) -> int:  # noqa: ANN401
    """Search for the RAM that stays unused, to the byte.

    It is the largest block that can be taken off the heap before start-up with which inference still works; with
    --sketch, the largest $alloc_size with which the sketch still prints 1.
    """
    return _measure(Chosen(**options), ("ram",))


@click.command("timing", epilog="Example:  mcuprof timing my_model.tflite --impl tflm --board nano33ble-sim")
@measuring
@_RUNS
@own_sketch
@TIMEOUT
def timing(**options: Any) -> int:  # noqa: ANN401
    """Measure how long the network starts up and runs, once its output is known to be right.

    With --sketch, the times are those that the sketch prints, in microseconds.
    """
    return _measure(Chosen(**options), ("init", "inference"))


@click.command("run", epilog="Example:  mcuprof run my_model.tflite --board nano33ble-sim --board spresense-sim")
@measuring
@_RUNS
@click.option("--resume", is_flag=True, help="Go on with the last run that was cut off.")
def run(*, resume: bool, **options: Any) -> int:  # noqa: ANN401
    """Measure everything: flash, RAM, start-up, inference and output."""
    from harness import metrics

    chosen = Chosen(**options)
    if resume and replace(chosen, port=None, results=None, as_json=False, verbose=False) != Chosen(
        models=(), boards=(), implementations=()
    ):
        msg = "--resume goes on with what the run was asked for: give nothing but --port, --results, --json and -v"
        raise UsageError(msg)
    return _measure(chosen, tuple(metrics.all_metrics()), resume=resume)


def _measure(chosen: Chosen, names: tuple[str, ...], *, resume: bool = False) -> int:
    """Measure, report, and return the exit code: 1 where a case failed, 4 where one is over its budget, else 0."""
    from harness import config, metrics, pipeline
    from harness.case import Method
    from harness.store import Store

    if chosen.sketch is not None:
        from harness.commands.measure_sketch import measure_sketch

        return measure_sketch(chosen, names[-1])  # of times, what a sketch prints is the inference
    chosen.require_no_sketch_options()
    settings_file = config.load()
    results = chosen.results or settings_file.results_folder()
    store = Store(results)
    record: Run | None = None
    if resume:
        record = store.latest_unfinished()
        try:
            chosen, names = chosen_again(record.plan, chosen)
        except (KeyError, TypeError) as error:
            msg = f"run {record.id} does not say what it was asked for (no {error}): start a new run"
            raise UsageError(msg) from error
    chosen = with_defaults(chosen, settings_file)
    chosen.require_one_model_for_data()
    settings = settings_of(chosen, settings_file)
    plan = plan_of(chosen, names, settings, settings_file)
    require_known(plan, settings)
    needs_rig = any(metrics.all_metrics()[name].NEEDS_RIG for name in names)
    means = find_means(chosen, settings_file, settings, plan.boards, needs_rig=needs_rig)
    if needs_rig:
        plan = with_usable_clocks(plan, chosen)
    if settings.method is Method.REFLASH:
        require_uploads(means, "--method reflash")
    if record is not None:
        require_same_cases(record, plan)
    else:
        record = store.begin(plan_json(chosen, names, plan, settings), pipeline.host_facts())

    def work(bench: Workbench, watcher: Watcher) -> None:
        pipeline.run(plan, bench, store, record, watcher)

    return carry_out(chosen, means, record, len(plan.cases()) * len(names), work)


def with_board(chosen: Chosen, settings_file: Config) -> Chosen:
    """Return ``chosen`` with the default board where none was named, and say which."""
    if chosen.boards:
        return chosen
    name, why = default_board(settings_file)
    click.echo(f"mcuprof: no --board given: using {name}{why}", err=True)
    return replace(chosen, boards=(name,))


def with_defaults(chosen: Chosen, settings_file: Config) -> Chosen:
    """Return what was chosen with a board, models and implementations where none were named."""
    from harness import implementations, models

    chosen = with_board(chosen, settings_file)
    if not chosen.models:
        chosen = replace(chosen, models=models.DEFAULT_MODELS)
    return replace(chosen, implementations=chosen.implementations or tuple(implementations.names()))


def default_board(settings_file: Config) -> tuple[str, str]:
    """Return the board to use where none is named, and why it is that one, to stand behind its name."""
    if settings_file.board:
        return settings_file.board, ""
    from harness import ports, serial_port

    found = ports.only_one(settings_file.load_boards(), serial_port.attached())
    return (found[0], f", the only known board attached (at {found[1].path})") if found else (DEFAULT_BOARD, "")


def settings_of(chosen: Chosen, settings_file: Config) -> Settings:
    """Return what was chosen for the whole run."""
    from harness.case import Method, Settings
    from harness.compiler.strategy import Weights

    settings = Settings(
        runs=chosen.runs,
        inputs=chosen.inputs,
        data=chosen.data,
        optimization=chosen.optimization or settings_file.optimization,
        arena=chosen.arena,
        fuse=not chosen.no_fuse,
        weights=settings_file.weights if chosen.weights is None else Weights(chosen.weights),
        tflm_library=chosen.tflm_library or settings_file.path("tflm_library"),
        sketchbook=chosen.sketchbook or settings_file.path("sketchbook"),
        method=Method(chosen.method or Method.ONE_FLASH.value),
    )
    results = chosen.results or settings_file.results_folder()
    return with_tuning(settings, settings_file, results, tuning=chosen.tuning, no_tuning=chosen.no_tuning)


def require_known(plan: Plan, settings: Settings) -> None:
    """Raise where data do not fit a model or a library is not there, before the work and not within it."""
    from harness import models

    for model in plan.models:
        models.sample_inputs(model, 1, settings.data)
    for implementation in plan.implementations:
        implementation.describe()


def plan_of(chosen: Chosen, names: tuple[str, ...], settings: Settings, settings_file: Config) -> Plan:
    """Return the cases to measure ``names`` of; raises ``UsageError`` for what cannot be."""
    from harness import implementations, models
    from harness.fitting import Choices
    from harness.pipeline import Plan

    loaded = [models.load(name) for name in dict.fromkeys(chosen.models)]
    twice = {model.name for model in loaded if sum(model.name == other.name for other in loaded) > 1}
    if twice:
        msg = f"two models have the name {twice.pop()!r}: a table could not tell them apart; rename one file"
        raise UsageError(msg)
    untried = [name for name in implementations.names() if name not in chosen.implementations]
    known: Sequence[Board] = ()
    with contextlib.suppress(UsageError):  # a damaged file of a board that is not asked for
        known = settings_file.load_boards()
    return Plan(
        models=loaded,
        implementations=[implementations.create(name, settings) for name in dict.fromkeys(chosen.implementations)],
        boards=[chosen_board(name, chosen, settings_file) for name in dict.fromkeys(chosen.boards)],
        metrics=names,
        choices=Choices(boards=known, untried=[implementations.create(name, settings) for name in untried]),
    )


def chosen_board(name: str, chosen: Chosen, settings_file: Config) -> Board:
    """Return the board ``name`` with the chosen clock; raises ``UsageError`` where it has no such clock."""
    from harness.boards import with_clock
    from harness.types import Clock

    board = settings_file.load_board(name)
    return with_clock(board, Clock(chosen.clock)) if chosen.clock else board


def with_usable_clocks(plan: Plan, chosen: Chosen, *, profiled: bool = False) -> Plan:
    """Return ``plan`` with boards as ``usable_boards`` gives them."""
    return replace(plan, boards=usable_boards(plan.boards, chosen, profiled=profiled))


def usable_boards(boards: Sequence[Board], chosen: Chosen, *, profiled: bool = False) -> Sequence[Board]:
    """Return ``boards`` with times in instructions where the cycle model cannot be had, and say so.

    ``profiled`` is whether it is wanted even where times are instructions. Raises ``MissingError`` where it was
    asked for by name.
    """
    from harness.boards import without_plugin
    from harness.types import Clock

    def wants_plugin(board: Board) -> bool:
        return board.virtual is not None and (board.cycles is not None or profiled)

    why = _no_cycle_model() if any(map(wants_plugin, boards)) else ""
    if not why:
        return boards
    if chosen.clock == Clock.CYCLE_MODEL.value:
        msg = f"--clock cycle-model: {why}"
        raise MissingError(msg)
    names = " and ".join(board.name for board in boards if wants_plugin(board))
    click.echo(f"mcuprof: times on {names} are instructions, not cycles: {why}", err=True)
    return [without_plugin(board, why) if wants_plugin(board) else board for board in boards]


def _no_cycle_model() -> str:
    from harness.virtual import cycle_model, qemu

    return cycle_model.unusable(qemu.PROGRAM)


def plan_json(chosen: Chosen, names: tuple[str, ...], plan: Plan, settings: Settings) -> dict[str, Any]:
    """Return what a results file says of what was asked for."""
    return {
        "command": ["mcuprof", *sys.argv[1:]],
        "models": [
            name if name == model.name else str(model.path.resolve())
            for name, model in zip(dict.fromkeys(chosen.models), plan.models, strict=True)
        ],
        "implementations": list(chosen.implementations),
        "boards": list(chosen.boards),
        "metrics": list(names),
        "optimization": settings.optimization,
        "arena": chosen.arena,
        "no_fuse": chosen.no_fuse,
        "weights": settings.weights.value,
        "tuning": settings.objective.value if settings.tuning else "off",
        "tflm_library": str(chosen.tflm_library.resolve()) if chosen.tflm_library else None,
        "sketchbook": str(chosen.sketchbook.resolve()) if chosen.sketchbook else None,
        "clock": chosen.clock,
        "port": chosen.port,
        "data": str(chosen.data.resolve()) if chosen.data else None,
        "inputs": chosen.inputs,
        "runs": chosen.runs,
        "method": chosen.method,
    }


def chosen_again(plan: Mapping[str, Any], now: Chosen) -> tuple[Chosen, tuple[str, ...]]:
    """Return what the run was asked for, with the output options of this call."""

    def path(key: str) -> Path | None:
        return Path(plan[key]) if plan.get(key) else None

    chosen = Chosen(
        models=tuple(plan["models"]),
        boards=tuple(plan["boards"]),
        implementations=tuple(plan["implementations"]),
        optimization=plan["optimization"],
        arena=plan["arena"],
        no_fuse=plan.get("no_fuse", False),
        weights=plan.get("weights"),
        tuning=plan.get("tuning", "off"),
        tflm_library=path("tflm_library"),
        sketchbook=path("sketchbook"),
        clock=plan.get("clock"),
        port=now.port or plan.get("port"),
        data=path("data"),
        inputs=plan["inputs"],
        runs=plan["runs"],
        method=plan.get("method"),
        results=now.results,
        as_json=now.as_json,
        verbose=now.verbose,
    )
    return chosen, tuple(plan["metrics"])


def require_same_cases(record: Run, plan: Plan) -> None:
    """Raise ``UsageError`` when something has changed since the run began: one table cannot hold both."""
    models = {model.name: model.sha256 for model in plan.models}
    boards = {board.name: board.digest for board in plan.boards}
    libraries = {each.name: each.provenance().get("tflm_digest") for each in plan.implementations}
    tunings = _tunings(record, plan)
    for m in record.measurements:
        for what, name, then, now in (
            ("model", m.model, m.provenance.get("model_sha256"), models.get(m.model)),
            ("board", m.board, m.provenance.get("board_digest"), boards.get(m.board)),
            ("library of", m.implementation, m.provenance.get("tflm_digest"), libraries.get(m.implementation)),
            ("tuning of", m.model, m.provenance.get("tuning"), tunings.get(m.key)),
        ):
            if then != now:
                msg = f"the {what} {name} has changed since run {record.id} began: start a new run"
                raise UsageError(msg)


def _tunings(record: Run, plan: Plan) -> dict[tuple[str, str, str], str | None]:
    """Return which schedules of tuning the cases would have now that have been measured with some or none."""
    models = {each.name: each for each in plan.models}
    implementations = {each.name: each for each in plan.implementations}
    boards = {each.name: each for each in plan.boards}
    told = {m.key for m in record.measurements if "tuning" in m.provenance}
    return {
        (model, name, board): implementations[name].provenance_of(models[model], boards[board]).get("tuning")
        for model, name, board in told
    }
