"""Numbers as people read them. Everything before a report is in base units."""

from __future__ import annotations

from harness import summaries
from harness.types import Clock, Measurement, Status


def cell(measurement: Measurement | None) -> str:
    """Return what a table shows for a measurement: its value, or its status. Never blank."""
    if measurement is None:
        return "not asked for"
    if measurement.status is not Status.OK or measurement.value is None:
        return measurement.status.value
    if measurement.clock is not None:
        return time(measurement)
    if measurement.unit == "elements":
        return "right"
    return f"{measurement.value:,.0f} {measurement.unit}"


def time(measurement: Measurement) -> str:
    """Return a time by its clock: with its margin, or as a count with the time at the board's clock beside it."""
    value = measurement.value or 0.0
    if measurement.clock is Clock.HARDWARE:
        return f"{seconds(value)} {margin(measurement)}".rstrip()
    return f"{value:,.0f} {measurement.unit} ({seconds(measurement.at_clock_s or 0.0)})"


def margin(measurement: Measurement) -> str:
    """Return how far the median of a timing may be off, to its farther end; nothing where it has no interval."""
    summary = summaries.of(measurement)
    if summary is None or summary.median_interval is None:
        return ""
    interval = summary.median_interval
    return f"± {seconds(float(f'{max(interval.high - summary.median, summary.median - interval.low):.2g}'))}"


def seconds(value: float) -> str:
    """Return a time with four digits and the fitting unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.4g} {unit}"
    return f"{value / 1e-9:.0f} ns" if value else "0 s"
