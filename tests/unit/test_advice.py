"""Which one to ship."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report import advice
from harness.types import Status
from tests.made_up_runs import case, failed, figure


def choice(*measurements):
    (found,) = advice.choices([m for group in measurements for m in (group if isinstance(group, list) else [group])])
    return found


def test_the_best_by_each_figure():
    found = choice(
        case(implementation="a", inference=900, flash=100, ram=50),
        case(implementation="b", inference=400, flash=300, ram=60),
        case(implementation="c", inference=700, flash=200, ram=90),
    )
    assert (found.fastest.implementation, found.smallest.implementation) == ("b", "a")
    assert (found.roomiest.implementation, found.best_of_all) == ("c", None)
    assert found.fastest.alike == ()


def test_one_that_is_the_best_in_every_figure():
    found = choice(
        case(implementation="a", inference=400, flash=100, ram=90),
        case(implementation="b", inference=900, flash=200, ram=50),
    )
    assert found.best_of_all == "a"
    assert [(s.low, s.high, s.implementation) for s in found.stretches] == [(0.0, 1.0, "a")]


def test_one_that_no_other_beats():
    found = choice(
        case(implementation="a", inference=900, flash=200, ram=90),
        case(implementation="b", inference=400, flash=100, ram=90),
    )
    assert (found.roomiest.implementation, found.roomiest.alike) == ("a", ("b",))
    assert (found.best_of_all, found.unbeaten) == (None, "b")


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (failed("output", Status.WRONG_OUTPUT, "3 of 9 elements are wrong", implementation="b"), "wrong-output"),
        (failed("ram", Status.DOES_NOT_FIT, "it lacks 9 bytes", implementation="b"), "does-not-fit"),
        (failed("flash", Status.DOES_NOT_FIT, "too large", value=2_000_000, implementation="b"), "does-not-fit"),
        (failed("flash", Status.UNSUPPORTED, "no such operator", implementation="b"), "unsupported"),
        (failed("output", Status.RIG_FAILED, "the cable", implementation="b"), "rig-failed"),
    ],
)
def test_wrong_and_oversize_cases_do_not_count(broken, why):
    fast = [m for m in case(implementation="b", inference=1, flash=1, ram=999_999) if m.metric != broken.metric]
    found = choice(case(implementation="a"), [*fast, broken])
    assert found.counted == ("a",)
    assert {p.implementation for p in (found.fastest, found.smallest, found.roomiest)} == {"a"}
    (left,) = found.left_out
    assert (left.implementation, left.why) == ("b", f"{why}: {broken.reason}")


def test_a_case_whose_output_differs_does_not_count_whatever_its_status():
    found = choice(figure("output", 3), figure("inference", 10))
    assert found.counted == ()


def test_a_flash_figure_alone_says_nothing_of_being_right():
    found = choice(figure("flash", 10))
    assert (found.counted, found.fastest, found.stretches) == ((), None, ())
    assert found.left_out[0].why == "its output was not checked"


def test_a_time_counts_as_checked():
    found = choice(figure("inference", 10), figure("init", 1))
    assert found.fastest.implementation == "tflm"
    assert found.stretches == ()


def test_a_failed_search_costs_only_that_figure():
    without = [m for m in case(implementation="b", inference=10) if m.metric != "ram"]
    found = choice(case(implementation="a"), [*without, failed("ram", Status.HUNG, "hung", implementation="b")])
    assert found.fastest.implementation == "b"
    assert found.roomiest.implementation == "a"
    assert found.stretches  # by flash, which is known of both


@pytest.mark.parametrize("status", [Status.HUNG, Status.CRASHED])
@pytest.mark.parametrize("metric", ["init", "inference", "output"])
def test_what_hung_or_crashed_is_nothing_to_ship(metric, status):
    stopped = [m for m in case(implementation="b", inference=1, flash=1) if m.metric != metric]
    found = choice(case(implementation="a"), [*stopped, failed(metric, status, "no answer", implementation="b")])
    assert found.counted == ("a",)
    assert found.left_out[0].why == f"{status.value}: no answer"


def test_an_output_without_a_figure_is_not_known_to_be_right():
    lost = [replace(m, value=None) if m.metric == "output" else m for m in case(implementation="b", flash=1)]
    assert choice(case(implementation="a"), lost).counted == ("a",)


def test_within_one_per_cent_is_as_good():
    found = choice(
        case(implementation="a", inference=10_000, flash=100),
        case(implementation="b", inference=10_050, flash=102),
        case(implementation="c", inference=10_200, flash=101),
    )
    assert found.fastest.alike == ("b",)
    assert found.smallest.alike == ("c",)


def test_overlapping_intervals_are_as_good():
    noisy = [0.010, 0.014, 0.011, 0.013, 0.012] * 6
    found = choice(
        [figure("output", 0, implementation=n, board="desk") for n in "ab"],
        figure("inference", 0.0120, implementation="a", board="desk", samples=noisy),
        figure("inference", 0.0123, implementation="b", board="desk", samples=[s * 1.025 for s in noisy]),
    )
    assert found.fastest.alike == ("b",)


def test_the_weight_where_two_cost_the_same():
    # twice as fast against twice as large in both kinds of memory: at equal weights neither is better
    found = choice(
        case(implementation="small", inference=2_000, flash=100, ram=200),
        case(implementation="fast", inference=1_000, flash=200, ram=100),
    )
    assert [s.implementation for s in found.stretches] == ["small", "fast"]
    assert found.stretches[0].high == pytest.approx(0.5)
    assert (found.best_at(0.2), found.best_at(0.8), found.best_at(1)) == ("small", "fast", "fast")


_FIGURES = st.integers(min_value=0, max_value=1_000_000)


@given(st.lists(st.tuples(_FIGURES, _FIGURES, _FIGURES), min_size=1, max_size=6), st.floats(0, 1))
def test_the_best_by_weight_costs_no_more_than_any_other(figures, weight):
    names = "abcdef"
    found = choice(*(
        case(implementation=names[i], inference=time, flash=flash, ram=ram)
        for i, (time, flash, ram) in enumerate(figures)
    ))  # fmt: skip
    assert found.stretches[0].low == 0
    assert found.stretches[-1].high == 1
    for one, other in zip(found.stretches, found.stretches[1:], strict=False):
        assert one.high == other.low
        assert one.implementation != other.implementation

    def cost(name):
        time, flash, ram = (math.log(max(value, 1e-9)) for value in figures[names.index(name)])
        return weight * time + (1 - weight) * (flash - ram) / 2

    best = found.best_at(weight)
    assert all(cost(best) <= cost(names[i]) + 1e-6 for i in range(len(figures)))


def test_models_and_boards_are_kept_apart():
    found = advice.choices([*case(model="x"), *case(model="y"), *case(model="x", board="desk")])
    assert [(c.model, c.board) for c in found] == [("x", "sim"), ("x", "desk"), ("y", "sim")]


def test_a_sketch_of_the_users_own_has_no_output_to_be_right():
    timed = figure("inference", 400, implementation="sketch")
    own = replace(timed, provenance={**timed.provenance, "sketch_sha256": "ab"})
    found = choice(own)
    assert found.counted == ()
    assert "does not check" in found.left_out[0].why
