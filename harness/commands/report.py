"""``report`` and ``export``: a run that has been measured, for people and for other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.options import RESULTS
from harness.commands.output import require_absent, write_file
from harness.errors import McuprofError, UsageError
from harness.report.exporters import Subject, Target, all_exporters

if TYPE_CHECKING:
    from harness.store import Run

_RUN = click.argument("run", required=False, type=click.Path(path_type=Path), metavar="[RUN]")
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_HISTORY = click.option(
    "--history",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="HTML: folder with the earlier runs (default: the results folder).",
)
_Command = Callable[..., Any]
_PROFILED = ("html", "json")
"""Forms that show profiles."""


def _forms(command: _Command) -> _Command:
    """Add an option for each exporter: a flag for what is printed, else one that takes a file."""
    for name, exporter in reversed(all_exporters().items()):
        help_text = f"{exporter.TITLE[0].upper()}{exporter.TITLE[1:]}."
        if exporter.GOES_TO is Target.OUTPUT:
            command = click.option(f"--{name}", f"to_{name}", is_flag=True, help=help_text)(command)
        else:
            command = click.option(f"--{name}", f"to_{name}", type=_FILE, metavar="FILE", help=help_text)(command)
    return command


@click.command("report", epilog="Example:  mcuprof report results/20261121-120000-abcd.json --html report.html")
@_RUN
@_forms
@_HISTORY
@RESULTS
def report(*, run: Path | None, history: Path | None, results: Path | None, **forms: Any) -> int:  # noqa: ANN401
    """Print the tables of RUN, a results file or its id; by default of the latest run."""
    asked = {name.removeprefix("to_"): target for name, target in forms.items() if target}
    if len(asked) > 1:
        msg = f"choose one of {' and '.join(f'--{name}' for name in asked)}; `mcuprof export` writes each to a file"
        raise UsageError(msg)
    for name, path in asked.items():
        if path is not True:
            _require_suffix(path, name)
    profiled = not asked or any(name in _PROFILED for name in asked)
    subject = _subject(run, results, history, profiled=profiled)
    if not asked:
        _show(subject)
    for name, path in asked.items():
        content = _exported(subject, name)
        if path is True:
            click.echo(content, nl=False)
        else:
            write_file(path, content)
            click.echo(f"report: {path}")
    return 0


@click.command("export", epilog="Example:  mcuprof export --format csv -o measurements.csv")
@_RUN
@click.option(
    "--format",
    "-f",
    "name",
    type=click.Choice(list(all_exporters())),
    help="What to write (default: by the ending of FILE).",
)
@click.option(
    "--output",
    "-o",
    "path",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="File to write, - for standard output (default, for text).",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@_HISTORY
@RESULTS
def export(
    *, run: Path | None, name: str | None, path: Path | None, force: bool, history: Path | None, results: Path | None
) -> int:
    """Write RUN, a results file or its id, for another program; by default the latest run."""
    name = name or _by_suffix(path)
    to_output = str(path or "-") == "-"
    if path is None and all_exporters()[name].GOES_TO is Target.FILE:
        msg = f"{name} goes into a file: name it with -o FILE{all_exporters()[name].SUFFIX}, or -o - all the same"
        raise UsageError(msg)
    if path is not None and not to_output:
        require_absent(path, force=force)
    content = _exported(_subject(run, results, history, profiled=name in _PROFILED), name)
    if path is None or to_output:
        click.echo(content, nl=False)
    else:
        write_file(path, content)
        click.echo(f"export: {path}", err=True)
    return 0


def _by_suffix(path: Path | None) -> str:
    """Return the form that a file's ending stands for; raises ``UsageError`` where it stands for none."""
    for name, exporter in all_exporters().items():
        if path is not None and path.suffix.lower() == exporter.SUFFIX:
            return name
    msg = f"what is to be written? Name it with --format: {', '.join(all_exporters())}"
    raise UsageError(msg)


def _require_suffix(path: Path, name: str) -> None:
    """Raise ``UsageError`` for a file that is not called as its form is: a results file named by mistake is lost."""
    suffix = all_exporters()[name].SUFFIX
    if path.suffix.lower() != suffix and not (path.exists() and not path.is_file()):
        msg = (
            f"--{name} takes the file to write, whose name ends in {suffix}, and {path} does not. The run to "
            f"report on stands by itself: mcuprof report RUN --{name} FILE{suffix}"
        )
        raise UsageError(msg)


def _subject(run: Path | None, results: Path | None, history: Path | None, *, profiled: bool) -> Subject:
    """Return what is reported on; ``profiled`` is whether the form shows profiles, so that they alone will do."""
    from harness import config
    from harness.store import Store

    store = Store(results or config.load().results_folder())
    found = store.find(run, profiled=profiled)
    if found.profiles and not found.measurements and not profiled:
        msg = f"run {found.id} holds profiles alone: `mcuprof report` and `mcuprof report --html FILE` show those"
        raise UsageError(msg)
    if found.is_empty:
        msg = f"run {found.id} holds no measurement: it was cut off before the first one, or has just begun"
        raise UsageError(msg)
    folder = Store(history) if history is not None else store
    return Subject(run=found, history=lambda: folder.others(found), graphs=lambda: _graphs(found))


def _show(subject: Subject) -> None:
    """Print the tables of a run."""
    from harness.report import notes, profile, terminal

    console = terminal.console()
    if subject.run.measurements:
        terminal.show(subject.shown(), console, notes.of_run(subject.run))
    if subject.run.profiles:
        profile.show(profile.printable(subject.run.profiles), console)


def _graphs(run: Run) -> Mapping[str, str]:
    """Draw the networks of a run whose files are still there, and the same."""
    from harness import models
    from harness.inspection import facts, picture

    measured = {(m.model, m.provenance.get("model_sha256")) for m in run.measurements}
    named = run.plan.get("models")
    drawn = {}
    for name in named if isinstance(named, list) else ():
        try:
            model = models.load(str(name))
            if (model.name, model.sha256) in measured:
                drawn[model.name] = picture.draw(facts.of(model))
        except McuprofError:
            continue  # it has gone, is another one or cannot be converted here: the report is of the run
    return drawn


def _exported(subject: Subject, name: str) -> bytes:
    content: str | bytes = all_exporters()[name].export(subject)
    return content if isinstance(content, bytes) else content.encode(errors="backslashreplace")
