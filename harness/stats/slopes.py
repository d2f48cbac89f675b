"""Batches of runs → the time of one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.stats import resampling
from harness.stats.figures import Interval, Slope

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_LEAST = 6
"""Batches without which the scatter around the line is not known well enough for an interval."""


def slope(
    counts: Sequence[float],
    totals: Sequence[float],
    *,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = resampling.RESAMPLES,
) -> Slope:
    """Fit ``total = intercept + count · time_per_run`` by ordinary least squares.

    The interval is a bootstrap-t over the pairs, with errors that hold where large batches scatter more (MacKinnon
    and White 1985, HC1). Raises ``ValueError`` where there are no two batches of different sizes.
    """
    import numpy as np

    x = np.asarray(counts, dtype=np.float64)
    y = np.asarray(totals, dtype=np.float64)
    if len(x) != len(y) or len(set(counts)) < 2:  # noqa: PLR2004 (a line has two points)
        msg = "a slope needs a total for each batch, and batches of two sizes at least"
        raise ValueError(msg)
    steepness, errors, intercept = _lines(x[None], y[None])
    scatter = float(np.sum((y - intercept - steepness * x) ** 2))
    total = float(np.sum((y - y.mean()) ** 2))
    interval = None
    if len(x) >= _LEAST:
        drawn = resampling.draw(len(x), seed, resamples, lambda rows: np.stack(_lines(x[rows], y[rows])[:2]))
        slopes, deviations = np.concatenate(drawn, axis=1)
        known = np.isfinite(slopes)
        found = (slopes[known], deviations[known])
        low, high = resampling.studentized(float(steepness[0]), float(errors[0]), found, confidence)
        interval = Interval(low=low, high=high, confidence=confidence, method="bootstrap-t")
    return Slope(
        time_per_run=float(steepness[0]),
        interval=interval,
        intercept=float(intercept[0]),
        r_squared=1 - scatter / total if total else None,
    )


def _lines(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Return slope, its standard error and intercept of each row; the slope is NaN where ``x`` does not vary."""
    import numpy as np

    centred = x - x.mean(axis=1, keepdims=True)
    squares = (centred**2).sum(axis=1)
    squares[squares == 0] = np.nan
    steepness = (centred * y).sum(axis=1) / squares
    intercept = y.mean(axis=1) - steepness * x.mean(axis=1)
    rest = y - intercept[:, None] - steepness[:, None] * x
    errors = np.sqrt(((centred * rest) ** 2).sum(axis=1) * (x.shape[1] / max(x.shape[1] - 2, 1))) / squares
    return steepness, errors, intercept
