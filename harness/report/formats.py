"""Numbers as people read them. Everything before a report is in base units."""

from __future__ import annotations

from harness.types import Clock, Measurement, Status

OVERSIZE = "*"
"""Marks the size of a program that the board has no room for."""


def cell(measurement: Measurement | None) -> str:
    """Return what a table shows for a measurement: its value, or its status. Never blank."""
    if measurement is None:
        return "not asked for"
    if measurement.oversize:
        return f"{measurement.value:,.0f}{OVERSIZE} {measurement.unit}"
    if measurement.status is not Status.OK or measurement.value is None:
        return measurement.status.value
    if measurement.clock is not None:
        return time(measurement)
    if measurement.unit == "elements":
        return "right"
    return f"{measurement.value:,.0f} {measurement.unit}"


def time(measurement: Measurement) -> str:
    """Return a time in the unit of its clock, with the time at the board's clock beside a count."""
    value = measurement.value or 0.0
    if measurement.clock is Clock.HARDWARE:
        return seconds(value)
    return f"{value:,.0f} {measurement.unit} ({seconds(measurement.at_clock_s or 0.0)})"


def seconds(value: float) -> str:
    """Return a time with four digits and the fitting unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.4g} {unit}"
    return f"{value / 1e-9:.0f} ns" if value else "0 s"
