"""What the times of files say, as tables and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness import summaries
from harness.report.formats import percent
from harness.report.terminal import console as make_console
from harness.report.terminal import print_table
from harness.stats import Change, Interval, Slope, Summary
from harness.types import Json

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_SHOWN = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))
_PLAIN_TO = 1e7
"""Numbers from here on are shown in whole units."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A file and what its times say, in its unit."""

    name: str
    unit: str | None
    warmup: int
    """How many times at the beginning of the file were left out."""
    summary: Summary


@dataclass(frozen=True, kw_only=True)
class BatchRow:
    """A file of batches and the time of one run, in its unit."""

    name: str
    unit: str | None
    batches: int
    slope: Slope


def batch_document(rows: Sequence[BatchRow]) -> dict[str, Json]:
    """Return everything as JSON values, in the units of the files."""
    files: list[Json] = [
        {"file": row.name, "unit": row.unit, "batches": row.batches, "slope": asdict(row.slope)} for row in rows
    ]
    return {"schema": 1, "files": files}


def show_batches(rows: Sequence[BatchRow]) -> None:
    """Print the time of one run of each file, with its interval."""
    console = make_console()
    for row in rows:
        found, unit = row.slope, row.unit
        within = "too few batches for an interval"
        if found.interval:
            ends = _range(found.interval.low, found.interval.high, unit)
            within = f"{100 * found.interval.confidence:g} % interval {ends}, {found.interval.method}"
        share = "" if found.r_squared is None else f"; the line explains {percent(found.r_squared, sign='')}"
        text = f"{row.name}: {row.batches} batches: one run takes {figure(found.time_per_run, unit)} ({within}), "
        _say(console, f"{text}and a batch {figure(found.intercept, unit)} beside its runs{share}")


def document(rows: Sequence[Row], change: Change | None) -> dict[str, Json]:
    """Return everything as JSON values, in the units of the files."""
    files: list[Json] = [
        {"file": r.name, "unit": r.unit, "warmup": r.warmup, "statistics": summaries.to_json(r.summary)} for r in rows
    ]
    found: dict[str, Json] = {"schema": 1, "files": files}
    if change is not None:
        found["change"] = asdict(change) | {"verdict": change.verdict.value}
    return found


def show(rows: Sequence[Row], change: Change | None) -> None:
    """Print one file as a list of its figures and several as a table, with the warnings below."""
    console = make_console()
    print_table(_list(rows[0]) if len(rows) == 1 else _table(rows), console)
    for row, name in zip(rows, _names(rows), strict=True):
        of = f"{name}: " if len(rows) > 1 else ""
        for warning in row.summary.warnings:
            _say(console, f"• {of}{warning.text}")
    if change is not None:
        _say(console, _sentence(_names(rows), change))


def _names(rows: Sequence[Row]) -> list[str]:
    """Return the files' names without their folders, unless that makes two the same."""
    short = [Path(row.name).name for row in rows]
    return short if len(set(short)) == len(rows) else [row.name for row in rows]


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False)


def _list(row: Row) -> Table:
    found, unit = row.summary, row.unit
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(escape(_names([row])[0]), overflow="fold")
    table.add_column("", justify="right")
    table.add_column("interval")
    table.add_column("")
    table.add_row("runs", f"{found.count:,}", f"after {row.warmup} for warm-up" if row.warmup else "")
    for name, value, interval in (
        ("median", found.median, found.median_interval),
        ("mean", found.mean, found.mean_interval),
    ):
        method = f"{100 * interval.confidence:g} %, {interval.method}" if interval else ""
        table.add_row(name, figure(value, unit), _ends(interval, row), method)
    table.add_row("least", figure(found.minimum, unit))
    table.add_row("most", figure(found.maximum, unit))
    table.add_row("standard deviation", _deviation(row))
    table.add_row("median absolute deviation", figure(found.mad, unit))
    fences = found.outliers
    for name, count, low, high in (
        ("mild outliers", fences.mild, fences.low_mild, fences.high_mild),
        ("severe outliers", fences.severe, fences.low_severe, fences.high_severe),
    ):
        table.add_row(name, f"{count:,}", f"beyond {_range(low, high, unit)}", "counted in")
    table.add_row("step of the clock", figure(found.resolution, unit) if found.resolution else "not known")
    return table


def _table(rows: Sequence[Row]) -> Table:
    """Return a table of a row a file, with each interval below its figure."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_lines=False)
    table.add_column("file", overflow="fold", min_width=12)
    for title in ("runs", "median", "mean", "least\nmost", "std. dev.\nMAD", "outliers\nmild, severe"):
        table.add_column(title, justify="right", no_wrap=True)
    for row, name in zip(rows, _names(rows), strict=True):
        found, unit = row.summary, row.unit
        table.add_row(
            escape(name),
            f"{found.count:,}",
            f"{figure(found.median, unit)}\n[dim]{_ends(found.median_interval, row)}[/]",
            f"{figure(found.mean, unit)}\n[dim]{_ends(found.mean_interval, row)}[/]",
            f"{figure(found.minimum, unit)}\n{figure(found.maximum, unit)}",
            f"{_deviation(row)}\n{figure(found.mad, unit)}",
            f"{found.outliers.mild:,}, {found.outliers.severe:,}",
        )
    return table


def _deviation(row: Row) -> str:
    deviation = row.summary.standard_deviation
    return "needs two runs" if deviation is None else figure(deviation, row.unit)


def _ends(interval: Interval | None, row: Row) -> str:
    if interval is None:
        return "exact" if row.summary.exact else "too few runs"
    return _range(interval.low, interval.high, row.unit)


def _sentence(names: Sequence[str], change: Change) -> str:
    base, new = names
    relative = "from 0" if change.relative is None else percent(change.relative)
    sure = ""
    if change.interval and change.relative is not None:
        low, high = map(percent, (change.interval.low, change.interval.high))
        sure = f", {100 * change.interval.confidence:g} % interval {low} to {high}"
    tested = "" if change.p_value is None else f", p = {change.p_value:.2g} ({change.test})"
    return (
        f"{base} → {new}: {change.verdict.value}: {relative}{sure}{tested}; "
        f"changes up to {100 * change.threshold:g} % count as noise"
    )


def figure(value: float, unit: str | None) -> str:
    """Return a number of a unit with seven digits at most, a time in the unit that fits it."""
    number, shown = _scaled((value,), unit)
    return f"{number[0]} {shown}".rstrip()


def _range(low: float, high: float, unit: str | None) -> str:
    number, shown = _scaled((low, high), unit)
    return f"{number[0]} to {number[1]} {shown}".rstrip()


def _scaled(values: Sequence[float], unit: str | None) -> tuple[list[str], str]:
    """Return the numbers, and the unit that fits the largest of them."""
    if unit not in _SECONDS:
        return [f"{v:,.0f}" if abs(v) >= _PLAIN_TO else f"{v:,.7g}" for v in values], unit or ""
    seconds = [value * _SECONDS[unit] for value in values]
    most = max(map(abs, seconds))
    shown, size = next((pair for pair in _SHOWN if most >= pair[1]), ("s", 1.0) if not most else _SHOWN[-1])
    return [f"{value / size:.7g}" for value in seconds], shown
