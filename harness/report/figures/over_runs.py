"""The plot of a case over the runs."""

from __future__ import annotations

from typing import Any

from harness.report.figures import Figure, Palette, Panels, Trace, label, note, text
from harness.report.figures.scales import axis_of_clock
from harness.report.formats import cell, moment
from harness.report.grid import TITLES
from harness.report.history import CaseHistory, Point
from harness.types import Measurement

_PANEL = 110
_ABOVE = 34
_LEAST_ROOM = 0.01
"""The axis of a figure that does not change goes this far to either side, as a share of it."""


def history(case: CaseHistory, palette: Palette) -> Figure:
    """Return a panel a metric, a point a run."""
    panels = Panels()
    traces: list[Trace] = []
    notes: list[dict[str, Any]] = []
    runs = {"range": [-0.3, len(case.points) - 0.7], "nticks": 8, "showticklabels": False}
    for index, metric in enumerate(case.metrics):
        shown = [(i, p.measurements[metric]) for i, p in enumerate(case.points) if case.value(p, metric) is not None]
        axes = panels.add(_PANEL, _ABOVE if index else 24, dict(runs), _figures(shown))
        traces.append(_trace(case, shown, palette, axes))
        heading = f"<b>{text(TITLES.get(metric, metric))}</b>"
        notes.append(
            note(
                heading, xref="paper", x=0, xanchor="left", yref=f"{axes[1]} domain", y=1, yanchor="bottom", yshift=3
            )
        )
    for side, point in (("left", case.points[0]), ("right", case.points[-1])):
        below = {"xref": "paper", "yref": f"{axes[1]} domain", "y": 0, "yanchor": "top", "yshift": -4}
        notes.append(note(_day(point), x=0 if side == "left" else 1, xanchor=side, **below))
    return Figure(
        title=f"{case.model} · {case.implementation} · {case.board}",
        about=f"{len(case.points)} runs from {_day(case.points[0])} to {_day(case.points[-1])}, a panel a metric.",
        traces=traces,
        layout=panels.layout(annotations=notes, hovermode="closest"),
        head=("run", "started", *(TITLES.get(name, name) for name in case.metrics), "changed since the run before"),
        rows=[_row(case, point) for point in case.points],
    )


def _figures(shown: list[tuple[int, Measurement]]) -> dict[str, Any]:
    first = shown[0][1]
    values = [m.value or 0 for _, m in shown]
    room = max(0.15 * (max(values) - min(values)), _LEAST_ROOM * max(values), 1e-9)
    scale = axis_of_clock(first, titled=False) if first.clock else {"tickformat": "~s", "ticksuffix": first.unit}
    return {**scale, "nticks": 4, "range": [min(values) - room, max(values) + room]}


def _trace(case: CaseHistory, shown: list[tuple[int, Measurement]], palette: Palette, axes: tuple[str, str]) -> Trace:
    colour = palette.colour(case.implementation)
    changed = [bool(case.points[i].changed) for i, _ in shown]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [i for i, _ in shown],
        "y": [m.value for _, m in shown],
        "line": {"color": colour, "width": 2},
        "marker": {"size": 8, "color": colour, "symbol": ["diamond-open" if c else "circle" for c in changed]},
        "hovertext": [_hover(case.points[i], m) for i, m in shown],
        "hoverinfo": "text",
        "xaxis": axes[0],
        "yaxis": axes[1],
    }


def _hover(point: Point, measurement: Measurement) -> str:
    changed = f"<br>changed: {text(', '.join(point.changed))}" if point.changed else ""
    return f"<b>{label(point.run)}</b><br>{_day(point)}<br>{text(cell(measurement))}{changed}"


def _row(case: CaseHistory, point: Point) -> tuple[str, ...]:
    cells = (cell(point.measurements.get(name)) for name in case.metrics)
    return (point.run, moment(point.started), *cells, ", ".join(point.changed) or "nothing")


def _day(point: Point) -> str:
    return text(moment(point.started).removesuffix(" UTC"))
