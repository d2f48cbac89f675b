"""The statistics of measurements: the one place where results, reports and comparisons ask for them.

What a measurement's clock is decides whether its samples have noise, never the samples themselves.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from harness.types import Clock, Json, Measurement, Status

if TYPE_CHECKING:
    from harness.stats import Change, Summary, Warning_

_STEPS = {Clock.HARDWARE: 1e-6, Clock.CYCLE_MODEL: 1.0, Clock.INSTRUCTION_COUNT: 1.0}
"""Steps of the clocks in their units, where a result does not tell: ``micros()``, a cycle, an instruction."""
_LEAST_HOST_S = 0.05
"""Shorter runs, as the host saw them, drown in the delays of its port."""


def of(measurement: Measurement) -> Summary | None:
    """Return what the samples of a timing say, in the unit of its clock; None where it is no timing or not ok."""
    if measurement.clock is None or measurement.status is not Status.OK or not measurement.samples:
        return None
    if not all(sample is not None and math.isfinite(sample) for sample in measurement.samples):
        return None  # as JSON has them that cannot be written there
    found = _summary(measurement.samples, measurement.clock, resolution(measurement))
    skew = _skew(measurement)
    return replace(found, warnings=(*found.warnings, skew)) if skew else found


def resolution(measurement: Measurement) -> float:
    """Return the step of a timing's clock in its unit; 0 for what is no timing."""
    told = measurement.details.get("resolution")
    if isinstance(told, int | float):
        return float(told)
    return _STEPS[measurement.clock] if measurement.clock else 0.0


def step(base: Measurement, new: Measurement) -> float:
    """Return the step that a difference of two timings is read in: that of the coarser clock."""
    return max(resolution(base), resolution(new))


def change(base: Measurement, new: Measurement, *, threshold: float = 0.01) -> Change:
    """Compare two timings by clocks of one kind, which have a value; without samples that is the only one."""
    from harness import stats

    old, young = (timing.samples or (timing.value or 0.0,) for timing in (base, new))
    return stats.change(
        old,
        young,
        deterministic=base.clock is not Clock.HARDWARE,
        threshold=threshold,
        resolution=step(base, new),
    )


def to_json(summary: Summary) -> dict[str, Json]:
    """Return a summary as the object ``statistics`` of a result."""
    found = asdict(summary)
    found["warnings"] = [{"kind": warning.kind.value, "text": warning.text} for warning in summary.warnings]
    return found


@lru_cache(maxsize=1024)
def _summary(samples: tuple[float, ...], clock: Clock, resolution: float) -> Summary:
    from harness import stats

    return stats.summarize(samples, deterministic=clock is not Clock.HARDWARE, resolution=resolution)


def _skew(measurement: Measurement) -> Warning_ | None:
    """Hold a hardware clock to the host's, where the result has both times of the runs."""
    host = _numbers(measurement.details.get("host_s"))
    overhead = measurement.details.get("host_overhead_s")
    if len(host) != len(measurement.samples) or not isinstance(overhead, int | float):
        return None
    if statistics.median(host) < _LEAST_HOST_S:
        return None
    from harness import stats

    return stats.host_skew(measurement.samples, host, overhead=overhead)


def _numbers(value: Json) -> list[float]:
    return [float(item) for item in value if isinstance(item, int | float)] if isinstance(value, list) else []
