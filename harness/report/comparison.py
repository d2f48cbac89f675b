"""A comparison in words and figures: what its terminal and Markdown forms share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from harness.budget import Balance, Overrun
from harness.compare import Comparison, Outcome, Row, cost
from harness.gate import Finding, Gate, Judgement
from harness.report.formats import OVERSIZE, percent, seconds
from harness.report.grid import TITLES
from harness.stats import Change
from harness.types import Clock, Measurement, Status

NONE = "-"
"""What a cell shows where there can be nothing."""
_UNITS = {"instructions": "instr."}
_SMALLEST_P = 0.001
_ORDER = (
    Outcome.REGRESSED,
    Outcome.MISSING,
    Outcome.NOT_COMPARABLE,
    Outcome.CANNOT_TELL,
    Outcome.IMPROVED,
    Outcome.ADDED,
    Outcome.NO_CHANGE,
)
_SAID_BY_GATE = (Outcome.REGRESSED, Outcome.NOT_COMPARABLE, Outcome.CANNOT_TELL)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All that is to be said of a comparison."""

    comparison: Comparison
    gate: Gate | None = None
    judgement: Judgement = field(default_factory=Judgement)
    balance: Balance = field(default_factory=Balance)

    @property
    def fails(self) -> bool:
        """Whether there is a regression by the rules, or something is over its budget."""
        return bool(self.judgement.failures or self.balance.over)


def name(metric: str) -> str:
    """Return what a metric is called."""
    return TITLES.get(metric, metric)


def metric(row: Row, *, short: bool) -> str:
    """Return the name of the row's metric with its unit, where that does not stand with the values."""
    some = row.new if row.new is not None and row.new.value is not None else row.base
    if some is None or some.value is None or some.unit in ("elements", "s"):
        return name(row.key.metric)
    return f"{name(row.key.metric)}, {_UNITS.get(some.unit, some.unit) if short else some.unit}"


def figure(measurement: Measurement | None) -> str:
    """Return a value without its unit, but for seconds; or the status. Never blank."""
    if measurement is None:
        return NONE
    if measurement.value is None:
        return measurement.status.value
    if measurement.clock is Clock.HARDWARE:
        return seconds(measurement.value)
    if measurement.scores:
        return f"{measurement.value:.4f}"
    if measurement.unit == "elements":
        return "right" if measurement.status is Status.OK else "wrong"
    return f"{measurement.value:,.0f}{'' if measurement.status is Status.OK else OVERSIZE}"


def change(row: Row) -> str:
    """Return by how much a value has changed, with the interval where there is noise."""
    if row.change is None or row.base is None or row.new is None or row.new.unit == "elements":
        return NONE
    if not row.change.exact and row.change.base == row.change.new == 0:
        return "0"
    if not row.change.exact:
        return f"{_percent(row.change.relative)}{_interval(row.change)}"
    difference = (row.new.value or 0.0) - (row.base.value or 0.0)
    if not difference:
        return "0"
    if row.new.scores:
        return f"{difference:+.4f}"
    used = "used " if row.key.metric == "ram" else ""
    relative = f" ({used}{_percent(row.change.relative)})" if row.change.relative is not None else ""
    return f"{difference:+,.0f}{relative}"


def _percent(relative: float | None) -> str:
    if relative is None:
        return "from 0"
    return percent(relative)


def _interval(found: Change) -> str:
    if found.interval is None or found.relative is None:
        return ""
    return f" [{_percent(found.interval.low)}, {_percent(found.interval.high)}]"


def p_value(row: Row) -> str:
    """Return the p-value, where there is one."""
    if row.change is None or row.change.p_value is None:
        return NONE
    p = row.change.p_value
    return f"{p:.2g}" if p >= _SMALLEST_P else f"<{_SMALLEST_P:g}"


def has_p_values(rows: Iterable[Row]) -> bool:
    """Return whether any of the rows has a p-value."""
    return any(row.change is not None and row.change.p_value is not None for row in rows)


def summary(comparison: Comparison) -> str:
    """Return how many rows have which outcome, in one line."""
    counts = Counter(row.outcome for row in comparison.rows)
    return ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in _ORDER if counts[outcome])


def notes(findings: Findings) -> list[str]:
    """Return what neither tables nor gate say, each in one sentence: reasons, and what programs were made of."""
    rows = findings.comparison.rows
    if findings.gate is not None:
        rows = tuple(row for row in rows if row.change is not None or row.outcome not in _SAID_BY_GATE)
    return [*_reasons(rows), *_stars(findings.comparison.rows), *_differences(findings.comparison)]


def _reasons(rows: Iterable[Row]) -> Iterator[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.reason:
            found.setdefault((row.key.case, f"{row.outcome.value}: {row.reason}"), []).append(name(row.key.metric))
    for (case, text), metrics in found.items():
        yield f"{case}: {', '.join(metrics)}: {text}"


def _stars(rows: Iterable[Row]) -> list[str]:
    shown = "".join(figure(side) for row in rows for side in (row.base, row.new))
    return [f"{OVERSIZE} the size of a program that the board has no room for"] if OVERSIZE in shown else []


def _differences(comparison: Comparison) -> Iterator[str]:
    everything = {row.key.case for row in comparison.rows}
    for difference in comparison.differences:
        some = f" ({'; '.join(difference.cases)})" if 0 < len(difference.cases) < len(everything) else ""
        yield f"made differently: {difference}{some}"


def deltas(rows: Iterable[Row]) -> list[str]:
    """Return for each size that has changed what has changed within it."""
    return [_delta(row) for row in rows if row.deltas]


def _delta(row: Row) -> str:
    found = row.change
    what = "RAM used" if row.key.metric == "ram" else row.key.metric
    known = found is not None and row.base is not None and cost(row.base) is not None
    total = f" {found.new - found.base:+,.0f} B" if known and found is not None else ""
    groups = (
        f"by {by}: " + ", ".join(f"{d.name} {d.new - d.base:+,} ({d.base:,} → {d.new:,})" for d in changed)
        for by, changed in row.deltas.items()
    )
    return f"{row.key.case}: {what}{total}; {'; '.join(groups)}"


def finding(found: Finding) -> str:
    """Return what a gate objects to, with the values that it is about."""
    if found.row is None:
        return found.text
    unit = found.row.new.unit if found.row.new is not None else ""
    shown = "" if unit == "s" else f" {unit}"
    return f"{found.text}: {figure(found.row.base)} → {figure(found.row.new)}{shown}, {change(found.row)}"


def overrun(found: Overrun) -> str:
    """Return by how much a case is over its budget."""
    if found.value is None or found.by is None:
        return f"{found.case}: {found.limit}: it does not fit the board at all"
    what = {"ram_used_max": "RAM used", "ram_unused_min": "unused RAM"}.get(found.limit.key)
    unit = found.measurement.unit
    value, by = (seconds(v) if unit == "s" else f"{v:,.0f} {unit}" for v in (found.value, found.by))
    side = "short of" if found.limit.key.endswith("_min") else "over"
    of = float(found.limit.quantity.value)
    share = f" ({percent(found.by / of, sign='')})" if of else ""
    return f"{found.case}: {what or name(found.measurement.metric)} of {value} is {by}{share} {side} {found.limit}"
