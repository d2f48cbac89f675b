"""What statistics come out as: estimates, intervals, outliers, warnings, changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Where the true value lies with the given confidence, in the unit of the samples."""

    low: float
    high: float
    confidence: float
    """As a fraction: 0.95."""
    method: str
    """``order statistics``, ``BCa``, ``bootstrap-t`` or ``percentile``."""


@dataclass(frozen=True, kw_only=True)
class Outliers:
    """How many samples lie beyond Tukey's fences; they are counted and stay in every estimate."""

    mild: int
    """Samples beyond 1.5 interquartile ranges from the quartiles and within 3."""
    severe: int
    """Samples beyond 3 interquartile ranges."""
    low_mild: float
    high_mild: float
    low_severe: float
    high_severe: float


class Advice(Enum):
    """What a warning is about."""

    TOO_FEW_SAMPLES = "too-few-samples"
    SLOW_START = "slow-start"
    DRIFT = "drift"
    TWO_MODES = "two-modes"
    CORRELATED = "correlated"
    OUTLIERS = "outliers"
    COARSE_CLOCK = "coarse-clock"
    CLOCK_OFF = "clock-off"
    SPREAD = "spread"
    """Samples of a clock that should repeat exactly differ."""


@dataclass(frozen=True, kw_only=True)
class Warning_:  # noqa: N801 (``Warning`` is Python's)
    """Something about the samples that makes their figures doubtful."""

    kind: Advice
    text: str
    """What was seen and what to do about it, in one line."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What samples say, in their unit."""

    count: int
    mean: float
    median: float
    minimum: float
    maximum: float
    standard_deviation: float | None
    """With ``count - 1`` in the denominator; None below two samples."""
    mad: float
    """Median absolute deviation from the median, not scaled."""
    median_interval: Interval | None
    """None where the clock is exact, and where samples are too few for the confidence."""
    mean_interval: Interval | None
    outliers: Outliers
    exact: bool
    """Whether the clock counts deterministically, so that the value is exact to its resolution."""
    resolution: float
    """Step of the clock, in the unit of the samples; 0 where it is not known."""
    warnings: tuple[Warning_, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Slope:
    """The time of one run from batches of runs, by ordinary least squares, in the unit of the batches' times."""

    time_per_run: float
    interval: Interval | None
    intercept: float
    """What a batch takes beside its runs."""
    r_squared: float | None
    """Share of the variance that the line explains; None where the totals do not vary."""


class Verdict(Enum):
    """What a comparison found."""

    IMPROVED = "improved"
    REGRESSED = "regressed"
    NO_CHANGE = "no change"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What differs from ``base`` to ``new``."""

    base: float
    """Median of the first run, or the figure itself."""
    new: float
    relative: float | None
    """``new / base - 1``; None where the base is 0."""
    interval: Interval | None
    """Of ``relative``, or of the change from half a step of the clock where the base is 0; None where the figures
    are exact or samples too few."""
    p_value: float | None
    threshold: float
    """Relative changes up to this are noise."""
    verdict: Verdict
    test: str
    """What the p-value comes from; ``exact`` where there is none."""
    exact: bool
