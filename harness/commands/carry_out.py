"""What all measuring commands do around the measuring itself: hold the run, show its progress, report it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import REGRESSION, UsageError

if TYPE_CHECKING:
    from harness.boards import Board
    from harness.budget import Budget
    from harness.case import Settings
    from harness.commands.options import Chosen
    from harness.config import Config
    from harness.pipeline import Watcher
    from harness.platform import Workplace
    from harness.store import Run, Store
    from harness.workbench import Workbench

    Work = Callable[[Workbench, Watcher], None]


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a run is carried out with."""

    store: Store
    place: Workplace
    settings: Settings
    boards: Sequence[Board]
    ports: Mapping[str, str]
    budgets: Sequence[Budget]


def find_means(
    chosen: Chosen, settings_file: Config, settings: Settings, boards: Sequence[Board], *, needs_rig: bool
) -> Means:
    """Look everything up that is wanted for ``boards``; raises ``UsageError`` or ``MissingError`` where it lacks."""
    from harness.platform import workplace
    from harness.port_choice import choose_ports, require_ports
    from harness.store import Store

    place = workplace(settings_file.path("boards"), settings.sketchbook)
    for board in boards:
        place.require_core(board)
    ports: dict[str, str] = {}
    if needs_rig:
        ports = choose_ports(boards, chosen.port, settings_file.port_of)
        require_ports(boards, ports)
    store = Store(chosen.results or settings_file.results_folder())
    return Means(
        store=store, place=place, settings=settings, boards=boards, ports=ports, budgets=settings_file.budgets
    )


def require_uploads(means: Means, what: str) -> None:
    """Raise ``UsageError`` where ``what`` uploads programs and a port is one that nothing can be uploaded to."""
    from harness.serial_port import is_remote

    for board, port in means.ports.items():
        if is_remote(port):
            msg = f"{what} uploads programs, and over the network nothing is uploaded ({board} is at {port})"
            raise UsageError(msg)


def carry_out(chosen: Chosen, means: Means, record: Run, total: int, work: Work) -> int:
    """Measure by ``work``, report, and return the exit code: 1 where a case failed, 4 over a budget, else 0.

    ``total`` is how many measurements ``record`` will have.
    """
    from harness import pipeline
    from harness.budget import balance
    from harness.progress import Progress
    from harness.workbench import Workbench

    store = means.store
    with store.hold(record), Progress(total=total, verbose=chosen.verbose) as progress:
        store.catch_up(record)
        if record.measurements:
            progress.say(f"going on with run {record.id}: {len(record.measurements)} measurements are there")
            progress.advance(len(record.measurements))
        wire = store.wire_folder(record)
        bench = Workbench(means.place, means.settings, progress.say, ports=means.ports, wire=wire)
        try:
            bench.require_tools(means.boards)
            work(bench, pipeline.Watcher(case_begins=progress.case_begins, measured=progress.measured))
        finally:
            bench.close()
            progress.close()
            store.drop_if_empty(record)
            if record.measurements:
                _report(record, store.path(record), means.budgets, as_json=chosen.as_json)
            if record.goes_on_by and store.path(record).is_file():
                _say_how_to_go_on(record, total, chosen.results)
    if not all(m.status.is_answer for m in record.measurements):
        return 1
    return REGRESSION if balance(means.budgets, record.measurements).over else 0


def _say_how_to_go_on(record: Run, planned: int, results: Path | None) -> None:
    """Say how a run that was cut off, by Ctrl-C or by an error, goes on."""
    where = f" --results {shlex.quote(str(results))}" if results else ""
    click.echo(
        f"mcuprof: {len(record.measurements)} of {planned} measurements are saved; "
        f"`{record.goes_on_by}{where}` goes on from there",
        err=True,
    )


def _report(record: Run, place: Path, budgets: Sequence[Budget], *, as_json: bool) -> None:
    from harness.budget import balance
    from harness.report import comparison, comparison_json, terminal
    from harness.store import document

    found = balance(budgets, record.measurements)
    if as_json:
        judged = {"budget": comparison_json.balance(found)} if budgets else {}
        click.echo(json.dumps(document(record) | judged, indent=1, allow_nan=False))
        return
    terminal.show(record.measurements, terminal.console())
    for text in found.unchecked:
        click.echo(f"budget: {text}")
    for over in found.over:
        click.echo(f"over budget: {comparison.overrun(over)}")
    click.echo(f"results: {place}")
