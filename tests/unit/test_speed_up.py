"""The factor beside a time: how many times as fast as TFLM a case is."""

import pytest

from harness.report import grid, terminal
from harness.report.notes import speed_ups
from harness.types import Clock, Measurement, Status


def time(implementation, value, *, board="b", clock=Clock.INSTRUCTION_COUNT, metric="inference"):
    return Measurement(
        model="m", implementation=implementation, board=board, metric=metric,
        status=Status.OK if value else Status.HUNG, reason="" if value else "it hung", value=value,
        unit="instructions", samples=(), details={}, provenance={}, clock=clock if value else None,
        at_clock_s=None if value is None else value / 64e6,
    )  # fmt: skip


def factors(*measurements):
    content = grid.of(measurements)
    return {(r.implementation, r.board): grid.times_faster(content, r, "inference") for r in content.rows}


def test_a_factor_is_that_of_the_same_board():
    found = factors(
        time("tvm-aot", 50), time("tflm", 200), time("tvm-aot", 40, board="c"), time("tflm", 60, board="c")
    )
    assert found == {("tvm-aot", "b"): 4.0, ("tflm", "b"): None, ("tvm-aot", "c"): 1.5, ("tflm", "c"): None}


@pytest.mark.parametrize(
    "theirs", [time("tflm", None), time("tflm", 5, clock=Clock.HARDWARE), time("tflm", 5, board="c")]
)
def test_no_factor_without_a_time_of_the_same_clock_and_board(theirs):
    found = [time("tvm-aot", 50), theirs]
    assert factors(*found)["tvm-aot", "b"] is None
    assert speed_ups(found) == []


def test_the_table_says_it(capsys):
    console = terminal.console()
    terminal.show([time("tvm-aot", 50), time("tflm", 625)], console)
    said = capsys.readouterr().out
    assert "12.5x" in said
    assert "how many times as fast as tflm" in said
