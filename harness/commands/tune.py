"""``tune``: finds out on a board how a network's groups of operators are computed best."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands import options
from harness.commands.carry_out import find_means, require_uploads
from harness.commands.measure import chosen_board, usable_boards, with_board
from harness.commands.options import JSON, OBJECTIVES, VERBOSE, Chosen, with_caches
from harness.errors import CaseError, UsageError

if TYPE_CHECKING:
    from harness.boards import Board
    from harness.case import Settings
    from harness.commands.carry_out import Means
    from harness.models import Model
    from harness.tuning.database import Database
    from harness.tuning.record import Objective, Place, Record
    from harness.tuning.tuner import Group, Tuner
    from harness.workbench import Workbench


@click.command("tune", epilog="Example:  mcuprof tune keyword_spotting --board nano33ble-sim --opt O2 --trials 64")
@click.argument("model")
@click.option("--board", "-b", "board_name", metavar="NAME", help="Board to try them on.")
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    metavar="N",
    help="Ways to know, all groups of operators together; those in the database count.",
)
@click.option(
    "--objective",
    type=click.Choice(OBJECTIVES),
    default=OBJECTIVES[0],
    show_default=True,
    help="What to have little of.",
)
@click.option(
    "--seed", type=click.IntRange(0, (1 << 31) - 2), default=0, show_default=True, metavar="N", help="Of the search."
)
@options.optimization()
@click.option("--no-fuse", is_flag=True, help="Make each operator a function of its own.")
@options.weights("Weights")
@options.CLOCK
@click.option("--port", metavar="PORT", help="Port of a real board.")
@options.sketchbook("cores")
@options.results("Folder for results; the database is in its folder tuning.")
@JSON
@VERBOSE
@with_caches
def tune(*, model: str, board_name: str | None, trials: int, objective: str, seed: int, **given: Any) -> int:  # noqa: ANN401
    """Find the best functions for MODEL by trying them on a board; tvm-aot, tvm-graph and codegen use what is found.

    It goes on where it was cut off: what the database knows is not measured again.
    """
    from harness import config, models
    from harness.case import Settings
    from harness.compiler.strategy import Weights
    from harness.tuning.database import FOLDER
    from harness.tuning.record import Objective

    settings_file = config.load()
    boards = () if board_name is None else (board_name,)
    chosen = with_board(Chosen(models=(model,), boards=boards, implementations=(), **given), settings_file)
    network, board = models.load(model), chosen_board(chosen.boards[0], chosen, settings_file)
    results = chosen.results or settings_file.results_folder()
    settings = Settings(
        optimization=chosen.optimization or settings_file.optimization,
        fuse=not chosen.no_fuse,
        weights=settings_file.weights if chosen.weights is None else Weights(chosen.weights),
        tuning=results / FOLDER,
        objective=Objective(objective),
        sketchbook=chosen.sketchbook or settings_file.path("sketchbook"),
    )
    means = find_means(chosen, settings_file, settings, [board], needs_rig=True)
    require_uploads(means, "mcuprof tune")
    board = usable_boards([board], chosen)[0]
    return _Tuning(chosen, means, network, board, trials=trials, seed=seed).run()


class _Tuning:
    """One call of the command."""

    def __init__(self, chosen: Chosen, means: Means, model: Model, board: Board, *, trials: int, seed: int) -> None:
        from harness.compiler.executor import options_for
        from harness.compiler.service import tvm_version
        from harness.progress import Progress
        from harness.tuning.database import Database, optimization, processor
        from harness.tuning.network import groups
        from harness.tuning.record import Place

        self._chosen, self._means, self._model, self._board = chosen, means, model, board
        self._settings: Settings = means.settings
        self._objective: Objective = means.settings.objective
        self._trials, self._seed = trials, seed
        self._groups = groups(model, options_for(self._settings, board), seed)
        if not self._groups:
            msg = f"{model.name} has no group of operators that can be tuned"
            raise UsageError(msg)
        self._database: Database = Database(self._settings.tuning or Path(), board)
        content = self._database.read(tvm_version())
        for remark in content.remarks:
            click.echo(f"mcuprof: {remark}", err=True)
        self._known = content.records
        self._place: Place = Place(
            processor=processor(board),
            optimization=optimization(self._settings.optimization),
            board=board.name,
            unit=board.clock.unit,
            weights=self._settings.weights,
        )
        self._progress = Progress(total=trials, verbose=chosen.verbose)

    def run(self) -> int:
        """Tune, and report what was found however it ends; return the exit code."""
        from harness.compiler.service import tvm_version
        from harness.tuning.bench import BoardBench
        from harness.tuning.tuner import Tuner, Watcher
        from harness.workbench import Workbench

        means = self._means
        with self._progress as progress:
            workbench = Workbench(means.place, self._settings, progress.say, ports=means.ports)
            bench = BoardBench(workbench, self._model, self._board, self._seed)
            tuner = Tuner(
                self._groups,
                place=self._place,
                tvm=tvm_version(),
                objective=self._objective,
                known=self._known,
                measure=bench.measure,
                watcher=Watcher(record=self._database.add, trial=self._tell),
            )
            wholes: dict[str, Any] = {}
            ended = False
            try:
                workbench.require_tools([self._board])
                tuner.run(self._trials)
                wholes = self._check(workbench)
                ended = True
            finally:
                workbench.close()
                progress.close()
                self._report(tuner, wholes, ended=ended)
        return 1 if "failed" in wholes else 0

    def _tell(self, group: Group, record: Record, best: Record, trials: int) -> None:
        """Tell of a trial: what is better than all before it, and what went wrong, stays on the screen."""
        from harness.tuning import report

        self._progress.advance(0 if record.choice is None else 1)
        if record is best or record.figures is None:
            self._progress.tell(f"trial {trials}: {report.line(group, record, self._objective, self._place.unit)}")

    def _check(self, workbench: Workbench) -> dict[str, Any]:
        """Measure the whole network with and without what was found."""
        from dataclasses import asdict

        from harness.tuning import check

        found: dict[str, Any] = {}
        try:
            for key, tuned in (("by_rule", False), ("tuned", True)):
                whole = check.measure(workbench, self._model, self._board, self._settings, tuned=tuned)
                found[key] = asdict(whole)
        except CaseError as error:
            found["failed"] = f"the whole network, {key.replace('_', ' ')}: {error.message}"
        return found

    def _report(self, tuner: Tuner, wholes: dict[str, Any], *, ended: bool) -> None:
        from harness.tuning import report

        facts = report.document(tuner, self._place, self._objective, wholes)
        facts |= {"model": self._model.name, "database": str(self._database.path), "finished": ended}
        if self._chosen.as_json:
            click.echo(json.dumps({"schema": 1, "tune": facts}, indent=1))
        else:
            from harness.report import terminal

            console = terminal.console()
            for text in report.lines(facts):
                console.print(text, highlight=False, markup=False)
        if not ended:
            click.echo(f"mcuprof: {tuner.trials} trials are saved; the same command goes on from there", err=True)
