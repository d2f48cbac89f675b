"""Numbers as people read them. Everything before a report is in base units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeVar, cast

from harness import summaries
from harness.types import Clock, Measurement, Status

if TYPE_CHECKING:
    from harness.stats import Interval

_T = TypeVar("_T")

NOT_MEASURED = "not measured"
OVERSIZE = "*"
"""Marks the size of a program that the board has no room for."""


def cell(measurement: Measurement | None) -> str:
    """Return what a table shows for a measurement: its value, or its status. Never blank."""
    if measurement is None:
        return NOT_MEASURED
    if measurement.oversize:
        return f"{measurement.value:,.0f}{OVERSIZE} {measurement.unit}"
    if measurement.status is not Status.OK or measurement.value is None:
        return measurement.status.value
    return _figure(measurement, measurement.value)


def _figure(measurement: Measurement, value: float) -> str:
    if measurement.scores:
        return score(next(iter(measurement.scores)), value)
    if measurement.clock is not None:
        return time(measurement)
    return "right" if measurement.unit == "elements" else f"{value:,.0f} {measurement.unit}"


_NO_SHARES = ("auc", "mae", "mse", "r2")
"""Scores that are no shares of something."""


def score(name: str, value: float) -> str:
    """Return a score as people read it: shares in per cent, all others with four digits."""
    return f"{100 * value:.2f} %" if is_share(name) else f"{value:.4g}"


def is_share(name: str) -> bool:
    """Return whether a score is a share of something."""
    return not name.startswith(_NO_SHARES)


def bare_cell(measurement: Measurement | None) -> str:
    """Return the same where the unit of sizes stands in the head of the column."""
    return cell(measurement).replace(" B", "")


def time(measurement: Measurement) -> str:
    """Return a time by its clock: with its margin, or as a count with the time at the board's clock beside it."""
    value = measurement.value or 0.0
    if measurement.clock is Clock.HARDWARE:
        return f"{seconds(value)} {margin(measurement)}".rstrip()
    at_clock = "" if measurement.at_clock_s is None else f" ({seconds(measurement.at_clock_s)})"
    return f"{value:,.0f} {measurement.unit}{at_clock}"


def figure(value: float, measurement: Measurement) -> str:
    """Return a value of a measurement, such as a sample, in its unit."""
    if measurement.clock is Clock.HARDWARE:
        return seconds(value)
    return f"{value:,.0f} {measurement.unit}"


def interval(bounds: Interval, measurement: Measurement) -> str:
    """Return from where to where the true value of a measurement lies, in its unit."""
    low, high = figure(bounds.low, measurement), figure(bounds.high, measurement)
    number, _, unit = low.partition(" ")
    return f"{number} to {high}" if high.endswith(f" {unit}") else f"{low} to {high}"


def margin(measurement: Measurement) -> str:
    """Return how far the median of a timing may be off, to its farther end; nothing where it has no interval."""
    summary = summaries.of(measurement)
    if summary is None or summary.median_interval is None:
        return ""
    bounds = summary.median_interval
    farther = max(bounds.high - summary.median, summary.median - bounds.low)
    return f"± {seconds(float(f'{farther:.2g}'))}" if farther else ""


def percent(share: float, *, sign: str = "+") -> str:
    """Return a share of one in per cent, with three digits or all before the point, and never as a power of ten."""
    number = 100 * share
    digits = number if abs(number) >= 100 else round(float(f"{number:.3g}"), 4) + 0.0  # noqa: PLR2004
    return f"{digits:{sign},.0f} %" if abs(digits) >= 100 else f"{digits:{sign}g} %"  # noqa: PLR2004


def seconds(value: float) -> str:
    """Return a time with four digits and the fitting unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.4g} {unit}"
    return f"{value / 1e-9:.0f} ns" if value else "0 s"


def moment(written: str) -> str:
    """Return a moment of a results file to the minute, in UTC; what is no moment is returned as it stands."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return written
    return f"{found.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def printable(measurement: Measurement) -> Measurement:
    """Return the measurement with an escape for each character that cannot be shown, and without empty samples.

    A results file has null in place of a sample that JSON has no form for.
    """
    return replace(
        measurement,
        model=shown_text(measurement.model),
        implementation=shown_text(measurement.implementation),
        board=shown_text(measurement.board),
        samples=tuple(sample for sample in measurement.samples if sample is not None),
        reason=shown_text(" ".join(measurement.reason.split())),
        details=shown_values(measurement.details),
        provenance=shown_values(measurement.provenance),
    )


def shown_text(text: str) -> str:
    """Return text with an escape in place of each character that cannot be shown."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown_values(value: _T) -> _T:
    """Return JSON values with an escape in place of each character that cannot be shown, in keys too."""
    shown: object = value
    if isinstance(value, str):
        shown = shown_text(value)
    elif isinstance(value, Mapping):
        shown = {shown_values(key): shown_values(item) for key, item in value.items()}
    elif isinstance(value, list):
        shown = [shown_values(item) for item in value]
    return cast(_T, shown)
