"""What makes samples doubtful, and what does not."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bench.simulated import correlated, drift, normal, two_modes
from harness.stats import Advice, dip, host_skew, summarize


def kinds(samples, **how):
    return {warning.kind for warning in summarize(samples, resamples=99, **how).warnings}


def drawn(draw, count=128, seed=0):
    return draw(np.random.default_rng(seed), count)


def test_good_samples_have_no_warning():
    assert kinds(drawn(normal)) == set()


@pytest.mark.parametrize(
    ("samples", "kind"),
    [
        ([100.0, 101.0, 100.5], Advice.TOO_FEW_SAMPLES),
        ([100.0], Advice.TOO_FEW_SAMPLES),
        (drawn(drift(3)), Advice.DRIFT),
        (drawn(drift(-3)), Advice.DRIFT),
        (drawn(two_modes(0.5, 8)), Advice.TWO_MODES),
        ([*drawn(normal), 120.0], Advice.OUTLIERS),
        ([130.0, *drawn(normal)], Advice.SLOW_START),
        (drawn(correlated(0.8)), Advice.CORRELATED),
    ],
)
def test_what_is_wrong_is_said(samples, kind):
    assert kinds(samples) == {kind}


def test_large_shares_are_told_in_plain_figures():
    (warning,) = (w for w in summarize([float(i) for i in range(1, 41)]).warnings if w.kind is Advice.DRIFT)
    assert "took 390 % longer" in warning.text


def test_every_warning_says_what_to_do():
    for samples in ([1.0], drawn(drift(3)), drawn(two_modes(0.5, 8)), [*drawn(normal), 120.0], [14.0] * 20):
        for warning in summarize(samples, resolution=0.2, resamples=99).warnings:
            assert len(warning.text) > 60
            assert "\n" not in warning.text


def test_a_coarse_clock():
    assert kinds([14.0] * 20, resolution=1) == {Advice.COARSE_CLOCK}
    assert kinds([14_000.0] * 20, resolution=4) == set()
    assert kinds([0.0] * 20, resolution=1) == {Advice.COARSE_CLOCK}


def test_what_moves_the_time_by_less_than_a_thousandth_is_not_worth_a_word():
    assert kinds(10_000 + drawn(drift(3))) == set()
    assert kinds(100_000 + drawn(two_modes(0.5, 8))) == set()


def test_the_size_of_a_drift_and_of_two_groups_is_told():
    [warning] = summarize(drawn(drift(3)), resamples=99).warnings
    assert "2.3 % longer" in warning.text
    [warning] = summarize(drawn(two_modes(0.5, 8)), resamples=99).warnings
    assert "7.8 % longer" in warning.text


def test_an_exact_clock_that_spreads_is_odd_and_nothing_else_is():
    assert kinds([1000, 1000, 1000], deterministic=True, resolution=1) == set()
    assert kinds([1000, 1001, 1000], deterministic=True, resolution=1) == {Advice.SPREAD}
    assert kinds([25216, 25280, 25216], deterministic=True, resolution=64) == set(), "the next step of micros()"
    assert kinds([25216, 25281, 25216], deterministic=True, resolution=64) == {Advice.SPREAD}
    assert kinds([3], deterministic=True, resolution=1) == set()


def test_ties_of_a_clock_with_steps_are_no_modes():
    values = np.round(drawn(normal, 256))
    assert len(set(values)) < 8
    assert Advice.TWO_MODES not in kinds(values)
    assert Advice.TWO_MODES not in kinds(values, resolution=1)
    # Steps that the clock does not have are modes.
    assert Advice.TWO_MODES in kinds(np.where(drawn(normal, 256) > 100, 100.0, 110.0), resolution=1)


def dip_by_definition(ordered):
    """Return the least distance to a distribution with one mode, by a linear program for each place of the mode.

    The distribution is convex up to the mode and concave from it, continuous but for a jump there; it is given by
    its values at the samples, with one before and one after the jump.
    """
    count = len(ordered)
    best = 1.0
    for mode in range(count):
        # Values at the samples up to the mode (its limit from below), those from the mode on, and the distance.
        left, right = list(range(mode + 1)), list(range(mode + 1, count + 1))
        places = [*ordered[: mode + 1], *ordered[mode:]]
        rows, limits = [], []

        def at_most(limit, *terms, rows=rows, limits=limits):
            row = np.zeros(count + 2)
            for index, factor in terms:
                row[index] += factor
            rows.append(row)
            limits.append(limit)

        for part, sign in ((left, 1), (right, -1)):
            for a, b, c in zip(part, part[1:], part[2:], strict=False):
                first, second = places[b] - places[a], places[c] - places[b]
                at_most(0, (b, sign * (1 / first + 1 / second)), (a, -sign / first), (c, -sign / second))
        for a, b in itertools.pairwise([*left, *right]):
            at_most(0, (a, 1), (b, -1))
        for index in range(count + 1):
            sample = index if index <= mode else index - 1
            below, above = sample / count, (sample + 1) / count
            limit_below = below if index != right[0] else above
            limit_above = above if index != mode else below
            at_most(limit_below, (index, 1), (count + 1, -1))  # F - D ≤ what lies below
            at_most(-limit_above, (index, -1), (count + 1, -1))  # what lies above ≤ F + D
        cost = np.zeros(count + 2)
        cost[-1] = 1
        found = linprog(cost, A_ub=np.array(rows), b_ub=limits, bounds=[(0, 1)] * (count + 2))
        if found.status == 0:
            best = min(best, found.fun)
    return best


@settings(max_examples=60)
@given(st.lists(st.integers(0, 300), min_size=4, max_size=14, unique=True))
def test_the_dip_is_what_its_definition_says(values):
    ordered = np.sort(np.array(values, dtype=float))
    assert dip.dip(ordered) == pytest.approx(max(dip_by_definition(ordered), 1 / (2 * len(ordered))), abs=1e-6)


def test_clocks_that_agree():
    device = [0.1] * 20
    host = [0.1031 + 0.0004 * (index % 5) for index in range(20)]
    assert host_skew(device, host, overhead=0.003) is None


@pytest.mark.parametrize("ratio", [0.25, 0.9, 1.1, 4])
def test_a_clock_that_is_off(ratio):
    device = [0.1] * 20
    host = [0.1 * ratio + 0.003 + 0.0004 * (index % 5) for index in range(20)]
    warning = host_skew(device, host, overhead=0.003)
    assert warning.kind is Advice.CLOCK_OFF
    assert "clock" in warning.text


def test_what_the_host_s_jitter_explains_is_not_the_clock_s_fault():
    device = [0.001] * 20
    host = [0.001 + 0.002 * (index % 7) for index in range(20)]
    assert host_skew(device, host, overhead=0.001) is None


def test_a_board_that_tells_no_time_at_all_is_off():
    assert host_skew([0.0] * 10, [0.5] * 10, overhead=0.001).kind is Advice.CLOCK_OFF


def test_the_times_of_two_clocks_belong_together():
    with pytest.raises(ValueError, match="either for each run"):
        host_skew([0.1], [0.1, 0.2])
