"""The statistics of a measurement from its samples and its clock: the one place where results and reports ask."""

from __future__ import annotations

from functools import lru_cache

from harness import stats
from harness.types import Clock, Measurement, Status

_STEPS = {Clock.HARDWARE: 1e-6, Clock.CYCLE_MODEL: 1.0, Clock.INSTRUCTION_COUNT: 1.0}
"""Steps of the clocks in their units, where a result does not tell them: micros(), a cycle, an instruction."""


def of(measurement: Measurement) -> stats.Summary | None:
    """Return what the samples of a timing say, in the unit of its clock; None where it is no timing or not ok."""
    if measurement.clock is None or measurement.status is not Status.OK or not measurement.samples:
        return None
    step = measurement.details.get("resolution")
    resolution = float(step) if isinstance(step, int | float) else _STEPS[measurement.clock]
    return _summary(measurement.samples, measurement.clock, resolution)


@lru_cache(maxsize=1024)
def _summary(samples: tuple[float, ...], clock: Clock, resolution: float) -> stats.Summary:
    return stats.summarize(samples, deterministic=clock is not Clock.HARDWARE, resolution=resolution)
