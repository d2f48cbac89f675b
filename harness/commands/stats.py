"""``stats``: what the times in any text file say."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import JSON
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.sample_file import SampleFile

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_STDIN = "-"
_REGRESSION = 4


@click.command("stats", epilog="Example:  mcuprof stats times.txt --unit us --warmup 1")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--unit",
    type=click.Choice([*_SECONDS, "cycles", "instructions"]),
    help="What the numbers are in (default: said of nothing).",
)
@click.option(
    "--warmup", type=click.IntRange(min=0), default=0, metavar="N", help="Leave out the first N times of each file."
)
@click.option("--confidence", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True)
@click.option(
    "--resolution",
    type=click.FloatRange(min=0),
    metavar="STEP",
    help="Step of the clock, in the unit (default: the last decimal place in the file).",
)
@click.option("--exact", is_flag=True, help="The clock repeats exactly, as a simulator's does.")
@click.option(
    "--batches", is_flag=True, help="A line is how many runs and their time together: tell the time of one run."
)
@click.option("--compare", is_flag=True, help="Also compare two files, the first being the base.")
@click.option(
    "--threshold",
    type=click.FloatRange(min=0),
    default=0.01,
    show_default=True,
    metavar="SHARE",
    help="With --compare, relative changes up to this are noise.",
)
@JSON
def stats(
    *,
    files: Sequence[str],
    unit: str | None,
    warmup: int,
    confidence: float,
    resolution: float | None,
    exact: bool,
    batches: bool,
    compare: bool,
    threshold: float,
    as_json: bool,
) -> int:
    """Print what the times in FILEs say: estimates, intervals, outliers, and what makes them doubtful.

    A FILE has one time a line, or with --batches a number of runs and their time; blank lines and comments after a #
    are skipped, and - is standard input. The exit code is 4 where --compare finds a regression.
    """
    from harness.report import samples as report
    from harness.stats import Verdict, change, summarize

    given = click.get_current_context().get_parameter_source("threshold")
    if not compare and given is click.core.ParameterSource.COMMANDLINE:
        msg = "--threshold is for --compare, which is not there"
        raise UsageError(msg)
    if batches:
        if compare or exact or warmup or resolution is not None:
            msg = "--batches goes with --unit, --confidence and --json alone"
            raise UsageError(msg)
        return _slopes(files, unit, confidence, as_json=as_json)
    if compare and len(files) != 2:  # noqa: PLR2004 (a base and what is held against it)
        msg = f"--compare is for two files, the base and the new one: there are {len(files)}"
        raise UsageError(msg)
    read = [_read(name, warmup) for name in files]
    steps = [file.step if resolution is None else resolution for file in read]
    rows = [
        report.Row(
            name=file.name,
            unit=unit,
            warmup=warmup,
            summary=summarize(file.samples, deterministic=exact, resolution=step, confidence=confidence),
        )
        for file, step in zip(read, steps, strict=True)
    ]
    found = None
    if compare:
        base, new = (file.samples for file in read)
        found = change(
            base, new, deterministic=exact, threshold=threshold, confidence=confidence, resolution=max(steps)
        )
    if as_json:
        click.echo(json.dumps(report.document(rows, found), indent=1, allow_nan=False))
    else:
        report.show(rows, found)
    return _REGRESSION if found and found.verdict is Verdict.REGRESSED else 0


def _slopes(files: Sequence[str], unit: str | None, confidence: float, *, as_json: bool) -> int:
    """Print the time of one run, from batches of different sizes."""
    from harness import sample_file
    from harness.report import samples as report
    from harness.stats import slope

    found = []
    for name in files:
        told = _told(name)
        pairs = sample_file.parse_batches(_text(name), told)
        try:
            line = slope(*zip(*pairs, strict=True), confidence=confidence)
        except ValueError as error:
            msg = f"{told}: {error}"
            raise UsageError(msg) from error
        found.append(report.BatchRow(name=told, unit=unit, batches=len(pairs), slope=line))
    if as_json:
        click.echo(json.dumps(report.batch_document(found), indent=1, allow_nan=False))
    else:
        report.show_batches(found)
    return 0


def _read(name: str, warmup: int) -> SampleFile:
    """Return the times of a file without the first ``warmup``; raises ``UsageError`` where none are left."""
    from dataclasses import replace

    from harness import sample_file

    file = sample_file.parse(_text(name), _told(name))
    if len(file.samples) <= warmup:
        msg = f"{file.name} holds {len(file.samples)} times, and --warmup {warmup} leaves none"
        raise UsageError(msg)
    return replace(file, samples=file.samples[warmup:])


def _told(name: str) -> str:
    return "standard input" if name == _STDIN else name


def _text(name: str) -> str:
    """Return what is in a file; raises ``UsageError`` where it cannot be read."""
    try:
        content = sys.stdin.buffer.read() if name == _STDIN else Path(name).read_bytes()
    except OSError as error:
        msg = f"{name} cannot be read: {error.strerror or error}"
        raise UsageError(msg) from error
    return content.decode("utf-8-sig", "replace")
