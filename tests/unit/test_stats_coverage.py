"""The promises of intervals and verdicts, held over thousands of simulated sets; seeded, so always the same.

Larger runs, with the figures of docs/statistics.md, are ``python -m bench.coverage``.
"""

import pytest

from bench.coverage import coverage, false_alarms, slope_coverage, verdicts, warnings
from bench.simulated import DOUBTFUL, SHAPES, UNCHANGED, normal
from harness.stats import Advice, Verdict

SETS = 2000
ERROR = 0.01
"""Two standard errors of a share of 95 % of so many sets."""
CORRELATED = [name for name in UNCHANGED if name.startswith("correlated")]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("size", [32, 128])
def test_intervals_cover_the_truth_in_93_to_97_of_100_cases(name, size):
    for share in coverage(SHAPES[name], size, SETS if size < 100 else SETS // 2, resamples=399):
        assert 0.93 - ERROR <= share <= 0.97 + ERROR


@pytest.mark.parametrize("name", UNCHANGED)
def test_at_most_5_of_100_changes_are_false(name):
    assert false_alarms(UNCHANGED[name], (32, 32), 600) <= 0.05 + ERROR
    if name not in CORRELATED:
        assert false_alarms(UNCHANGED[name], (32, 128), 200) <= 0.05 + ERROR


def test_a_change_of_3_percent_is_found_and_none_is_seen_where_there_is_none():
    assert verdicts(0.03, 32, 300)[Verdict.REGRESSED] > 0.98 * 300
    assert verdicts(0.0, 128, 300)[Verdict.NO_CHANGE] > 0.98 * 300
    at_the_threshold = verdicts(0.01, 128, 300)
    assert at_the_threshold[Verdict.CANNOT_TELL] > 0.9 * 300


@pytest.mark.parametrize(
    "name", ["normal", "log-normal, sd of log 0.5", "log-normal, sd of log 1", "steps of half a sd"]
)
@pytest.mark.parametrize("size", [32, 128])
def test_warnings_about_good_samples_are_rare(name, size):
    kinds = warnings(DOUBTFUL[name], size, 600)
    for kind in (Advice.DRIFT, Advice.TWO_MODES, Advice.CORRELATED):
        assert kinds[kind] <= 0.02 * 600


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("two modes, half and half, 5 sd apart", Advice.TWO_MODES),
        ("two modes, 80 and 20 %, 10 sd apart", Advice.TWO_MODES),
        ("drift of 2 sd", Advice.DRIFT),
    ],
)
def test_what_is_plain_to_see_is_warned_of(name, kind):
    assert warnings(DOUBTFUL[name], 128, 200)[kind] > 0.7 * 200


def test_the_interval_of_a_slope():
    assert 0.93 - ERROR <= slope_coverage(normal, [1, 2, 4, 8] * 4, 600) <= 0.97 + ERROR
