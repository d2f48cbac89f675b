"""``log``: what went over the wire in a run."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import RESULTS
from harness.errors import UsageError


@click.command("log", epilog="Example:  mcuprof log --case 'digits · tflm'")
@click.argument("run", required=False, type=click.Path(path_type=Path), metavar="[RUN]")
@click.option("--case", "case", default="", metavar="TEXT", help="Only cases whose name holds TEXT.")
@RESULTS
def log(*, run: Path | None, case: str, results: Path | None) -> int:
    """Print what went over the wire in RUN, a results file or its id; by default in the latest run.

    A line is the time in seconds, > for what was sent to the board or < for what came from it, and the bytes, with
    escapes for those that are no text.
    """
    from harness import config, wire_log
    from harness.store import Store

    store = Store(run.parent if run and run.is_file() else results or config.load().results_folder())
    found = store.find(run)
    kept = wire_log.logs(store.wire_folder(found))
    if not kept:
        msg = f"run {found.id} has no log of the wire: no board was spoken to, or the folder was removed"
        raise UsageError(msg)
    shown = [(title, entries) for title, entries in kept if case.lower() in title.lower()]
    if not shown:
        titles = ", ".join(title for title, _ in kept)
        msg = f"no case of run {found.id} has {case!r} in its name; there are: {titles}"
        raise UsageError(msg)
    for title, entries in shown:
        click.echo(f"# {title}")
        for entry in wire_log.by_line(entries):
            click.echo(str(entry))
    return 0
