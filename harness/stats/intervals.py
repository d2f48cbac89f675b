"""Confidence intervals of a median and of a mean.

Which method serves which samples was chosen by simulation: docs/statistics.md has the measured coverages.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.stats import resampling
from harness.stats.correlation import effective_count
from harness.stats.figures import Interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

LEAST = 6
"""With fewer samples their range does not enclose the median with 95 % confidence."""
_BCA_FROM = 30
"""With fewer samples BCa covers too little, even of a normal distribution."""
_SKEWED = 1.0
"""Skewness from which BCa covers too little."""
_VERY_SKEWED = 2.0
"""Skewness from which bootstrap-t covers too little as well."""
_TAILS_OF_VERY_SKEWED = 0.7
"""What is left of the error probability there, for resamples show less of a long tail than there is."""


def of_median(values: Floats, confidence: float, resolution: float = 0.0) -> Interval | None:
    """Return an interval of the median between order statistics; None where samples are too few.

    How many samples lie below the median is binomial whatever the distribution. Between the two pairs of ranks whose
    confidences enclose the one asked for the ends are interpolated (Hettmansperger and Sheather 1986).
    """
    import numpy as np
    from scipy import special

    count = len(values)
    if count < LEAST:
        return None
    ranks = np.arange(1, count // 2 + 1)
    covered = 1 - 2 * special.bdtr(ranks - 1.0, count, 0.5)
    if covered[0] < confidence:
        return None
    ordered = np.sort(values)
    rank = int(np.flatnonzero(covered >= confidence)[-1]) + 1
    inner = covered[rank] if rank < len(covered) else 0.0
    excess = (covered[rank - 1] - confidence) / (covered[rank - 1] - inner)
    weight = (count - rank) * excess / (rank + (count - 2 * rank) * excess)
    ends = [
        (1 - weight) * ordered[outer] + weight * ordered[next_in]
        for outer, next_in in ((rank - 1, rank), (count - rank, count - rank - 1))
    ]
    found = Interval(low=ends[0], high=ends[1], confidence=confidence, method="order statistics")
    return _widened(found, values, float(np.median(values)), resolution)


def of_mean(
    values: Floats,
    confidence: float,
    resolution: float = 0.0,
    *,
    seed: int = 0,
    resamples: int = resampling.RESAMPLES,
) -> Interval | None:
    """Return a bootstrap interval of the mean; None where samples are too few.

    BCa for 30 samples and more of small skewness, bootstrap-t otherwise.
    """
    count = len(values)
    if count < LEAST:
        return None
    centre = float(values.mean())
    low, high, method = _mean_ends(values - centre, confidence, seed, resamples)
    found = Interval(low=centre + low, high=centre + high, confidence=confidence, method=method)
    return _widened(found, values, centre, resolution)


def _mean_ends(deviations: Floats, confidence: float, seed: int, resamples: int) -> tuple[float, float, str]:
    """Return the ends relative to the mean, and the method that they are by."""
    if deviations.min() == deviations.max():
        return 0.0, 0.0, "BCa"
    skewness = abs(float((deviations**3).mean() / (deviations**2).mean() ** 1.5))
    if len(deviations) >= _BCA_FROM and skewness < _SKEWED:
        return *resampling.bca_of_mean(deviations, confidence, seed, resamples), "BCa"
    left = _TAILS_OF_VERY_SKEWED if skewness >= _VERY_SKEWED else 1.0
    return *_bootstrap_t(deviations, 1 - left * (1 - confidence), seed, resamples), "bootstrap-t"


def _bootstrap_t(deviations: Floats, confidence: float, seed: int, resamples: int) -> tuple[float, float]:
    """Return the ends relative to the mean."""
    import numpy as np

    def moments(rows: npt.NDArray[np.intp]) -> Floats:
        drawn = deviations[rows]
        means = drawn.mean(axis=1)
        return np.stack([means, np.sqrt(np.maximum((drawn**2).mean(axis=1) - means**2, 0.0))])

    means, errors = np.concatenate(resampling.draw(len(deviations), seed, resamples, moments), axis=1)
    return resampling.studentized(0.0, float(deviations.std()), (means, errors), confidence)


def _widened(interval: Interval, values: Floats, centre: float, resolution: float) -> Interval:
    """Return an interval as wide as correlated samples need it, and never narrower than a step of the clock.

    What is never below 0, as times are not, has no interval that reaches below it.
    """
    wider = math.sqrt(len(values) / effective_count(values))
    low = float(min(centre + wider * (interval.low - centre), centre - resolution / 2))
    return replace(
        interval,
        low=max(low, 0.0) if values.min() >= 0 else low,
        high=float(max(centre + wider * (interval.high - centre), centre + resolution / 2)),
    )
