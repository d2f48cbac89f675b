"""``baseline``: runs kept under names, to compare with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.options import JSON, RESULTS
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.baseline import Baselines
    from harness.store import Run

_NAME = click.argument("name")


@click.group("baseline", epilog="Example:  mcuprof baseline set main && mcuprof compare --baseline main")
def baseline() -> None:
    """Keep runs under names, to compare with: files of results/baselines, which can stand in git."""


@baseline.command("set", epilog="Example:  mcuprof baseline set main")
@_NAME
@click.argument("run", required=False, type=click.Path(path_type=Path), metavar="[RUN]")
@RESULTS
@JSON
def set_(*, name: str, run: Path | None, results: Path | None, as_json: bool) -> int:
    """Copy RUN, a results file or its id, to the baseline NAME; by default the latest run."""
    from harness.store import Store

    folder = _folder(results)
    baselines = _baselines(folder)
    baselines.path(name)  # a name that cannot be one is known before anything is read
    found = Store(folder).find(run)
    if not found.measurements:
        msg = f"run {found.id} holds no measurement: nothing can be compared with it"
        raise UsageError(msg)
    before = _before(baselines, name)
    path = baselines.set(name, found)
    failed = sum(not m.status.is_answer for m in found.measurements)
    if failed or found.finished is None:
        what = "was not finished" if found.finished is None else f"has {failed} failed measurements"
        click.echo(f"mcuprof: note that run {found.id} {what}", err=True)
    if as_json:
        facts = {"name": name, "path": str(path), "run": found.id, "replaced": before}
        click.echo(json.dumps({"schema": 1, "baseline": facts}, indent=1))
    else:
        was = f" (it was {before})" if before else ""
        click.echo(f"baseline {name}: run {found.id}{was}, in {path}")
    return 0


def _before(baselines: Baselines, name: str) -> str | None:
    """Return the run that a baseline holds, for what is said of its being replaced."""
    if name not in baselines.names():
        return None
    try:
        return baselines.load(name).id
    except UsageError:
        return "damaged"


@baseline.command("list", epilog="Example:  mcuprof baseline list --json")
@RESULTS
@JSON
def list_(*, results: Path | None, as_json: bool) -> int:
    """List the baselines."""
    baselines = _baselines(_folder(results))
    rows = [_row(baselines, name) for name in baselines.names()]
    if as_json:
        click.echo(json.dumps({"schema": 1, "baselines": rows}, indent=1))
    elif not rows:
        click.echo(f"there is no baseline in {baselines.folder}: `mcuprof baseline set NAME` makes one")
    for row in [] if as_json else rows:
        said = f"run {row['run']} of {row['started']}, {row['measurements']} measurements"
        click.echo(f"{row['name']}: {row['damage'] or said}")
    return 0


def _row(baselines: Baselines, name: str) -> dict[str, Any]:
    try:
        found: Run | None = baselines.load(name)
        damage = None
    except UsageError as error:
        found, damage = None, error.message
    return {
        "name": name,
        "path": str(baselines.path(name)),
        "run": found.id if found else None,
        "started": found.started if found else None,
        "measurements": len(found.measurements) if found else None,
        "damage": damage,
    }


@baseline.command("show", epilog="Example:  mcuprof baseline show main")
@_NAME
@RESULTS
@JSON
def show(*, name: str, results: Path | None, as_json: bool) -> int:
    """Print the tables of a baseline."""
    from harness.store import document

    found = _baselines(_folder(results)).load(name)
    if as_json:
        click.echo(json.dumps(document(found), indent=1, allow_nan=False))
        return 0
    from harness.report import terminal

    click.echo(f"run {found.id} of {found.started}")
    terminal.show(found.measurements, terminal.console())
    return 0


@baseline.command("rm", epilog="Example:  mcuprof baseline rm main")
@_NAME
@RESULTS
@JSON
def rm(*, name: str, results: Path | None, as_json: bool) -> int:
    """Remove a baseline. The run that it was copied from stays."""
    path = _baselines(_folder(results)).remove(name)
    if as_json:
        click.echo(json.dumps({"schema": 1, "removed": {"name": name, "path": str(path)}}, indent=1))
    else:
        click.echo(f"removed {path}")
    return 0


def _folder(results: Path | None) -> Path:
    from harness import config

    return results or config.load().results_folder()


def _baselines(folder: Path) -> Baselines:
    from harness.baseline import Baselines

    return Baselines(folder)
