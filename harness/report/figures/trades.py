"""Plots of one figure against another: start-up against inference, and what speed costs in memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.report.figures import Figure, Palette, Trace, axis, label, layout, note, text
from harness.report.figures.scales import axis_of_clock, lifted, span
from harness.report.formats import cell
from harness.report.grid import Row
from harness.types import Measurement, Status

_HEIGHT = 380
_LEAST = 2
"""One point alone is compared with nothing."""
_MOST_NAMED = 6
"""Up to so many models have their name at their points; of more it would be a scribble."""


@dataclass(frozen=True, kw_only=True)
class _Point:
    """A case as a point; smaller is better on either axis unless the axis says otherwise."""

    row: Row
    x: Measurement
    y: Measurement

    @property
    def place(self) -> tuple[float, float]:
        return self.x.value or 0.0, self.y.value or 0.0


def start_against_inference(rows: Sequence[Row], palette: Palette) -> Figure | None:
    """Return start-up against inference; None below two cases that have both."""
    points = _points(rows, "inference", "init")
    if len(points) < _LEAST:
        return None
    spots = list(zip(*(lifted(side) for side in zip(*(p.place for p in points), strict=True)), strict=True))
    x = axis_of_clock(points[0].x) | span([spot[0] for spot in spots])
    y = axis_of_clock(points[0].y) | span([spot[1] for spot in spots])
    x["title"] = {"text": f"inference ({x['title']['text']})"}
    y["title"] = {"text": f"start-up ({y['title']['text']})"}
    zero = any(not p.place[1] for p in points)
    return Figure(
        title="Start-up against inference",
        about=f"Each of {len(points)} cases as a point: to the right slower inference, upwards slower start-up.",
        traces=[*_links(points, spots), *_marks(points, spots, palette, ())],
        layout=layout(_HEIGHT, xaxis=axis(**x), yaxis=axis(**y), annotations=_names(points, spots, x, y), **_roomy()),
        legend=palette.legend([p.row.implementation for p in points]),
        note="A start-up of 0 stands at the lower edge." if zero and y["type"] == "log" else "",
        head=("model", "implementation", "inference", "start-up"),
        rows=[(p.row.model, p.row.implementation, cell(p.x), cell(p.y)) for p in points],
    )


def pareto(rows: Sequence[Row], palette: Palette, metric: str) -> Figure | None:
    """Return inference against flash or unused RAM, with the cases that no other one beats; None below two cases.

    ``rows`` are cases that count: right, and small enough for the board.
    """
    points = _points(rows, "inference", metric)
    if len(points) < _LEAST:
        return None
    more_is_better = metric == "ram"
    spots = [p.place for p in points]
    best = {id(p) for p in front(points, more_is_better=more_is_better)}
    x = axis_of_clock(points[0].x) | span([spot[0] for spot in spots])
    x["title"] = {"text": f"inference ({x['title']['text']})"}
    y = {"tickformat": "~s", "ticksuffix": "B"} | span([spot[1] for spot in spots])
    name = "unused RAM" if more_is_better else "flash"
    y["title"] = {"text": "unused RAM (more is lower down)" if more_is_better else "flash"}
    if more_is_better:
        y["range"] = y["range"][::-1]
    beaten = [p for p in points if id(p) not in best]
    return Figure(
        title=f"Inference against {name}",
        about=f"Each of {len(points)} right cases as a point; {len(best)} are beaten by no other of their model.",
        traces=[*_fronts(points, best), *_marks(points, spots, palette, [id(p) for p in beaten])],
        layout=layout(_HEIGHT, xaxis=axis(**x), yaxis=axis(**y), annotations=_names(points, spots, x, y), **_roomy()),
        legend=palette.legend([p.row.implementation for p in points]),
        note="Left and down is better. Lines join the cases of a model that no other one beats in both figures; "
        "hollow marks are beaten. Only right cases that fit are shown.",
        head=("model", "implementation", "inference", name, "beaten"),
        rows=[
            (p.row.model, p.row.implementation, cell(p.x), cell(p.y), "no" if id(p) in best else "yes")
            for p in points
        ],
    )


def front(points: Sequence[_Point], *, more_is_better: bool) -> list[_Point]:
    """Return the points that no other of their model beats: none is as good in both figures and better in one."""
    sign = -1 if more_is_better else 1

    def place(point: _Point) -> tuple[float, float]:
        return point.place[0], sign * point.place[1]

    def beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
        return one != other and one[0] <= other[0] and one[1] <= other[1]

    return [
        point
        for point in points
        if not any(beats(place(o), place(point)) for o in points if o.row.model == point.row.model)
    ]


def _points(rows: Sequence[Row], x: str, y: str) -> list[_Point]:
    found = []
    for row in rows:
        first, second = row.get(x), row.get(y)
        if first is not None and second is not None and first.status is second.status is Status.OK:
            found.append(_Point(row=row, x=first, y=second))
    return found


def _roomy() -> dict[str, Any]:
    return {"margin": {"l": 8, "r": 16, "t": 12, "b": 8}, "hovermode": "closest"}


def _marks(
    points: Sequence[_Point], spots: Sequence[tuple[float, ...]], palette: Palette, hollow: Sequence[int]
) -> list[Trace]:
    traces = []
    for name in palette.implementations:
        shown = [(p, spot) for p, spot in zip(points, spots, strict=True) if p.row.implementation == name]
        if not shown:
            continue
        symbols = [palette.symbol(name) + ("-open" if id(p) in hollow else "") for p, _ in shown]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": text(name),
                "x": [spot[0] for _, spot in shown],
                "y": [spot[1] for _, spot in shown],
                "marker": {
                    "color": palette.colour(name),
                    "symbol": symbols,
                    "size": 11,
                    "line": {"width": 1.5, "color": palette.colour(name)},
                },
                "hovertext": [_hover(p) for p, _ in shown],
                "hoverinfo": "text",
            }
        )
    return traces


def _hover(point: _Point) -> str:
    case = f"<b>{text(point.row.model)}</b><br>{text(point.row.implementation)}"
    return f"{case}<br>{cell(point.x)}<br>{cell(point.y)}"


def _links(points: Sequence[_Point], spots: Sequence[tuple[float, ...]]) -> list[Trace]:
    """Return a thin line through the cases of each model."""
    return [
        _line([spot for p, spot in zip(points, spots, strict=True) if p.row.model == model], {"dash": "dot"})
        for model in dict.fromkeys(p.row.model for p in points)
    ]


def _fronts(points: Sequence[_Point], best: set[int]) -> list[Trace]:
    models = dict.fromkeys(p.row.model for p in points)
    return [
        _line(sorted(p.place for p in points if p.row.model == model and id(p) in best), {"shape": "hv"})
        for model in models
    ]


def _line(spots: Sequence[tuple[float, ...]], line: dict[str, Any]) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [spot[0] for spot in spots],
        "y": [spot[1] for spot in spots],
        "line": {"color": "--muted", "width": 1, **line},
        "hoverinfo": "skip",
    }


def _names(
    points: Sequence[_Point], spots: Sequence[tuple[float, ...]], x: dict[str, Any], y: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the names of the models, above or below their points, where models are few."""
    models = list(dict.fromkeys(p.row.model for p in points))
    if len(models) > _MOST_NAMED:
        return []
    named = [(p.row.model, spot) for p, spot in zip(points, spots, strict=True)]
    upside_down = y["range"][0] > y["range"][1]

    def on(scale: dict[str, Any], value: float) -> float:
        return math.log10(value) if scale["type"] == "log" else value

    notes = []
    for index, model in enumerate(sorted(models, key=lambda name: min(s[0] for n, s in named if n == name))):
        above = index % 2 == 0  # neighbours by turns, so that their names do not meet
        own = [spot for name, spot in named if name == model]
        end = (min if above == upside_down else max)(own, key=lambda spot: spot[1])
        where = (on(x, end[0]) - x["range"][0]) / (x["range"][1] - x["range"][0])
        side = "left" if where < 1 / 3 else "right" if where > 2 / 3 else "center"
        across = {"yanchor": "bottom", "yshift": 8} if above else {"yanchor": "top", "yshift": -8}
        notes.append(note(label(model, 24), x=on(x, end[0]), y=on(y, end[1]), xanchor=side, **across))
    return notes
