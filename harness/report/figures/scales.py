"""Axes: what stands at them, and where they begin and end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from harness.types import Clock, Measurement

_WIDE = 10
"""Figures that lie this many times apart need a logarithmic axis."""


def axis_of_clock(measurement: Measurement, *, titled: bool = True) -> dict[str, Any]:
    """Return the ticks of an axis of times, and what they count."""
    if measurement.clock is Clock.HARDWARE:
        return {"tickformat": "~s", "ticksuffix": "s", "nticks": 6, "title": {"text": "time" if titled else ""}}
    return {"tickformat": "~s", "nticks": 6, "title": {"text": measurement.unit if titled else ""}}


def span(values: Sequence[float], *, room: float = 0.12) -> dict[str, Any]:
    """Return type and range of an axis that holds all values, logarithmic where they lie far apart.

    There is ``room`` on both sides, as a share of the axis, for what is written at the points.
    """
    positive = [value for value in values if value > 0]
    if positive and min(positive) == min(values) and max(positive) > _WIDE * min(positive):
        low, high = math.log10(min(positive)), math.log10(max(positive))
        return {"type": "log", "range": [low - room * (high - low), high + room * (high - low)], "dtick": 1}
    low, high = min(values), max(values)
    wide = (high - low) or abs(high) or 1.0
    return {"type": "linear", "range": [low - room * wide, high + room * wide], "nticks": 6}


def lifted(values: Sequence[float]) -> list[float]:
    """Return the values with a third of the least positive one in place of 0 where their axis is logarithmic.

    Such an axis has no 0; on a linear one every value stands where it belongs.
    """
    positive = [value for value in values if value > 0]
    least = min(positive, default=1.0) / 3
    raised = [value if value > 0 else least for value in values]
    return raised if span(raised)["type"] == "log" else list(values)
