"""Samples → ``Summary``, and batches of runs → ``Slope``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.stats import advice, intervals
from harness.stats.figures import Interval, Outliers, Slope, Summary

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_LEAST_POINTS = 3
"""Points without which nothing can be said about the scatter around a line."""


def summarize(
    samples: Sequence[float],
    *,
    deterministic: bool = False,
    resolution: float = 0.0,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = intervals.RESAMPLES,
) -> Summary:
    """Return the estimates of samples in the order in which they were taken; raises ``ValueError`` for none.

    ``deterministic`` says that the clock counts the same whenever the same is run: then the value is exact and
    has no interval. ``resolution`` is the clock's step in the unit of the samples.
    """
    import numpy as np

    if not len(samples):
        msg = "there is no sample to summarize"
        raise ValueError(msg)
    values = np.asarray(samples, dtype=np.float64)
    median = float(np.median(values))
    outliers = tukey(values, resolution)
    return Summary(
        count=len(values),
        mean=float(values.mean()),
        median=median,
        minimum=float(values.min()),
        maximum=float(values.max()),
        standard_deviation=float(values.std(ddof=1)) if len(values) > 1 else None,
        mad=float(np.median(np.abs(values - median))),
        median_interval=None if deterministic else intervals.of_median(values, confidence),
        mean_interval=None if deterministic else intervals.of_mean(values, confidence, seed, resamples),
        outliers=outliers,
        exact=deterministic,
        resolution=resolution,
        warnings=advice.of_exact(values) if deterministic else advice.of_noisy(values, resolution, outliers),
    )


def tukey(values: Floats, resolution: float = 0.0) -> Outliers:
    """Count the samples beyond Tukey's fences; the interquartile range counts as one step of the clock at least."""
    import numpy as np

    low, high = np.quantile(values, [0.25, 0.75])
    spread = max(float(high - low), resolution)
    mild = (float(low - 1.5 * spread), float(high + 1.5 * spread))
    severe = (float(low - 3 * spread), float(high + 3 * spread))
    beyond_mild = int(np.sum((values < mild[0]) | (values > mild[1])))
    beyond_severe = int(np.sum((values < severe[0]) | (values > severe[1])))
    return Outliers(
        mild=beyond_mild - beyond_severe,
        severe=beyond_severe,
        low_mild=mild[0],
        high_mild=mild[1],
        low_severe=severe[0],
        high_severe=severe[1],
    )


def slope(
    counts: Sequence[float],
    totals: Sequence[float],
    *,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = intervals.RESAMPLES,
) -> Slope:
    """Fit ``total = intercept + count · seconds_per_run``; the interval is a bootstrap over the pairs.

    Raises ``ValueError`` where the batches are fewer than two or all of one size.
    """
    import numpy as np

    x = np.asarray(counts, dtype=np.float64)
    y = np.asarray(totals, dtype=np.float64)
    if len(x) != len(y) or len(x) < 2 or x.min() == x.max():  # noqa: PLR2004 (a line has two points)
        msg = "a slope needs a total for each batch, and batches of two sizes at least"
        raise ValueError(msg)
    steepness, intercept = _line(x[None], y[None])
    rest = float(np.sum((y - y.mean()) ** 2))
    error = float(np.sum((y - intercept - steepness * x) ** 2))
    interval = None
    if len(x) >= _LEAST_POINTS:
        draws = np.random.default_rng(seed).integers(0, len(x), (resamples, len(x)))
        draws = draws[np.ptp(x[draws], axis=1) > 0]
        found = _line(x[draws], y[draws])[0]
        low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
        interval = Interval(low=float(low), high=float(high), confidence=confidence, method="percentile")
    return Slope(
        seconds_per_run=float(steepness[0]),
        interval=interval,
        intercept=float(intercept[0]),
        r_squared=1 - error / rest if rest else None,
    )


def _line(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return slope and intercept of each row."""
    centred = x - x.mean(axis=1, keepdims=True)
    steepness = (centred * y).sum(axis=1) / (centred**2).sum(axis=1)
    return steepness, y.mean(axis=1) - steepness * x.mean(axis=1)
