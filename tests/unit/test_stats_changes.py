"""Changes: when one has been found, when none, and when nobody can tell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from harness.stats import Verdict, change, exact_change
from harness.stats.changes import _mann_whitney

CHANGED = (Verdict.IMPROVED, Verdict.REGRESSED)


def times(median, count=64, sd=1.0, seed=0):
    return np.random.default_rng(seed).normal(median, sd, count)


@pytest.mark.parametrize(
    ("new", "sd", "verdict"),
    [
        (105, 1, Verdict.REGRESSED),
        (95, 1, Verdict.IMPROVED),
        (100, 1, Verdict.NO_CHANGE),
        (100.5, 0.2, Verdict.NO_CHANGE),  # a difference, but smaller than what counts as one
        (101, 3, Verdict.CANNOT_TELL),
        (100, 10, Verdict.CANNOT_TELL),
    ],
)
def test_verdicts(new, sd, verdict):
    found = change(times(100, sd=sd), times(new, sd=sd, seed=1), deterministic=False)
    assert found.verdict is verdict
    assert not found.exact
    assert found.threshold == 0.01
    assert found.interval.low <= found.relative <= found.interval.high
    assert found.relative == pytest.approx(found.new / found.base - 1)


def test_the_p_value_is_that_of_mann_and_whitney():
    base, new = times(100), times(100.4, seed=1)
    found = change(base, new, deterministic=False)
    assert found.test == "Mann-Whitney"
    assert found.p_value == pytest.approx(scipy_stats.mannwhitneyu(base, new).pvalue)


@pytest.mark.parametrize("sizes", [(6, 6), (8, 40), (9, 9), (12, 300), (40, 33)])
@pytest.mark.parametrize("steps", [1, 4, 0])
def test_the_p_value_is_that_of_scipy_with_and_without_ties(sizes, steps):
    for seed in range(20):
        dice = np.random.default_rng(seed)
        base, new = dice.normal(100, 1, sizes[0]), dice.normal(100.5, 1, sizes[1])
        if steps:
            base, new = (np.round(side * steps) / steps for side in (base, new))
        expected = scipy_stats.mannwhitneyu(base, new).pvalue
        assert _mann_whitney(base, new) == pytest.approx(expected, rel=1e-9)
        assert _mann_whitney(new, base) == pytest.approx(expected, rel=1e-9)


def test_correlated_samples_make_the_p_value_larger():
    base, new = np.sort(times(100)), np.sort(times(100.4, seed=1))
    assert change(base, new, deterministic=False).p_value > scipy_stats.mannwhitneyu(base, new).pvalue


def test_few_samples_cannot_tell():
    found = change([100.0] * 5, [200.0] * 50, deterministic=False)
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.relative == 1
    assert found.interval is None
    assert found.p_value is None


def test_samples_all_alike():
    assert change([5.0] * 9, [5.0] * 9, deterministic=False).verdict is Verdict.NO_CHANGE
    assert change([5.0] * 9, [6.0] * 9, deterministic=False).verdict is Verdict.REGRESSED


def test_a_step_of_the_clock_is_no_change():
    found = change([14.0] * 32, [15.0] * 32, deterministic=False, resolution=1.0)
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.interval.low < 0.01
    found = change([5400.0] * 32, [5401.0] * 32, deterministic=False, resolution=1.0)
    assert found.verdict is Verdict.NO_CHANGE


def test_a_base_of_0_has_no_relative_change():
    found = change([0.0] * 10, [1.0] * 10, deterministic=False)
    assert (found.relative, found.interval, found.verdict) == (None, None, Verdict.CANNOT_TELL)
    found = change([1.0] * 10, [0.0] * 10, deterministic=False)
    assert found.relative == -1
    assert found.verdict is Verdict.IMPROVED


def test_a_base_of_0_counts_as_half_a_step_of_the_clock():
    found = change([0.0] * 10, [5000.0] * 10, deterministic=False, resolution=1.0)
    assert (found.relative, found.verdict) == (None, Verdict.REGRESSED)
    assert found.interval.low == pytest.approx(9999, rel=0.01)
    assert change([0.0] * 10, [1.0] * 10, deterministic=False, resolution=1.0).verdict is Verdict.CANNOT_TELL


def test_no_change_is_seen_where_all_samples_are_one():
    assert change([14.0] * 32, [14.0] * 32, deterministic=False, resolution=1.0).verdict is Verdict.NO_CHANGE
    assert change([0.0] * 32, [0.0] * 32, deterministic=False, resolution=1.0).verdict is Verdict.NO_CHANGE
    assert change([14.0] * 3, [14.0] * 3, deterministic=False, resolution=1.0).verdict is Verdict.CANNOT_TELL


def test_a_deterministic_clock_is_exact():
    found = change([1000, 1000, 1000], [1001, 1001, 1001], deterministic=True, threshold=0)
    assert (found.verdict, found.exact, found.interval, found.p_value, found.test) == (
        Verdict.REGRESSED, True, None, None, "exact",
    )  # fmt: skip
    assert found.relative == pytest.approx(0.001)
    assert change([1000], [1001], deterministic=True).verdict is Verdict.NO_CHANGE  # within 1 %
    assert change([1000], [989], deterministic=True).verdict is Verdict.IMPROVED


@pytest.mark.parametrize(("base", "new"), [([], [1.0]), ([1.0], []), ([-1.0], [1.0])])
def test_what_cannot_be_compared(base, new):
    with pytest.raises(ValueError, match="to compare times"):
        change(base, new, deterministic=False)


@pytest.mark.parametrize(
    ("base", "new", "how", "verdict"),
    [
        (100, 100, {}, Verdict.NO_CHANGE),
        (100, 101, {}, Verdict.REGRESSED),
        (100, 99, {}, Verdict.IMPROVED),
        (100, 101, {"threshold": 0.01}, Verdict.NO_CHANGE),
        (100, 102, {"threshold": 0.01}, Verdict.REGRESSED),
        (100, 99, {"smaller_is_better": False}, Verdict.REGRESSED),
        (100, 101, {"smaller_is_better": False}, Verdict.IMPROVED),
        (0, 1, {}, Verdict.REGRESSED),
        (0, 0, {}, Verdict.NO_CHANGE),
    ],
)
def test_exact_figures(base, new, how, verdict):
    found = exact_change(base, new, **how)
    assert found.verdict is verdict
    assert found.exact
    assert found.relative == (None if base == 0 else pytest.approx(new / base - 1))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.sampled_from([0.0, 0.01]))
def test_nothing_has_changed_against_itself(samples, threshold):
    assert change(samples, samples, deterministic=False, threshold=threshold).verdict not in CHANGED
    assert change(samples, samples, deterministic=True, threshold=threshold).verdict is Verdict.NO_CHANGE


@given(st.lists(st.integers(100, 10_000), min_size=8, max_size=40), st.floats(0.2, 5))
def test_the_other_way_round_is_the_other_verdict(samples, factor):
    other = [factor * sample for sample in samples]
    there, back = change(samples, other, deterministic=False), change(other, samples, deterministic=False)
    opposite = {Verdict.IMPROVED: Verdict.REGRESSED, Verdict.REGRESSED: Verdict.IMPROVED}
    # The threshold is relative to the base, so that near it one way may count and the other not.
    if there.verdict in CHANGED and back.verdict in CHANGED:
        assert back.verdict is opposite[there.verdict]
    assert (1 + there.interval.low) * (1 + back.interval.high) == pytest.approx(1)
