"""The bootstrap: intervals from samples drawn again and again, with replacement, from themselves. Seeded."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Indices = npt.NDArray[np.intp]

RESAMPLES = 4999
_BLOCK = 2_000_000
"""Numbers that are drawn at once, so that many samples do not take much memory."""
_DRAWN = 100_000_000
"""Numbers that are drawn in all: the mean of very many samples is nearly normal, and needs fewer resamples."""
_LEAST = 399
_NORMAL = NormalDist()


def bca_of_mean(values: Floats, confidence: float, seed: int, resamples: int) -> tuple[float, float]:
    """Return the bias-corrected and accelerated interval of the mean (Efron 1987). Values must differ."""
    import numpy as np

    centre = values.mean()
    deviations = values - centre
    means = np.concatenate(draw(len(values), seed, resamples, lambda rows: deviations[rows].mean(axis=1)))
    below = float(np.mean(means < 0) + np.mean(means == 0) / 2)
    bias = _NORMAL.inv_cdf(min(max(below, 1 / len(means)), 1 - 1 / len(means)))
    acceleration = float(np.sum(deviations**3) / (6 * np.sum(deviations**2) ** 1.5))
    tails = []
    for tail in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = bias + _NORMAL.inv_cdf(tail)
        tails.append(_NORMAL.cdf(bias + z / (1 - acceleration * z)))
    low, high = centre + np.quantile(means, tails)
    return float(low), float(high)


def studentized(
    estimate: float, error: float, replicates: tuple[Floats, Floats], confidence: float
) -> tuple[float, float]:
    """Return the bootstrap-t interval (Efron 1982) from the estimates of the resamples and their standard errors.

    Resamples without any scatter say nothing of it and are left out.
    """
    import numpy as np

    estimates, errors = replicates
    usable = errors > 1e-9 * error
    if not usable.any():
        return estimate, estimate
    ratios = (estimates[usable] - estimate) / errors[usable]
    low, high = np.quantile(ratios, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(estimate - high * error), float(estimate - low * error)


def draw(count: int, seed: int, resamples: int, evaluate: Callable[[Indices], Floats]) -> list[Floats]:
    """Return what ``evaluate`` makes of resamples, a block at a time: each row holds indices below ``count``.

    Of very many samples there are fewer resamples than asked for.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    resamples = min(resamples, max(_LEAST, _DRAWN // count))
    size = max(1, _BLOCK // count)
    return [
        evaluate(generator.integers(0, count, (min(size, resamples - begin), count)))
        for begin in range(0, resamples, size)
    ]
