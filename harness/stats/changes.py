"""Two sets of samples, or two figures → ``Change``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

from harness.stats import intervals
from harness.stats.correlation import effective_count, ranks
from harness.stats.figures import Change, Interval, Verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_TEST = "Mann-Whitney"
_NORMAL = NormalDist()
_LEAST_P = 1e-300
_EXACT_TO = 8
"""Samples of the smaller side up to which the normal approximation is not good enough."""


def change(
    base: Sequence[float],
    new: Sequence[float],
    *,
    deterministic: bool,
    threshold: float = 0.01,
    confidence: float = 0.95,
    seed: int = 0,
    resolution: float = 0.0,
) -> Change:
    """Compare two sets of times, of which less is better.

    A change has been found where the whole interval of the relative difference of the medians is beyond the
    threshold and the Mann-Whitney test agrees, none where the whole interval is within the threshold, or where all
    samples of both are one and the same. ``resolution`` is the clock's step in the unit of the samples; a median of 0
    is one that the clock cannot tell from half a step, and its change is taken relative to that. Nothing here is
    drawn at random, so ``seed`` has no effect. Raises ``ValueError`` for no samples and for negative ones.
    """
    import numpy as np

    if not len(base) or not len(new) or min(*base, *new) < 0:
        msg = "to compare times there must be some, and none below 0"
        raise ValueError(msg)
    old, young = np.asarray(base, dtype=np.float64), np.asarray(new, dtype=np.float64)
    before, after = float(np.median(old)), float(np.median(young))
    if deterministic:
        return exact_change(before, after, threshold=threshold)
    of_before, of_after = (intervals.of_median(values, confidence, resolution) for values in (old, young))
    interval = None
    if of_before and of_after and (before or resolution):
        interval = _relative_interval(before or resolution / 2, after, of_before, of_after, resolution)
    p_value = _p_value(old, young) if min(len(old), len(young)) >= intervals.LEAST else None
    return Change(
        base=before,
        new=after,
        relative=after / before - 1 if before else None,
        interval=interval,
        p_value=p_value,
        threshold=threshold,
        verdict=Verdict.NO_CHANGE if interval and _all_alike(old, young) else _verdict(interval, p_value, threshold),
        test=_TEST,
        exact=False,
    )


def _relative_interval(
    before: float, after: float, of_before: Interval, of_after: Interval, resolution: float
) -> Interval:
    """Return the interval of ``after / before - 1`` from those of the two medians.

    The method of variance estimates recovery (Zou and Donner 2008) on the logarithms, for which the order statistics
    are the same: each end takes from either median the distance to the end that matters.
    """
    least = max(resolution / 2, 1e-9 * max(before, after))

    def log(value: float) -> float:
        return math.log(max(value, least))

    centre = log(after) - log(before)
    low = centre - math.hypot(log(after) - log(of_after.low), log(of_before.high) - log(before))
    high = centre + math.hypot(log(of_after.high) - log(after), log(before) - log(of_before.low))
    step = resolution / before  # the clock may err one way in all runs of one, and the other way in the other
    return Interval(
        low=min(math.expm1(low), after / before - 1 - step),
        high=max(math.expm1(high), after / before - 1 + step),
        confidence=of_before.confidence,
        method=of_before.method,
    )


def _all_alike(old: Floats, young: Floats) -> bool:
    return bool(min(old.min(), young.min()) == max(old.max(), young.max()))


def _p_value(old: Floats, young: Floats) -> float:
    """Return the two-sided p-value of the Mann-Whitney test, larger where neighbouring samples are correlated."""
    if _all_alike(old, young):
        return 1.0
    p_value = _mann_whitney(old, young)
    apart = 1 / len(old) + 1 / len(young)
    together = 1 / effective_count(old) + 1 / effective_count(young)
    if together <= apart or p_value < _LEAST_P:
        return p_value
    z = _NORMAL.inv_cdf(p_value / 2)
    return 2 * _NORMAL.cdf(z * math.sqrt(apart / together))


def _mann_whitney(old: Floats, young: Floats) -> float:
    """Return the p-value of the test: exact for a few samples without ties, else normal with both corrections.

    SciPy is asked for the exact one alone, since it takes a second to load.
    """
    import numpy as np

    few, many = sorted((len(old), len(young)))
    count = few + many
    places, ties = ranks(np.concatenate([old, young]))
    if few <= _EXACT_TO and len(ties) == count:
        from scipy import stats

        return float(stats.mannwhitneyu(old, young).pvalue)
    below = float(places[: len(old)].sum()) - len(old) ** 2 / 2
    off = abs(below - few * many / 2) - 0.5
    tied = float((ties.astype(float) ** 3 - ties).sum()) / (count * (count - 1))
    return min(1.0, 2 * _NORMAL.cdf(-off / math.sqrt(few * many / 12 * (count + 1 - tied))))


def _verdict(interval: Interval | None, p_value: float | None, threshold: float) -> Verdict:
    if interval is None or p_value is None:
        return Verdict.CANNOT_TELL
    if -threshold <= interval.low and interval.high <= threshold:
        return Verdict.NO_CHANGE
    if p_value < 1 - interval.confidence:
        if interval.high < -threshold:
            return Verdict.IMPROVED
        if interval.low > threshold:
            return Verdict.REGRESSED
    return Verdict.CANNOT_TELL


def exact_change(base: float, new: float, *, threshold: float = 0.0, smaller_is_better: bool = True) -> Change:
    """Compare two figures that have no noise, such as sizes and counts of instructions."""
    difference = new - base
    if abs(difference) <= threshold * abs(base):
        verdict = Verdict.NO_CHANGE
    else:
        verdict = Verdict.IMPROVED if (difference < 0) is smaller_is_better else Verdict.REGRESSED
    return Change(
        base=base,
        new=new,
        relative=difference / base if base else None,
        interval=None,
        p_value=None,
        threshold=threshold,
        verdict=verdict,
        test="exact",
        exact=True,
    )
