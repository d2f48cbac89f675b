"""``profile``: where the time of an inference goes, by operator and by function."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.carry_out import find_means, require_uploads
from harness.commands.measure import plan_of, require_known, settings_of, with_defaults
from harness.commands.options import Chosen, profiling
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.profile.result import Profile

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    "profile", epilog="Example:  mcuprof profile person_detection --impl tvm-aot --impl tflm --flame flames.svg"
)
@profiling
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Inferences of which the median one is shown (default: 15; 1 on a virtual board, which repeats exactly).",
)
@click.option("--flame", type=_FILE, metavar="FILE", help="Write flame graphs into an SVG file.")
@click.option(
    "--speedscope", type=_FILE, metavar="FILE", help="Write the chains of calls into a file for speedscope.app."
)
@click.option("--memory", type=_FILE, metavar="FILE", help="Write what lies where in the memory into an SVG file.")
@click.option("--flash", is_flag=True, help="Show also what takes the flash, by symbol.")
def profile(
    *,
    flame: Path | None,
    speedscope: Path | None,
    memory: Path | None,
    flash: bool,
    **options: Any,  # noqa: ANN401
) -> int:
    """Show where the time of an inference goes: by operator of the network and by function.

    Implementations stand side by side, operator by operator.
    """
    from harness.profile import flame as flames
    from harness.profile import memory as pictures
    from harness.profile import speedscope as scope
    from harness.types import Status

    chosen = Chosen(**options)
    _require_places([path for path in (flame, speedscope, memory) if path is not None])
    profiles = _profiles(chosen)
    done = [made for made in profiles if made.status is Status.OK]
    if flame is not None:
        _write(flame, flames.svg(done))
    if speedscope is not None:
        _write(speedscope, json.dumps(scope.document(done), allow_nan=False) + "\n")
    if memory is not None:
        _write(memory, pictures.svg(done))
    _report(profiles, as_json=chosen.as_json, flash=flash)
    return 0 if all(made.status.is_answer for made in profiles) else 1


def _profiles(chosen: Chosen) -> list[Profile]:
    from harness import cache, config
    from harness.profile import runner
    from harness.progress import Progress
    from harness.trace import Detail
    from harness.workbench import Workbench

    settings_file = config.load()
    chosen = with_defaults(chosen, settings_file)
    chosen.require_one_model_for_data()
    settings = settings_of(chosen, settings_file)
    plan = plan_of(chosen, (), settings, settings_file)
    require_known(plan, settings)
    means = find_means(chosen, settings_file, settings, plan.boards, needs_rig=True)
    require_uploads(means, "a profile, which is of two programs one after the other,")
    with cache.in_use(), Progress(total=len(plan.cases()), verbose=chosen.verbose) as progress:
        bench = Workbench(means.place, settings, progress.say, ports=means.ports, detail=Detail.CALLS)
        try:
            bench.require_tools(plan.boards)
            return runner.run(plan, bench, chosen.runs, lambda _: progress.advance(1))
        finally:
            bench.close()


def _require_places(paths: Sequence[Path]) -> None:
    """Raise ``UsageError`` where a file cannot be written, before the work and not after it."""
    for path in paths:
        if paths.count(path) > 1:
            msg = f"{path} is named for two files: give each a name of its own"
            raise UsageError(msg)
        if not path.absolute().parent.is_dir():
            msg = f"{path} cannot be written: there is no folder {path.absolute().parent}"
            raise UsageError(msg)


def _report(profiles: Sequence[Profile], *, as_json: bool, flash: bool) -> None:
    if as_json:
        from harness.profile.document import document

        click.echo(json.dumps(document(profiles, symbols=flash), indent=1, allow_nan=False))
        return
    from harness.report import profile as tables
    from harness.report import terminal

    tables.show(profiles, terminal.console(), flash=flash)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}"
        raise UsageError(msg) from error
    click.echo(f"mcuprof: wrote {path}", err=True)
