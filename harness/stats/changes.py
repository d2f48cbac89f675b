"""Two sets of samples, or two figures → ``Change``."""

from __future__ import annotations

from collections.abc import Sequence

from harness.stats import intervals
from harness.stats.figures import Change, Interval, Verdict


def change(
    base: Sequence[float],
    new: Sequence[float],
    *,
    deterministic: bool,
    threshold: float = 0.01,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = intervals.RESAMPLES,
) -> Change:
    """Compare two sets of times, of which less is better; raises ``ValueError`` where one is empty.

    The relative difference is that of the medians. A change counts where its whole interval is beyond the threshold
    and the Mann-Whitney test agrees.
    """
    import numpy as np
    from scipy import stats

    if not len(base) or not len(new):
        msg = "there are no samples to compare"
        raise ValueError(msg)
    old, young = np.asarray(base, dtype=np.float64), np.asarray(new, dtype=np.float64)
    before, after = float(np.median(old)), float(np.median(young))
    if deterministic:
        return exact_change(before, after, threshold=threshold)
    relative = after / before - 1 if before else None
    interval, p_value, verdict = None, None, Verdict.CANNOT_TELL
    if relative is not None and min(len(old), len(young)) >= intervals.LEAST:
        generator = np.random.default_rng(seed)
        medians = [
            np.median(values[generator.integers(0, len(values), (resamples, len(values)))], axis=1)
            for values in (old, young)
        ]
        low, high = np.quantile(medians[1] / medians[0] - 1, [(1 - confidence) / 2, (1 + confidence) / 2])
        interval = Interval(low=float(low), high=float(high), confidence=confidence, method="percentile")
        p_value = float(stats.mannwhitneyu(old, young).pvalue)
        verdict = _verdict(interval, p_value, threshold)
    return Change(
        base=before,
        new=after,
        relative=relative,
        interval=interval,
        p_value=p_value,
        threshold=threshold,
        verdict=verdict,
        test="Mann-Whitney",
        exact=False,
    )


def _verdict(interval: Interval, p_value: float, threshold: float) -> Verdict:
    if -threshold <= interval.low and interval.high <= threshold:
        return Verdict.NO_CHANGE
    if p_value < 1 - interval.confidence:
        if interval.high < -threshold:
            return Verdict.IMPROVED
        if interval.low > threshold:
            return Verdict.REGRESSED
    return Verdict.CANNOT_TELL


def exact_change(base: float, new: float, *, threshold: float = 0.0, smaller_is_better: bool = True) -> Change:
    """Compare two figures that have no noise, such as sizes."""
    difference = new - base
    relative = difference / base if base else None
    if abs(difference) <= threshold * abs(base):
        verdict = Verdict.NO_CHANGE
    else:
        verdict = Verdict.IMPROVED if (difference < 0) is smaller_is_better else Verdict.REGRESSED
    return Change(
        base=base,
        new=new,
        relative=relative,
        interval=None,
        p_value=None,
        threshold=threshold,
        verdict=verdict,
        test="exact",
        exact=True,
    )
