"""``report``: the tables of a run that has been measured."""

from __future__ import annotations

from pathlib import Path

import click

from harness.errors import UsageError


@click.command("report", epilog="Example:  mcuprof report results/20261121-120000-abcd.json --markdown")
@click.argument("run", required=False, type=click.Path(path_type=Path), metavar="[RUN]")
@click.option("--markdown", is_flag=True, help="Tables in Markdown.")
@click.option(
    "--results", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Folder for results."
)
def report(*, run: Path | None, markdown: bool, results: Path | None) -> int:
    """Print the tables of RUN, a results file or its id; by default of the latest run."""
    from harness import config
    from harness.report import markdown as markdown_report
    from harness.report import terminal
    from harness.store import Store

    found = Store(results or config.load().results_folder()).find(run)
    if not found.measurements:
        msg = f"run {found.id} holds no measurement: it was cut off before the first one, or has just begun"
        raise UsageError(msg)
    if markdown:
        click.echo(markdown_report.document(found.measurements), nl=False)
    else:
        terminal.show(found.measurements, terminal.console())
    return 0
