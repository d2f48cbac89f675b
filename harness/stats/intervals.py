"""Confidence intervals of a median and a mean from samples."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from harness.stats.figures import Interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

LEAST = 6
"""With fewer samples no pair of order statistics encloses the median with 95 % confidence."""
RESAMPLES = 4999


def of_median(samples: Floats, confidence: float) -> Interval | None:
    """Return the order-statistic interval of the median; None where samples are too few.

    The ranks are those of the binomial distribution whose confidence is nearest to the one asked for.
    """
    import numpy as np
    from scipy import stats

    count = len(samples)
    if count < LEAST:
        return None
    ordered = np.sort(samples)
    ranks = np.arange(0, count // 2)
    covered = 1 - 2 * stats.binom.cdf(ranks, count, 0.5)
    rank = int(np.argmin(np.abs(covered - confidence)))
    return Interval(
        low=float(ordered[rank]),
        high=float(ordered[count - 1 - rank]),
        confidence=confidence,
        method="order statistics",
    )


def of_mean(samples: Floats, confidence: float, seed: int, resamples: int) -> Interval | None:
    """Return the BCa bootstrap interval of the mean (Efron 1987); None where samples are too few."""
    import numpy as np

    count = len(samples)
    if count < LEAST:
        return None
    if samples.min() == samples.max():
        return Interval(low=float(samples[0]), high=float(samples[0]), confidence=confidence, method="BCa")
    centre = float(samples.mean())
    draws = np.random.default_rng(seed).integers(0, count, (resamples, count))
    means = samples[draws].mean(axis=1)
    normal = NormalDist()
    below = (np.sum(means < centre) + np.sum(means == centre) / 2) / resamples
    bias = normal.inv_cdf(min(max(float(below), 1 / resamples), 1 - 1 / resamples))
    left_out = centre - (samples.sum() - samples) / (count - 1)
    acceleration = float(np.sum(left_out**3) / (6 * np.sum(left_out**2) ** 1.5))
    ends = []
    for tail in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = bias + normal.inv_cdf(tail)
        ends.append(normal.cdf(bias + z / (1 - acceleration * z)))
    low, high = np.quantile(means, ends)
    if not math.isfinite(low + high):
        return None
    return Interval(low=float(low), high=float(high), confidence=confidence, method="BCa")
