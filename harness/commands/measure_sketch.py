"""``flash-size``, ``ram-search`` and ``timing`` with ``--sketch``: a sketch of the user's own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from harness.commands.carry_out import Means, carry_out, find_means, require_uploads
from harness.commands.options import Chosen
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.boards import Board
    from harness.case import Settings
    from harness.config import Config
    from harness.own.pipeline import Task
    from harness.own.sketch import OwnSketch
    from harness.pipeline import Watcher
    from harness.workbench import Workbench

_OF_NETWORKS = {
    "models": "MODEL",
    "implementations": "--impl",
    "arena": "--arena",
    "no_fuse": "--no-fuse",
    "weights": "--weights",
    "tuning": "--tuning",
    "no_tuning": "--no-tuning",
    "tflm_library": "--tflm-library",
    "clock": "--clock",
    "data": "--data",
    "inputs": "--inputs",
}
"""Parameters that mean a network, and how a user writes them."""
_LONGEST_S = 100_000


def measure_sketch(chosen: Chosen, metric: str) -> int:
    """Measure ``metric`` of the chosen sketch and return the exit code."""
    from harness import config, pipeline
    from harness.boards import as_sketches_read
    from harness.commands.measure import chosen_board, with_board
    from harness.own import pipeline as own_pipeline

    _require_sense(chosen, metric)
    sketch = _read(chosen, metric)
    settings_file = config.load()
    chosen = with_board(chosen, settings_file)
    boards = [chosen_board(name, chosen, settings_file) for name in dict.fromkeys(chosen.boards)]
    if metric != "inference":
        boards = [as_sketches_read(board) for board in boards]  # nobody asks for cycles
    on_rig = metric != "flash"
    means = find_means(chosen, settings_file, _settings(chosen, settings_file), boards, needs_rig=on_rig)
    if on_rig:
        require_uploads(means, "--sketch")
    task = _task(chosen, metric, sketch, boards, means)
    record = means.store.begin(_plan_json(chosen, task, means), pipeline.host_facts())

    def work(bench: Workbench, watcher: Watcher) -> None:
        own_pipeline.run(task, bench, means.store, record, watcher)

    return carry_out(chosen, means, record, len(boards), work)


def _require_sense(chosen: Chosen, metric: str) -> None:
    context = click.get_current_context()
    given = [
        shown
        for name, shown in _OF_NETWORKS.items()
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        and not (name == "clock" and metric == "inference")
    ]
    given += ["--method one-flash"] if chosen.method == "one-flash" else []
    if chosen.timeout is not None and not 0 < chosen.timeout <= _LONGEST_S:
        msg = f"--timeout: {chosen.timeout:g} is not a number of seconds between 0 and {_LONGEST_S:,}"
        raise UsageError(msg)
    if given:
        msg = f"--sketch measures a sketch of your own, for which there is no {' and no '.join(given)}"
        raise UsageError(msg)


def _read(chosen: Chosen, metric: str) -> OwnSketch:
    from harness.own import sketch as own_sketch

    sketch = own_sketch.read(chosen.sketch or Path())
    if metric == "ram" and not sketch.has_placeholder:
        msg = (
            f"no file of the sketch {chosen.sketch} contains {own_sketch.PLACEHOLDER}, which stands for the bytes to "
            f"take: write malloc({own_sketch.PLACEHOLDER}) or char block[{own_sketch.PLACEHOLDER}]"
        )
        raise UsageError(msg)
    return sketch


def _settings(chosen: Chosen, settings_file: Config) -> Settings:
    from harness.case import Method, Settings

    return Settings(
        optimization=chosen.optimization or settings_file.optimization,
        sketchbook=chosen.sketchbook or settings_file.path("sketchbook"),
        method=Method.REFLASH,
    )


def _task(chosen: Chosen, metric: str, sketch: OwnSketch, boards: Sequence[Board], means: Means) -> Task:
    from harness.own import ram, timing
    from harness.own.pipeline import Task

    return Task(
        sketch=sketch,
        boards=boards,
        metric=metric,
        libraries=_libraries(chosen, sketch, means),
        limits=ram.Limits(most=chosen.most, seconds=chosen.timeout or ram.TIMEOUT_S),
        runs=chosen.runs,
        silence_s=chosen.timeout or timing.SILENCE_S,
    )


def _libraries(chosen: Chosen, sketch: OwnSketch, means: Means) -> tuple[Path, ...]:
    """Return the folders of Arduino libraries: those named, the sketch's own, and those of the sketchbooks."""
    for folder in chosen.libraries:
        if not folder.is_dir():
            msg = f"the folder {folder} for Arduino libraries is not there"
            raise UsageError(msg)
    usual = [parent / "libraries" for parent in (sketch.folder, *means.place.sketchbooks)]
    found = [*chosen.libraries, *(folder for folder in usual if folder.is_dir())]
    return tuple(dict.fromkeys(folder.resolve() for folder in found))


def _plan_json(chosen: Chosen, task: Task, means: Means) -> dict[str, Any]:
    return {
        "command": ["mcuprof", *sys.argv[1:]],
        "sketch": str(task.sketch.folder),
        "boards": [board.name for board in task.boards],
        "metrics": [task.metric],
        "optimization": means.settings.optimization,
        "sketchbook": str(chosen.sketchbook.resolve()) if chosen.sketchbook else None,
        "libraries": [str(folder) for folder in task.libraries],
        "clock": chosen.clock,
        "port": chosen.port,
        "max": chosen.most,
        "timeout": chosen.timeout,
        "runs": chosen.runs,
    }
