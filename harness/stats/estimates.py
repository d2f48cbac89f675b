"""Samples → ``Summary``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.stats import advice, intervals, resampling
from harness.stats.figures import Outliers, Summary

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def summarize(
    samples: Sequence[float],
    *,
    deterministic: bool = False,
    resolution: float = 0.0,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = resampling.RESAMPLES,
) -> Summary:
    """Return the estimates of samples in the order in which they were taken; raises ``ValueError`` for none.

    ``deterministic`` says that the clock counts the same whenever the same is run: then the value is exact and
    has no interval. ``resolution`` is the clock's step in the unit of the samples, 0 where it is not known.
    """
    import numpy as np

    if not len(samples):
        msg = "there is no sample to summarize"
        raise ValueError(msg)
    values = np.asarray(samples, dtype=np.float64)
    median = float(np.median(values))
    outliers = tukey(values, resolution)
    of_median = of_mean = None
    if not deterministic:
        of_median = intervals.of_median(values, confidence, resolution)
        of_mean = intervals.of_mean(values, confidence, resolution, seed=seed, resamples=resamples)
    return Summary(
        count=len(values),
        mean=float(values.mean()),
        median=median,
        minimum=float(values.min()),
        maximum=float(values.max()),
        standard_deviation=float(values.std(ddof=1)) if len(values) > 1 else None,
        mad=float(np.median(np.abs(values - median))),
        median_interval=of_median,
        mean_interval=of_mean,
        outliers=outliers,
        exact=deterministic,
        resolution=resolution,
        warnings=advice.of_exact(values, resolution)
        if deterministic
        else advice.of_noisy(values, resolution, outliers),
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
