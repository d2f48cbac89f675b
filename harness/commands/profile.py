"""``profile``: where the time of an inference goes, by operator and by function."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.carry_out import Means, find_means, require_uploads
from harness.commands.measure import plan_json, plan_of, require_known, settings_of, with_defaults, with_usable_clocks
from harness.commands.options import Chosen, measuring
from harness.commands.output import require_folder, write_file
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.pipeline import Plan
    from harness.profile.result import Profile
    from harness.store import Run

_FILE = click.Path(path_type=Path, dir_okay=False)
_SUFFIXES = {"html": ".html", "flame": ".svg", "speedscope": ".json", "memory": ".svg"}


@click.command(
    "profile", epilog="Example:  mcuprof profile person_detection --impl tvm-aot --impl tflm --html profile.html"
)
@measuring
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Inferences of which the median one is shown (default: 15; 1 on a virtual board, which repeats exactly).",
)
@click.option(
    "--html", type=_FILE, metavar="FILE", help="Write the report with tables and pictures, as one HTML file."
)
@click.option("--flame", type=_FILE, metavar="FILE", help="Write flame graphs into an SVG file.")
@click.option(
    "--speedscope", type=_FILE, metavar="FILE", help="Write the chains of calls into a file for speedscope.app."
)
@click.option("--memory", type=_FILE, metavar="FILE", help="Write what lies where in the memory into an SVG file.")
@click.option("--flash", is_flag=True, help="Show also what takes the flash, by symbol.")
def profile(
    *,
    html: Path | None,
    flame: Path | None,
    speedscope: Path | None,
    memory: Path | None,
    flash: bool,
    **options: Any,  # noqa: ANN401
) -> int:
    """Show where the time of an inference goes: by operator of the network and by function.

    Implementations stand side by side, operator by operator. What is found is saved case by case; `mcuprof report`
    shows it again.
    """
    from harness import config
    from harness.pipeline import host_facts

    named = {"html": html, "flame": flame, "speedscope": speedscope, "memory": memory}
    files = {form: path for form, path in named.items() if path is not None}
    _require_places(files)
    settings_file = config.load()
    chosen = with_defaults(Chosen(**options), settings_file)
    chosen.require_one_model_for_data()
    settings = settings_of(chosen, settings_file)
    plan = plan_of(chosen, (), settings, settings_file)
    require_known(plan, settings)
    means = find_means(chosen, settings_file, settings, plan.boards, needs_rig=True)
    plan = with_usable_clocks(plan, chosen, profiled=True)
    require_uploads(means, "a profile, which is of two programs one after the other,")
    record = means.store.begin(plan_json(chosen, (), plan, settings), host_facts())
    try:
        _make(record, chosen, means, plan)
    finally:
        if record.profiles:
            _report(record, means.store.path(record), len(plan.cases()), chosen, flash=flash)
    write_files(record, means, files)
    return 0 if all(made.status.is_answer for made in record.profiles) else 1


def _make(record: Run, chosen: Chosen, means: Means, plan: Plan) -> None:
    """Profile every case of ``plan``, and save each as it is done."""
    from harness.profile import runner
    from harness.progress import Progress
    from harness.trace import Detail
    from harness.workbench import Workbench

    store = means.store
    rank = {case.key: index for index, case in enumerate(plan.cases())}
    with store.hold(record), Progress(total=len(rank), verbose=chosen.verbose) as progress:
        wire = store.wire_folder(record)
        bench = Workbench(
            means.place, means.settings, progress.say, ports=means.ports, wire=wire, detail=Detail.CALLS
        )

        def take(made: Profile) -> None:
            record.profiles.append(made)
            record.profiles.sort(key=lambda p: rank[p.key])
            store.save(record)
            progress.advance(1)

        try:
            bench.require_tools(plan.boards)
            runner.run(plan, bench, chosen.runs, take)
            store.finish(record)
        finally:
            bench.close()
            store.drop_if_empty(record)


def _require_places(files: Mapping[str, Path]) -> None:
    """Raise ``UsageError`` where a file cannot be written, before the work and not after it."""
    paths = list(files.values())
    for form, path in files.items():
        if paths.count(path) > 1:
            msg = f"{path} is named for two files: give each a name of its own"
            raise UsageError(msg)
        require_folder(path)
        suffix = _SUFFIXES[form]
        if path.suffix.lower() != suffix and not (path.exists() and not path.is_file()):
            msg = f"--{form} takes the file to write, whose name ends in {suffix}, and {path} does not"
            raise UsageError(msg)


def _report(record: Run, place: Path, planned: int, chosen: Chosen, *, flash: bool) -> None:
    if chosen.as_json:
        from harness.profile.document import document

        click.echo(json.dumps(document(record.profiles, symbols=flash), indent=1, allow_nan=False))
    else:
        from harness.report import profile as tables
        from harness.report import terminal

        tables.show(tables.printable(record.profiles), terminal.console(), flash=flash)
        click.echo(f"results: {place}")
    if record.finished is None:
        click.echo(f"mcuprof: {len(record.profiles)} of {planned} profiles are saved in {place}", err=True)


def write_files(record: Run, means: Means, files: Mapping[str, Path]) -> None:
    """Write what was asked for, by its form; raises ``UsageError`` where a file cannot be written."""
    from harness.report.profile import printable
    from harness.types import Status

    # A name from a model's file may hold what no XML may.
    done = printable([made for made in record.profiles if made.status is Status.OK])
    for form, path in files.items():
        if not done and form != "html":
            click.echo(f"mcuprof: {path} is not written: nothing was profiled that it could show", err=True)
            continue
        write_file(path, _content(form, done, record, means).encode(errors="backslashreplace"))
        click.echo(f"mcuprof: wrote {path}", err=True)


def _content(form: str, done: Sequence[Profile], record: Run, means: Means) -> str:
    if form == "html":
        from harness.report import page
        from harness.report.exporters import Subject

        return page.render(Subject(run=record, history=lambda: means.store.others(record)))
    if form == "speedscope":
        from harness.profile import speedscope

        return json.dumps(speedscope.document(done), allow_nan=False) + "\n"
    from harness.profile import flame, memory

    return flame.svg(done) if form == "flame" else memory.svg(done)
