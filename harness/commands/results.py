"""``results``: the runs in the results folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import JSON, RESULTS
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.overview import Entry
    from harness.store import Run, Store

_PATH = click.Path(path_type=Path)
_LEAST_TO_MERGE = 2


@click.group("results", epilog="Example:  mcuprof results list")
def results() -> None:
    """List, show, remove and merge the runs in the results folder."""


@results.command("list", epilog="Example:  mcuprof results list --json")
@RESULTS
@JSON
def list_(*, results: Path | None, as_json: bool) -> int:
    """List the runs, oldest first; a damaged file is told as one."""
    from harness import overview

    store = _store(results)
    found = overview.entries(store.folder)
    if as_json:
        click.echo(json.dumps({"schema": 1, "runs": [_facts(entry) for entry in found]}, indent=1))
    elif not found:
        click.echo(f"there is no run in {store.folder}: `mcuprof run` makes one")
    else:
        click.echo("\n".join(map(_line, found)))
    return 0


def _facts(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "path": str(entry.path),
        "started": entry.started or None,
        "finished": entry.finished,
        "measurements": entry.measurements,
        "failed": entry.failed,
        "models": entry.models,
        "implementations": entry.implementations,
        "boards": entry.boards,
        "damage": entry.damage or None,
    }


def _line(entry: Entry) -> str:
    from harness.report.formats import moment, shown_text

    if entry.damage:
        return shown_text(f"{entry.id}: {' '.join(entry.damage.split())}")
    named = " · ".join(", ".join(names) for names in (entry.models, entry.implementations, entry.boards) if names)
    said = [f"{entry.measurements} measurements" if entry.measurements != 1 else "1 measurement"]
    said += [f"{entry.failed} failed"] if entry.failed else []
    said += [] if entry.finished else ["not finished"]
    return shown_text(f"{entry.id}  {moment(entry.started)}  {', '.join(said)}{': ' if named else ''}{named}")


@results.command("show", epilog="Example:  mcuprof results show 20261121-120000-abcd")
@click.argument("run", required=False, type=_PATH, metavar="[RUN]")
@RESULTS
@JSON
def show(*, run: Path | None, results: Path | None, as_json: bool) -> int:
    """Print what RUN, a results file or its id, was and what it has measured; by default the latest run."""
    from harness.report import formats, terminal
    from harness.store import document

    found = _store(results).find(run)
    if as_json:
        click.echo(json.dumps(document(found), indent=1, allow_nan=False))
        return 0
    command = found.plan.get("command")
    how = f": {' '.join(map(str, command))}" if isinstance(command, list) else ""
    click.echo(formats.shown_text(f"run {found.id} of {formats.moment(found.started)}{how}"))
    terminal.show([formats.printable(m) for m in found.measurements], terminal.console())
    return 0


@results.command("rm", epilog="Example:  mcuprof results rm 20261121-120000-abcd")
@click.argument("runs", nargs=-1, required=True, type=_PATH, metavar="RUN...")
@RESULTS
@JSON
def rm(*, runs: tuple[Path, ...], results: Path | None, as_json: bool) -> int:
    """Remove RUNs with their logs of the wire. A baseline that was copied from one stays."""
    store = _store(results)
    # A name that is wrong is known before anything is removed.
    paths = list(dict.fromkeys(store.removable(run) for run in runs))
    for path in paths:
        store.remove(path)
        if not as_json:
            click.echo(f"removed {path}")
    if as_json:
        click.echo(json.dumps({"schema": 1, "removed": [str(path) for path in paths]}, indent=1))
    return 0


@results.command("merge", epilog="Example:  mcuprof results merge 20261121-120000-abcd 20261122-090000-ef01")
@click.argument("runs", nargs=-1, required=True, type=_PATH, metavar="RUN RUN...")
@RESULTS
@JSON
def merge(*, runs: tuple[Path, ...], results: Path | None, as_json: bool) -> int:
    """Make a new run of RUNs, which stay. What several have measured is taken from the one named last."""
    from harness import __version__
    from harness.merge import merged

    store = _store(results)
    found = [store.find(run) for run in runs]
    ids = list(dict.fromkeys(run.id for run in found))
    if len(ids) < _LEAST_TO_MERGE:
        msg = f"there is nothing to merge: two runs are needed, and {', '.join(ids)} is one"
        raise UsageError(msg)
    measurements = merged(found)
    made = store.begin({"command": ["mcuprof", "results", "merge", *ids], "merged": [*ids]}, {"mcuprof": __version__})
    made.measurements.extend(measurements)
    store.finish(made)
    _say_merged(made, store.path(made), as_json=as_json)
    return 0


def _say_merged(made: Run, path: Path, *, as_json: bool) -> None:
    if as_json:
        facts = {"id": made.id, "path": str(path), "measurements": len(made.measurements)}
        click.echo(json.dumps({"schema": 1, "merged": facts}, indent=1))
    else:
        click.echo(f"run {made.id}, {len(made.measurements)} measurements, in {path}")


def _store(folder: Path | None) -> Store:
    from harness import config
    from harness.store import Store

    return Store(folder or config.load().results_folder())
