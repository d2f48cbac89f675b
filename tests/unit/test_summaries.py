"""Statistics of measurements: in results, in tables, and what decides that a clock is exact."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from fake_lab import HardwareBoard, Lab, plug
from rich.console import Console

from harness import boards, summaries
from harness.report import grid, terminal
from harness.report.exporters import markdown
from harness.report.page import study
from harness.stats import Advice, Verdict
from harness.store import Store, document, load, to_json
from harness.types import Clock, Measurement, Status


def noisy(middle=0.05, count=40):
    values = np.random.default_rng(1).normal(middle, middle / 500, count)
    return tuple(round(float(value), 6) for value in values)


def timing(samples, clock=Clock.HARDWARE, **changes):
    facts = {
        "model": "digits", "implementation": "tflm", "board": "mine", "metric": "inference", "status": Status.OK,
        "reason": "", "value": float(np.median(samples)), "unit": clock.unit, "samples": tuple(samples),
        "clock": clock, "provenance": {"virtual": clock is not Clock.HARDWARE, "clock_hz": 64_000_000},
    }  # fmt: skip
    return Measurement(**(facts | changes))


@pytest.mark.parametrize(
    ("name", "step"),
    [("nano33ble", 1e-6), ("spresense", 1e-6), ("uno", 1 / 16e6), ("uno-sim", 1.0), ("nano33ble-sim", 1.0)],
)
def test_the_step_of_each_board_s_clock(name, step):
    assert boards.load(name).resolution == pytest.approx(step)


def test_a_hardware_clock_has_intervals_and_a_counting_one_is_exact():
    found = summaries.of(timing(noisy()))
    assert not found.exact
    assert found.resolution == 1e-6
    assert found.median_interval.low < found.median < found.median_interval.high
    # The same samples by another clock: the clock decides, not the samples.
    found = summaries.of(timing(noisy(), Clock.CYCLE_MODEL))
    assert found.exact
    assert found.median_interval is None
    assert {warning.kind for warning in found.warnings} == {Advice.SPREAD}


@pytest.mark.parametrize(
    "changes", [{"clock": None}, {"status": Status.HUNG}, {"samples": ()}, {"samples": (0.1, float("nan"))}]
)
def test_what_has_no_statistics(changes):
    assert summaries.of(replace(timing(noisy()), **changes)) is None
    assert "statistics" not in to_json(replace(timing(noisy()), **changes))


def test_a_result_holds_them_and_is_read_back_as_it_was(tmp_path):
    store = Store(tmp_path)
    run = store.begin({}, {})
    run.measurements.append(timing(noisy()))
    store.finish(run)
    [cell] = json.loads(store.path(run).read_text())["measurements"]
    found = cell["statistics"]
    assert set(found) == {
        "count", "mean", "median", "minimum", "maximum", "standard_deviation", "mad", "median_interval",
        "mean_interval", "outliers", "exact", "resolution", "warnings",
    }  # fmt: skip
    assert found["median"] == cell["value"]
    assert set(found["median_interval"]) == {"low", "high", "confidence", "method"}
    assert found["warnings"] == []
    assert load(store.path(run)) == run
    assert document(load(store.path(run))) == document(run)


def test_the_step_that_a_result_tells_counts():
    found = summaries.of(timing((14e-6,) * 20, details={"resolution": 62.5e-9}))
    assert found.resolution == 62.5e-9
    assert {warning.kind for warning in found.warnings} == set()
    assert {warning.kind for warning in summaries.of(timing((14e-6,) * 20)).warnings} == {Advice.COARSE_CLOCK}


@pytest.mark.parametrize(("ratio", "kinds"), [(1.0, set()), (4.0, {Advice.CLOCK_OFF})])
def test_the_host_s_times_are_held_against_the_board_s(ratio, kinds):
    samples = noisy(0.1)
    host = [ratio * sample + 0.002 for sample in samples]
    found = summaries.of(timing(samples, details={"host_s": host, "host_overhead_s": 0.002}))
    assert {warning.kind for warning in found.warnings} == kinds


def test_a_change_between_two_measurements():
    assert summaries.change(timing(noisy()), timing(noisy(0.06))).verdict is Verdict.REGRESSED
    same = summaries.change(timing((1000,) * 3, Clock.CYCLE_MODEL), timing((1000,) * 3, Clock.CYCLE_MODEL))
    assert same.exact
    assert same.verdict is Verdict.NO_CHANGE
    # 14 and 15 µs are one step of the clock apart.
    assert summaries.change(timing((14e-6,) * 32), timing((15e-6,) * 32)).verdict is Verdict.CANNOT_TELL


def shown(*measurements):
    console = Console(file=io.StringIO(), width=100)
    terminal.show(measurements, console)
    return console.file.getvalue()


@pytest.mark.parametrize("field", ["model", "implementation", "board", "metric", "unit", "reason"])
def test_no_name_is_read_as_colour(field):
    odd = replace(timing((1000,) * 3, Clock.CYCLE_MODEL), at_clock_s=None, **{field: "[/] [red]x"})
    assert "[/]" in shown(replace(odd, status=Status.HUNG) if field == "reason" else odd)


def test_a_count_whose_time_is_not_told_is_no_time():
    bare = replace(timing((162_227,) * 3, Clock.INSTRUCTION_COUNT), at_clock_s=None)
    assert "162,227" in shown(bare)
    assert "162,227 instructions |" in markdown.table([bare])
    assert study.line(grid.of([bare]).rows[0], ["inference"]).cells[0].below == ""


@pytest.mark.parametrize("metric", ["flash", "ram"])
def test_a_size_with_nothing_behind_it_is_shown(metric):
    bare = replace(timing((5,)), metric=metric, clock=None, unit="B", value=5, details={"sections": {".text": 5}})
    assert grid.TITLES[metric] in shown(replace(bare, provenance={"virtual": True}))


def test_the_tables_show_the_margin_of_a_hardware_time_and_warnings():
    said = shown(timing((0.08, *noisy())))
    assert "± 3" in said
    assert "inference: the first run took 60 % longer" in " ".join(said.split())
    assert "± how far they may be off" in " ".join(said.split())
    assert "ms ± 3" in markdown.document([timing(noisy())])


def test_the_tables_show_no_margin_of_a_count():
    assert "±" not in shown(timing((1000, 1000), Clock.INSTRUCTION_COUNT, at_clock_s=1000 / 64e6))


class ColdBoard(HardwareBoard):
    """Its first run after a reset takes longer."""

    def _power_up(self):
        super()._power_up()
        self.runs = 0

    def _on_run(self):
        done, text = super()._on_run()
        self.runs += 1
        return done, "us=9999" if self.runs == 1 else text


def test_the_first_run_by_a_hardware_clock_is_kept_apart(tmp_path, monkeypatch):
    board = ColdBoard(heap=10_000, network_heap=1000)
    found = Lab(tmp_path, monkeypatch, replace(plug(), board=board)).run()["mine", "tflm", "inference"]
    assert found.samples == pytest.approx([1234e-6] * 5)
    assert found.details["warm_up"] == pytest.approx([9999e-6])
    assert len(found.details["host_s"]) == 5
    assert found.details["host_overhead_s"] > 0
    assert found.details["resolution"] == 1e-6
    assert {warning.kind for warning in summaries.of(found).warnings} == {Advice.TOO_FEW_SAMPLES}
