"""Pairing two runs, and what became of each measurement."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import (
    RAM_BYTES,
    case,
    failed,
    measurement,
    noisy,
    run,
    with_details,
    with_provenance,
    with_value,
)

from harness.compare import COMPARED, Models, Outcome, compare
from harness.report import comparison
from harness.types import Clock, Status

SWAPPED = {
    Outcome.IMPROVED: Outcome.REGRESSED,
    Outcome.REGRESSED: Outcome.IMPROVED,
    Outcome.MISSING: Outcome.ADDED,
    Outcome.ADDED: Outcome.MISSING,
}


def one(base, new, **options):
    [row] = compare(run(base), run(new, "new"), **options).rows
    return row


def rows(base, new):
    return {row.key.metric: row for row in compare(run(base), run(new, "new")).rows}


def values():
    times = st.sampled_from([0.01, 0.02, 0.5])
    exact = st.integers(0, 10**7)
    return st.one_of(
        st.builds(lambda v: measurement("inference", v), exact),
        st.builds(lambda v: measurement("flash", v), exact),
        st.builds(lambda v: measurement("ram", v), st.integers(0, RAM_BYTES)),
        st.builds(lambda v: measurement("ram", v, details={}), st.integers(0, RAM_BYTES)),
        st.builds(lambda v, seed, count: noisy(v, count, 0.001, seed), times, st.integers(0, 99), st.integers(1, 20)),
        st.builds(lambda s: failed("inference", s), st.sampled_from([s for s in Status if s is not Status.OK])),
    )


@given(st.lists(values(), max_size=5))
def test_a_run_compared_with_itself_never_changes(measurements):
    for row in compare(run(measurements), run(measurements)).rows:
        assert row.outcome in (Outcome.NO_CHANGE, Outcome.CANNOT_TELL, Outcome.NOT_COMPARABLE)


@given(st.lists(values(), max_size=5), st.lists(values(), max_size=5))
def test_swapping_the_runs_swaps_the_outcomes(first, second):
    there, back = compare(run(first), run(second)), compare(run(second), run(first))
    found = {row.key: row.outcome for row in back.rows}
    for row in there.rows:
        assert found[row.key] is SWAPPED.get(row.outcome, row.outcome), row


def test_every_difference_of_what_repeats_exactly_counts():
    found = rows(case(), with_value(with_value(case(), "inference", 162_228), "flash", 95_187))
    assert (found["inference"].outcome, found["flash"].outcome) == (Outcome.REGRESSED, Outcome.IMPROVED)
    assert found["init"].outcome is Outcome.NO_CHANGE
    assert found["inference"].change.exact


def test_of_unused_ram_more_is_better_and_growth_is_a_share_of_what_is_used():
    row = rows(case(), with_value(case(), "ram", 207_376 - 5477))["ram"]
    assert row.outcome is Outcome.REGRESSED
    assert row.change.base == RAM_BYTES - 207_376
    assert row.change.relative == pytest.approx(0.1, abs=1e-4)
    assert rows(case(), with_value(case(), "ram", 210_000))["ram"].outcome is Outcome.IMPROVED


def test_growth_of_ram_has_no_share_where_the_result_does_not_say_how_much_there_is():
    base = [measurement("ram", 1000, details={})]
    row = one(base, with_value(base, "ram", 900))
    assert (row.outcome, row.change.relative) == (Outcome.REGRESSED, None)


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [(0.0105, Outcome.REGRESSED), (0.0095, Outcome.IMPROVED), (0.01001, Outcome.NO_CHANGE)],
)
def test_times_with_noise(seconds, outcome):
    row = one([noisy(0.01)], [noisy(seconds, seed=2)])
    assert row.outcome is outcome
    assert row.change.interval is not None
    assert row.change.p_value is not None


def test_too_few_samples_cannot_tell():
    row = one([noisy(0.01, 3)], [noisy(0.02, 3)])
    assert (row.outcome, row.reason) == (Outcome.CANNOT_TELL, "the samples are too few")


@pytest.mark.parametrize(
    ("base", "new", "outcome", "reason"),
    [
        (Status.OK, Status.HUNG, Outcome.REGRESSED, "hung: too large (it was ok)"),
        (Status.OK, Status.DOES_NOT_FIT, Outcome.REGRESSED, "does-not-fit: too large (it was ok)"),
        (Status.OK, Status.WRONG_OUTPUT, Outcome.REGRESSED, "wrong-output: too large (it was ok)"),
        (Status.UNSUPPORTED, Status.OK, Outcome.IMPROVED, "it was unsupported: too large"),
        (Status.HUNG, Status.HUNG, Outcome.NO_CHANGE, "hung in both runs"),
        (Status.DOES_NOT_FIT, Status.CRASHED, Outcome.CANNOT_TELL, "crashed: too large (it was does-not-fit)"),
        (Status.OK, Status.RIG_FAILED, Outcome.MISSING, "rig-failed: too large"),
        (Status.SKIPPED, Status.OK, Outcome.ADDED, "in the base skipped: too large"),
        (
            Status.SKIPPED,
            Status.SKIPPED,
            Outcome.NOT_COMPARABLE,
            "measured in neither run (skipped: too large)",
        ),
    ],
)
def test_statuses(base, new, outcome, reason):
    made = [[measurement() if status is Status.OK else failed("inference", status)] for status in (base, new)]
    row = one(*made)
    assert (row.outcome, row.reason) == (outcome, reason)


def test_sizes_of_programs_that_do_not_fit_are_compared():
    base = [measurement("flash", 2_000_000, status=Status.DOES_NOT_FIT, reason="too large")]
    row = one(base, with_value(base, "flash", 1_900_000))
    assert row.outcome is Outcome.IMPROVED


def test_what_one_run_alone_has():
    other = replace(measurement(), model="kws")
    found = {row.key.model: row for row in compare(run([measurement()]), run([other])).rows}
    assert (found["digits"].outcome, found["kws"].outcome) == (Outcome.MISSING, Outcome.ADDED)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model_sha256": "c" * 64}, "another model file of the same name (aaaaaaaaaaaa, now cccccccccccc)"),
        ({"board_digest": "d" * 12}, "another board file of the same name (bbbbbbbbbbbb, now dddddddddddd)"),
        ({"board_digest": None}, "another board file of the same name (bbbbbbbbbbbb, now not stated)"),
        ({"data_digest": "e" * 16}, "another data set, or other samples of it (dddddddddddd, now eeeeeeeeeeee)"),
    ],
)
def test_unlike_things_are_not_compared(changes, reason):
    base = with_provenance([measurement()], data_digest="d" * 16)
    row = one(base, with_provenance(base, **changes))
    assert (row.outcome, row.reason) == (Outcome.NOT_COMPARABLE, reason)
    assert row.change is None


def test_times_of_unlike_clocks_are_not_compared():
    row = one([measurement()], [measurement(clock=Clock.CYCLE_MODEL)])
    assert (row.outcome, row.reason) == (
        Outcome.NOT_COMPARABLE,
        "another clock (instruction-count, now cycle-model)",
    )


def test_a_changed_model_is_compared_where_that_is_allowed():
    new = with_provenance(with_value([measurement()], "inference", 1), model_sha256="c" * 64)
    assert one([measurement()], new, models=Models.SAME_NAME).outcome is Outcome.IMPROVED


def test_nothing_in_common_is_nothing_compared():
    assert not compare(run([measurement()]), run([replace(measurement(), board="uno-sim")])).anything
    assert compare(run([measurement()]), run([measurement()])).anything


def test_what_programs_were_made_of_is_told_and_does_not_stop_the_comparison():
    new = with_provenance(case(), compiler="gcc 13", flags="-O2 -g -w", measured="later", build="x", tool="only here")
    found = compare(run(case()), run(new, mcuprof="0.2.0"))
    assert all(row.outcome in COMPARED for row in found.rows)
    assert [str(d) for d in found.differences] == [
        "mcuprof: 0.1.0 → 0.2.0",
        "compiler: gcc 12 → gcc 13",
        "flags: without -Os, with -O2",
    ]
    assert found.differences[1].cases == ("digits · tvm-aot · nano33ble-sim",)


def test_other_inputs_of_the_output_are_told():
    new = with_details(case(), "output", inputs=100)
    assert [str(d) for d in compare(run(case()), run(new)).differences] == ["output inputs: 4 → 100"]


def test_which_part_and_section_grew():
    new = with_details(
        with_value(case(), "flash", 95_288), "flash", parts={"core": 9000, "model": 3750, "library": 10},
        sections={".text": 13_580, ".data": 116},
    )  # fmt: skip
    deltas = rows(case(), new)["flash"].deltas
    assert [(d.name, d.base, d.new) for d in deltas["part"]] == [("model", 3660, 3750), ("library", 0, 10)]
    assert [(d.name, d.new - d.base) for d in deltas["section"]] == [(".text", 100)]
    assert rows(case(), case())["flash"].deltas == {}


def test_parts_that_one_run_does_not_know_did_not_grow_from_nothing():
    base = with_details(case(), "flash", parts={})
    assert "part" not in rows(base, with_value(case(), "flash", 95_288))["flash"].deltas


def test_what_uses_the_ram():
    new = with_details(with_value(case(), "ram", 207_000), "ram", static_bytes=1800, heap_bytes=207_092)
    new = with_details(new, "flash", ram_parts={"runtime": 932})
    deltas = rows(case(), new)["ram"].deltas
    assert [(d.name, d.base, d.new) for d in deltas["use"]] == [("static", 1508, 1800), ("heap", 8, 92)]
    assert [(d.name, d.new - d.base) for d in deltas["part"]] == [("runtime", 292)]


@pytest.mark.parametrize(
    ("unit", "before", "after", "outcome"),
    [
        ("share", 0.98, 0.95, Outcome.REGRESSED), ("share", 0.95, 0.98, Outcome.IMPROVED),
        ("AUC", 0.9, 0.8, Outcome.REGRESSED),
        ("MSE", 0.1, 0.2, Outcome.REGRESSED), ("MSE", 0.2, 0.1, Outcome.IMPROVED),
    ],
)  # fmt: skip
def test_less_accuracy_is_worse_and_less_error_is_better(unit, before, after, outcome):
    base, new = (
        replace(measurement("flash", value), metric="accuracy", unit=unit, scores={"score": value})
        for value in (before, after)
    )
    row = one([base], [new])
    assert row.outcome is outcome
    assert comparison.figure(row.base) == f"{before:.4f}"
    assert comparison.change(row) == f"{after - before:+.4f}"
