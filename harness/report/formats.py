"""Numbers as people read them. Everything before a report is in base units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar, cast

from harness.types import Clock, Measurement, Status

_T = TypeVar("_T")

NOT_ASKED = "not asked for"


def is_oversize(measurement: Measurement) -> bool:
    """Return whether the figure is of a program that is larger than the board: it shows how much larger."""
    return measurement.status is Status.DOES_NOT_FIT and measurement.value is not None


def cell(measurement: Measurement | None) -> str:
    """Return what a table shows for a measurement: its value, or its status. Never blank.

    A star marks the size of a program that is larger than the board.
    """
    if measurement is None:
        return NOT_ASKED
    if is_oversize(measurement):
        return f"{measurement.value:,.0f} {measurement.unit}*"
    if measurement.status is not Status.OK or measurement.value is None:
        return measurement.status.value
    if measurement.clock is not None:
        return time(measurement)
    if measurement.unit == "elements":
        return "right"
    return f"{measurement.value:,.0f} {measurement.unit}"


def bare_cell(measurement: Measurement | None) -> str:
    """Return the same where the unit of sizes stands in the head of the column."""
    return cell(measurement).replace(" B", "")


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


def printable(measurement: Measurement) -> Measurement:
    """Return the measurement with an escape in place of each character in its text that cannot be shown."""
    return replace(
        measurement,
        model=_shown(measurement.model),
        implementation=_shown(measurement.implementation),
        board=_shown(measurement.board),
        reason=_shown(measurement.reason),
        details=_shown(measurement.details),
        provenance=_shown(measurement.provenance),
    )


def _shown(value: _T) -> _T:
    if isinstance(value, str):
        shown: object = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
    elif isinstance(value, Mapping):
        shown = {_shown(key): _shown(item) for key, item in value.items()}
    elif isinstance(value, list):
        shown = [_shown(item) for item in value]
    else:
        return value
    return cast(_T, shown)
