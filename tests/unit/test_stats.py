"""Estimates and intervals against known answers: scipy's, published ones, and those that follow from definitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from harness.stats import intervals, slope, summarize
from harness.stats.correlation import effective_count

TIMES = st.lists(st.integers(1, 10**6), min_size=1, max_size=60)
# NIST/SEMATECH e-Handbook of Statistical Methods, 7.1.6, "What are outliers in the data?"
NIST_OUTLIERS = (
    "30 171 184 201 212 250 265 270 272 289 305 306 322 322 336 346 351 370 390 404 409 411 436 437 439 441 444 448 "
    "451 453 470 480 482 487 494 495 499 503 514 521 522 527 548 550 559 560 570 572 574 578 585 592 592 607 616 618 "
    "621 629 637 638 640 656 668 707 709 719 737 739 752 758 766 792 792 794 802 818 830 832 843 858 860 869 918 925 "
    "953 991 1000 1005 1068 1441"
)
# NIST Statistical Reference Datasets, linear regression, Norris: y and x
NORRIS = (
    "0.1 0.2 338.8 337.4 118.1 118.2 888.0 884.6 9.2 10.1 228.1 226.5 668.5 666.3 998.5 996.3 449.1 448.6 "
    "778.9 777.0 559.2 558.2 0.3 0.4 0.1 0.6 778.1 775.5 668.8 666.9 339.3 338.0 448.9 447.5 10.8 11.6 557.7 "
    "556.0 228.3 228.1 998.0 995.8 888.8 887.6 119.6 120.2 0.3 0.3 0.6 0.3 557.6 556.8 339.3 339.1 888.0 "
    "887.2 998.5 999.0 778.9 779.0 10.2 11.1 117.6 118.3 228.9 229.2 668.4 669.1 449.2 448.9 0.2 0.5 "
)


def numbers(text):
    return [float(word) for word in text.split()]


def normal(count, seed=1):
    return np.random.default_rng(seed).normal(100, 1, count)


def test_estimates():
    found = summarize([4, 1, 3, 2, 10])
    assert (found.count, found.mean, found.median, found.minimum, found.maximum) == (5, 4, 3, 1, 10)
    assert found.standard_deviation == pytest.approx(math.sqrt(50 / 4))
    assert found.mad == 1
    assert found.median_interval is None
    assert found.mean_interval is None


def test_one_sample_has_no_deviation():
    found = summarize([7.0])
    assert (found.mean, found.median, found.mad, found.standard_deviation) == (7, 7, 0, None)


def test_no_sample_is_an_error():
    with pytest.raises(ValueError, match="no sample"):
        summarize([])


def test_an_exact_clock_has_no_interval_however_its_samples_look():
    found = summarize(normal(40), deterministic=True, resolution=1)
    assert found.exact
    assert found.median_interval is None
    assert found.mean_interval is None


def test_a_clock_with_noise_is_not_exact_however_its_samples_look():
    found = summarize([14.0] * 40, resolution=1)
    assert not found.exact
    # All alike, they still say no more than the step of the clock lets them.
    assert (found.median_interval.low, found.median_interval.high) == (13.5, 14.5)
    assert (found.mean_interval.low, found.mean_interval.high) == (13.5, 14.5)


@pytest.mark.parametrize(("count", "rank"), [(10, 2), (32, 10), (33, 11), (128, 53)])
def test_the_interval_of_the_median_is_between_order_statistics(count, rank):
    ordered = np.sort(normal(count))
    confidence = 1 - 2 * scipy_stats.binom.cdf(rank - 1, count, 0.5)
    found = intervals.of_median(normal(count), float(confidence))
    assert (found.low, found.high) == pytest.approx((ordered[rank - 1], ordered[count - rank]), rel=1e-9)


def test_the_interval_of_the_median_lies_within_the_conservative_one_of_scipy():
    for count in (10, 32, 33, 100):
        values = normal(count)
        found = intervals.of_median(values, 0.95)
        outer = scipy_stats.quantile_test(values, q=float(np.median(values)), p=0.5).confidence_interval(0.95)
        assert outer.low <= found.low < np.median(values) < found.high <= outer.high


def test_no_interval_of_times_reaches_below_0():
    for samples in ([0.0] * 10, [float(i) for i in range(1, 21)]):  # the second drifts, so that it counts for less
        found = summarize(samples, resolution=1.0, resamples=99)
        assert found.median_interval.low == found.mean_interval.low == 0
    assert summarize([-1.0, 1.0] * 8, resamples=99).median_interval.low < 0  # of differences it may


def test_too_few_samples_have_no_interval_of_the_median():
    assert intervals.of_median(normal(5), 0.95) is None
    assert intervals.of_median(normal(6), 0.95) is not None
    assert intervals.of_median(normal(7), 0.99) is None
    assert intervals.of_median(normal(8), 0.99) is not None


def test_bca_is_that_of_scipy():
    values = normal(64) + np.random.default_rng(3).exponential(0.7, 64)
    found = summarize(values, resamples=20_000).mean_interval
    assert found.method == "BCa"
    theirs = scipy_stats.bootstrap(
        (values,), np.mean, method="BCa", n_resamples=20_000, rng=np.random.default_rng(5)
    ).confidence_interval
    width = theirs.high - theirs.low
    assert found.low == pytest.approx(theirs.low, abs=0.03 * width)
    assert found.high == pytest.approx(theirs.high, abs=0.03 * width)


def test_bootstrap_t_is_student_s_for_normal_samples():
    values = normal(20)
    found = summarize(values, resamples=20_000).mean_interval
    assert found.method == "bootstrap-t"
    low, high = scipy_stats.t.interval(0.95, 19, values.mean(), values.std(ddof=1) / math.sqrt(20))
    assert found.low == pytest.approx(low, abs=0.1 * (high - low))
    assert found.high == pytest.approx(high, abs=0.1 * (high - low))


def test_skewed_samples_get_bootstrap_t():
    values = np.random.default_rng(2).lognormal(0, 1, 128)
    found = summarize(values)
    assert found.mean_interval.method == "bootstrap-t"
    assert found.mean_interval.high - found.mean > found.mean - found.mean_interval.low


def test_the_seed_decides_and_the_same_seed_gives_the_same():
    values = normal(40)
    assert summarize(values, seed=1) == summarize(values, seed=1)
    assert summarize(values, seed=1).mean_interval != summarize(values, seed=2).mean_interval


def test_more_confidence_is_a_wider_interval():
    for seed in range(5):
        values = normal(40, seed)
        narrow, wide = (summarize(values, confidence=confidence) for confidence in (0.9, 0.99))
        assert wide.median_interval.low <= narrow.median_interval.low
        assert wide.mean_interval.high > narrow.mean_interval.high


def test_outliers_by_tukey_s_fences():
    found = summarize(numbers(NIST_OUTLIERS)).outliers
    assert (found.mild, found.severe) == (1, 0)
    found = summarize([*range(20), 45, 60]).outliers
    assert (found.mild, found.severe) == (1, 1)
    assert (found.low_mild, found.high_severe) == (-10.5, 47.25)


def test_a_step_of_the_clock_is_no_outlier():
    assert summarize([100] * 30 + [101], resolution=1).outliers.severe == 0
    assert summarize([100] * 30 + [101]).outliers.severe == 1


def test_a_line():
    found = slope([1, 2, 3, 4], [1.5, 2.5, 3.5, 4.5])
    assert found.time_per_run == pytest.approx(1)
    assert found.intercept == pytest.approx(0.5)
    assert found.r_squared == pytest.approx(1)
    assert found.interval is None


def test_the_line_of_norris():
    values = numbers(NORRIS)
    found = slope(values[1::2], values[::2])
    assert found.time_per_run == pytest.approx(1.00211681802045, rel=1e-12)
    assert found.intercept == pytest.approx(-0.262323073774029, rel=1e-9)
    assert found.r_squared == pytest.approx(0.999993745883712, rel=1e-12)
    # The certified standard error is 0.000429796848199937.
    assert found.interval.low == pytest.approx(1.0021168 - 2.03 * 0.00043, abs=5e-4)
    assert found.interval.high == pytest.approx(1.0021168 + 2.03 * 0.00043, abs=5e-4)


def test_a_line_without_scatter_has_an_interval_of_no_width():
    found = slope([1, 2, 4, 8, 16, 32], [3.0 * count for count in (1, 2, 4, 8, 16, 32)])
    assert found.interval.low == pytest.approx(3)
    assert found.interval.high == pytest.approx(3)


@pytest.mark.parametrize(("counts", "totals"), [([1], [1.0]), ([2, 2], [1.0, 2.0]), ([1, 2], [1.0])])
def test_what_no_line_goes_through(counts, totals):
    with pytest.raises(ValueError, match="two sizes"):
        slope(counts, totals)


def test_correlated_samples_count_for_less():
    generator = np.random.default_rng(1)
    walk = np.zeros(2000)
    for index in range(1, 2000):
        walk[index] = 0.6 * walk[index - 1] + generator.normal()
    assert effective_count(walk) == pytest.approx(2000 * 0.4 / 1.6, rel=0.15)
    assert effective_count(generator.normal(size=2000)) == 2000
    assert effective_count(np.array([1.0, 2.0] * 50)) == 100


@given(TIMES)
def test_estimates_lie_within_the_samples_and_intervals_around_them(samples):
    found = summarize(samples, resamples=99)
    assert found.minimum <= found.median <= found.maximum
    assert found.minimum <= found.mean * (1 + 1e-12)
    assert found.outliers.mild + found.outliers.severe <= found.count
    if found.median_interval:
        assert found.median_interval.low <= found.median <= found.median_interval.high
    if found.mean_interval:
        assert math.isfinite(found.mean_interval.low + found.mean_interval.high)


@given(TIMES, st.sampled_from([1e-6, 2.0, 1e3]))
def test_figures_scale_with_the_unit(samples, unit):
    plain, scaled = summarize(samples, resamples=99), summarize([unit * s for s in samples], resamples=99)
    assert scaled.median == pytest.approx(unit * plain.median)
    assert scaled.mad == pytest.approx(unit * plain.mad, abs=1e-9 * unit)
    if plain.median_interval:
        # Where a gap is as wide as rounding, ties may be broken in another way.
        assert scaled.median_interval.high == pytest.approx(unit * plain.median_interval.high)
        assert scaled.mean_interval.high == pytest.approx(unit * plain.mean_interval.high, rel=1e-3)


@given(TIMES)
def test_the_order_does_not_matter_to_the_estimates(samples):
    found, back = summarize(samples, resamples=99), summarize(samples[::-1], resamples=99)
    assert (found.median, found.mad, found.outliers) == (back.median, back.mad, back.outliers)
    assert found.median_interval == back.median_interval
