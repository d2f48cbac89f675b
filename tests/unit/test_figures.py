"""Plots: what is drawn is what was measured, no axis carries unlike clocks, and plotly understands them."""

import json
from dataclasses import replace

import pytest

from harness.report import grid, history
from harness.report.exporters import Subject
from harness.report.figures import Palette, memory, over_runs, times, trades
from harness.report.page import sections
from harness.types import Clock
from tests.made_up_runs import PARTS, case, figure, mixed, run


def page(found, *others):
    return sections.of(Subject(run=found, history=lambda: others))


def later(scale=0.9, **changed):
    made = case(inference=int(1_000_000 * scale))
    if changed:
        made = [replace(m, provenance={**m.provenance, **changed}) for m in made]
    return made


def colours(value, key=""):
    """Yield every colour of a figure."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from colours(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from colours(item, key)
    elif isinstance(value, str) and key.endswith("color"):
        yield value


def test_plotly_accepts_every_figure():
    objects = pytest.importorskip("plotly.graph_objects")

    def plain(value, key=""):
        if isinstance(value, dict):
            return {name: plain(item, name) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item, key) for item in value]
        return "#123456" if key.endswith("color") and str(value).startswith("--") else value

    earlier = run(case(), name="a", started="2026-11-20T10:00:00+00:00")
    now = run([*mixed().measurements, *later()], name="b")
    shown = [*page(mixed()).figures, *page(run(later(), name="b"), earlier).figures]
    assert len(shown) > 20
    for placed in shown:
        drawn = {"data": list(placed.figure.traces), "layout": placed.figure.layout}
        objects.Figure(plain(drawn))  # raises for an attribute that there is not
        json.dumps(drawn, allow_nan=False)
    assert page(now).figures


def test_colours_are_those_of_the_style():
    from pathlib import Path

    style = (Path(sections.__file__).parent / "report.css").read_text(encoding="utf-8")
    for placed in page(mixed()).figures:
        used = {*colours(list(placed.figure.traces)), *colours(placed.figure.layout)}
        used |= {key.colour for key in placed.figure.legend}
        assert all(f"{colour}:" in style for colour in used if colour.startswith("--"))
        assert all(colour.startswith(("--", "rgba(0,0,0,0)")) for colour in used)


def test_unlike_clocks_share_no_axis():
    found = mixed().measurements
    for section in page(mixed()).sections:
        assert len({m.clock for m in found if m.board == section.name and m.clock}) <= 1
    for placed in page(mixed()).together:
        said = " ".join(cell for row in placed.figure.rows for cell in row)
        assert "desk2" in said
        assert "instructions" not in said
        assert "cycles" not in said
    assert page(run([*case(board="sim"), *case(board="avr-sim")])).together == ()


def test_counts_are_called_what_they_are():
    for placed in page(run(case(board="sim"))).figures:
        layout = json.dumps(placed.figure.layout)
        if "Inference" in placed.figure.title or "Start-up" in placed.figure.title:
            assert "instructions" in layout
            assert '"time"' not in layout


def test_every_sample_and_its_interval_are_drawn():
    found = [m for m in case(board="desk", inference=500) if m.metric == "inference"]
    palette = Palette(implementations=("tflm",))
    drawn = times.latency("Inference", found, palette, lambda m: m.implementation)
    bar, median, dots = drawn.traces
    assert bar["x"] == [found[0].value]
    assert tuple(dots["x"]) == found[0].samples
    assert median["error_x"]["array"][0] >= 0
    assert drawn.rows[0][6] == "30"
    low = found[0].value - median["error_x"]["arrayminus"][0]
    assert min(found[0].samples) <= low <= found[0].value


def test_of_very_many_samples_some_are_drawn_and_that_is_said():
    samples = [1e-3 + i * 1e-9 for i in range(10_001)]
    found = [figure("inference", 1e-3, board="desk", samples=samples)]
    drawn = times.latency("Inference", found, Palette(implementations=("tflm",)), lambda m: m.implementation)
    assert len(drawn.traces[-1]["x"]) <= 1_000
    assert "evenly chosen" in drawn.note
    assert drawn.rows[0][6] == "10,001"


def test_exact_samples_have_no_spread():
    found = [figure("inference", 5)]
    assert times.spread("Spread", found, Palette(implementations=("tflm",)), lambda m: m.implementation) is None


def test_flash_is_stacked_to_its_figure_beside_the_limit():
    drawn = memory.flash(grid.of(case()).rows)
    assert {trace["name"]: trace["x"] for trace in drawn.traces} == {name: [size] for name, size in PARTS.items()}
    (line,) = drawn.layout["shapes"]
    assert (line["x0"], line["x1"]) == (983_040, 983_040)


def test_a_program_that_does_not_fit_reaches_beyond_the_limit():
    rows = [row for row in grid.of(mixed().measurements).rows if row.board == "desk"]
    drawn = memory.flash(rows)
    assert "1,013,664* B" in {row[2] for row in drawn.rows}
    assert drawn.layout["xaxis"]["range"][1] > 1_013_664
    assert "no room" in drawn.note


def test_ram_adds_up_to_what_the_board_has():
    drawn = memory.ram(grid.of(case(ram=200_000)).rows)
    parts = {trace["name"]: trace["x"][0] for trace in drawn.traces}
    assert sum(parts.values()) == 262_144
    assert parts["heap in use"] == 20_000
    assert parts["unused"] == 200_000
    assert parts["stack"] == 4_096


def test_without_parts_ram_begins_with_what_the_linker_placed():
    drawn = memory.ram(grid.of([m for m in case(ram=755) if m.metric == "ram"]).rows)
    assert [trace["name"] for trace in drawn.traces] == [
        "placed by the linker", "heap in use", "kept back or not told", "unused"
    ]  # fmt: skip


def test_the_front():
    rows = grid.of(
        [m for name, inference, flash in (("a", 10, 300), ("b", 20, 200), ("c", 30, 250), ("d", 20, 200))
         for m in case(implementation=name, inference=inference, flash=flash)]
    ).rows  # fmt: skip
    drawn = trades.pareto(rows, Palette(implementations=tuple("abcd")), "flash")
    assert {row[1]: row[4] for row in drawn.rows} == {"a": "no", "b": "no", "c": "yes", "d": "no"}


def test_more_unused_ram_is_better():
    rows = grid.of([*case(implementation="a", ram=10), *case(implementation="b", ram=20)]).rows
    drawn = trades.pareto(rows, Palette(implementations=("a", "b")), "ram")
    assert {row[1]: row[4] for row in drawn.rows} == {"a": "yes", "b": "no"}
    assert drawn.layout["yaxis"]["range"][0] > drawn.layout["yaxis"]["range"][1]


@pytest.mark.parametrize(
    ("starts", "kind", "at"), [((0, 100_000), "linear", {0, 100_000}), ((0, 30, 9_000), "log", {10, 30, 9_000})]
)
def test_a_start_up_of_nothing_stands_at_0_or_at_the_lower_edge(starts, kind, at):
    cases = [m for name, start in zip("abc", starts, strict=False) for m in case(implementation=name, init=start)]
    drawn = trades.start_against_inference(grid.of(cases).rows, Palette(implementations=tuple("abc")))
    assert drawn.layout["yaxis"]["type"] == kind
    assert {y for trace in drawn.traces for y in trace["y"]} == at
    assert drawn.rows[0][3].startswith("0 instructions")
    assert bool(drawn.note) is (kind == "log")


def test_a_time_whose_value_and_samples_are_lost_can_be_drawn():
    lost = replace(figure("inference", 5), value=None, samples=())
    assert times.latency("Inference", [lost], Palette(implementations=("tflm",)), lambda m: m.board).traces


def test_one_point_is_compared_with_nothing():
    rows = grid.of(case()).rows
    assert trades.pareto(rows, Palette(implementations=("tflm",)), "flash") is None
    assert trades.start_against_inference(rows, Palette(implementations=("tflm",))) is None


def test_history_holds_what_was_measured_by_the_same_clock():
    first = run(case(), name="a", started="2026-11-19T10:00:00+00:00")
    other_clock = run(case(board="desk"), name="b", started="2026-11-20T09:00:00+00:00")
    changed = run(later(compiler="gcc 13"), name="c", started="2026-11-20T10:00:00+00:00")
    after = run(case(), name="z", started="2026-11-22T10:00:00+00:00")
    (found,) = history.of(run(later(), name="d"), [first, other_clock, changed, after])
    assert [point.run for point in found.points] == ["a", "c", "d"]
    assert [point.changed for point in found.points] == [(), ("compiler",), ("compiler",)]
    assert found.metrics == ("flash", "init", "inference", "ram")
    drawn = over_runs.history(found, Palette(implementations=("tflm",)))
    assert [row[0] for row in drawn.rows] == ["a", "c", "d"]
    assert drawn.traces[2]["y"] == [1_000_000, 900_000, 900_000]


def test_a_case_that_was_measured_once_has_no_history():
    assert history.of(run(case()), []) == []


def test_clocks_of_one_case_are_not_mixed_in_its_history():
    from dataclasses import replace

    old = [replace(m, clock=m.clock and Clock.CYCLE_MODEL) for m in case()]
    (found,) = history.of(run(case(), name="b"), [run(old, name="a", started="2026-11-20T10:00:00+00:00")])
    assert set(found.points[0].measurements) == {"flash", "ram"}
