"""Plots of times: medians with their intervals and every sample. Only times of one clock share an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness import summaries
from harness.report.figures import Figure, Palette, Panels, Trace, label, note, text
from harness.report.figures.scales import axis_of_clock
from harness.report.formats import figure, interval, time
from harness.types import Clock, Measurement

_ROW = 46
_ABOVE = 50
_MOST_DRAWN = 1000
_JITTER = (0.0, 0.6, 0.2, 0.8, 0.4, 1.0)
"""Where samples lie across their row, so that equal ones can be told apart."""
Named = Callable[[Measurement], str]


def latency(title: str, found: Sequence[Measurement], palette: Palette, named: Named) -> Figure:
    """Return times, a panel a model and a row a case, each panel with an axis of its own from zero."""
    panels = Panels()
    traces: list[Trace] = []
    notes: list[dict[str, Any]] = []
    models = list(dict.fromkeys(m.model for m in found))
    for index, model in enumerate(models):
        rows = [m for m in found if m.model == model]
        last = index == len(models) - 1
        x = axis_of_clock(rows[0], titled=last) | {"range": [0, 1.04 * max(map(_largest, rows)) or 1]}
        y = {"range": [len(rows) - 0.3, -0.75], "visible": False, "fixedrange": True}
        axes = panels.add(_ROW * len(rows), _ABOVE if index else 30, x, y)
        traces += _bars(rows, palette, axes, named)
        traces += _samples(rows, palette, axes, lambda m, sample: sample)
        notes.append(_heading(f"<b>{label(model)}</b>", axes))
        notes += [_row_label(i, f"{label(named(m), 30)}: {time(m)}", axes) for i, m in enumerate(rows)]
    return Figure(
        title=title,
        about=f"Bars of {title.lower()} of {len(found)} cases, with 95 per cent intervals of the median and samples.",
        traces=traces,
        layout=panels.layout(annotations=notes),
        legend=palette.legend([m.implementation for m in found]),
        note=_drawn(found),
        **_table(found, named),
    )


def spread(title: str, found: Sequence[Measurement], palette: Palette, named: Named) -> Figure | None:
    """Return how far samples lie from the median of their case, in per cent; None where none differs."""
    rows = [m for m in found if m.value and min(m.samples) != max(m.samples)]
    if not rows:
        return None

    def off(measurement: Measurement, value: float) -> float:
        return 100 * (value / (measurement.value or 1) - 1)

    panels = Panels()
    farthest = max(abs(off(m, sample)) for m in rows for sample in m.samples)
    x = {"title": {"text": "% from the median"}, "range": [-1.08 * farthest, 1.08 * farthest], "ticksuffix": " %"}
    y = {"range": [len(rows) - 0.3, -0.75], "visible": False, "fixedrange": True}
    axes = panels.add(_ROW * len(rows), 4, x, y)
    return Figure(
        title=title,
        about=f"How far each sample of {len(rows)} cases lies from the median of its case, in per cent.",
        traces=[*_medians(rows, palette, axes, off), *_samples(rows, palette, axes, off)],
        layout=panels.layout(
            annotations=[
                _row_label(i, f"{label(m.model, 22)} · {label(named(m), 20)}", axes) for i, m in enumerate(rows)
            ]
        ),
        legend=palette.legend([m.implementation for m in rows]),
        note=_drawn(rows),
        head=("model", "case", "least", "most", "95 % of the median", "outliers"),
        rows=[_spread_row(m, named, off) for m in rows],
    )


def _largest(measurement: Measurement) -> float:
    return max((measurement.value or 0, *measurement.samples))


def _heading(shown: str, axes: tuple[str, str]) -> dict[str, Any]:
    return note(shown, xref="paper", x=0, xanchor="left", yref=f"{axes[1]} domain", y=1, yanchor="bottom", yshift=2)


def _row_label(index: int, shown: str, axes: tuple[str, str]) -> dict[str, Any]:
    return note(shown, xref="paper", x=0, xanchor="left", yref=axes[1], y=index - 0.42)


def _hover(measurement: Measurement, named: Named) -> str:
    lines = [f"<b>{text(measurement.model)}</b>", text(named(measurement)), time(measurement)]
    summary = summaries.of(measurement)
    if summary is not None and summary.median_interval is not None:
        lines.append(f"95 % of the median: {interval(summary.median_interval, measurement)}")
    return "<br>".join(lines)


def _bars(rows: Sequence[Measurement], palette: Palette, axes: tuple[str, str], named: Named) -> list[Trace]:
    bar = {
        "type": "bar",
        "orientation": "h",
        "x": [m.value for m in rows],
        "y": list(range(len(rows))),
        "width": 0.24,
        "marker": {"color": [palette.colour(m.implementation) for m in rows], "opacity": 0.85},
        "hovertext": [_hover(m, named) for m in rows],
        "hoverinfo": "text",
        "xaxis": axes[0],
        "yaxis": axes[1],
    }
    return [bar, *_medians(rows, palette, axes, lambda m, value: value)]


def _medians(
    rows: Sequence[Measurement],
    palette: Palette,
    axes: tuple[str, str],
    scaled: Callable[[Measurement, float], float],
) -> list[Trace]:
    """Return the intervals of the medians, where there are any."""
    found = []
    for index, measurement in enumerate(rows):
        summary = summaries.of(measurement)
        bounds = summary.median_interval if summary is not None else None
        if bounds is not None:
            middle = scaled(measurement, measurement.value or 0)
            low, high = scaled(measurement, bounds.low), scaled(measurement, bounds.high)
            found.append((index, middle, high - middle, middle - low))
    if not found:
        return []
    index_, middle_, above, below = (list(column) for column in zip(*found, strict=True))
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": middle_,
            "y": index_,
            "error_x": {
                "type": "data",
                "array": above,
                "arrayminus": below,
                "color": "--text",
                "thickness": 1.5,
                "width": 5,
            },
            "marker": {"color": "--text", "size": 5, "symbol": "line-ns-open"},
            "hoverinfo": "skip",
            "xaxis": axes[0],
            "yaxis": axes[1],
        }
    ]


def _samples(
    rows: Sequence[Measurement],
    palette: Palette,
    axes: tuple[str, str],
    scaled: Callable[[Measurement, float], float],
) -> list[Trace]:
    """Return a dot a sample, below the bar of its case."""
    x, y, colours, hovers = [], [], [], []
    for index, measurement in enumerate(rows):
        for number, sample in enumerate(_thinned(measurement.samples)):
            x.append(scaled(measurement, sample))
            y.append(index + 0.19 + 0.15 * _JITTER[number % len(_JITTER)])
            colours.append(palette.colour(measurement.implementation))
            hovers.append(figure(sample, measurement))
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": x,
            "y": y,
            "marker": {"color": colours, "size": 4, "opacity": 0.55},
            "hovertext": hovers,
            "hoverinfo": "text",
            "xaxis": axes[0],
            "yaxis": axes[1],
        }
    ]


def _thinned(samples: Sequence[float]) -> Sequence[float]:
    return samples if len(samples) <= _MOST_DRAWN else samples[:: -(-len(samples) // _MOST_DRAWN)]


def _drawn(found: Sequence[Measurement]) -> str:
    if all(len(m.samples) <= _MOST_DRAWN for m in found):
        return ""
    return f"Of more than {_MOST_DRAWN:,} samples of a case, evenly chosen ones are drawn; statistics are of all."


def _table(found: Sequence[Measurement], named: Named) -> dict[str, Any]:
    head = ("model", "case", "median", "95 % of the median", "least", "most", "samples", "outliers")
    return {"head": head, "rows": [_table_row(m, named) for m in found]}


def _table_row(measurement: Measurement, named: Named) -> tuple[str, ...]:
    summary = summaries.of(measurement)
    bounds = summary.median_interval if summary is not None else None
    between = interval(bounds, measurement) if bounds is not None else _no_interval(measurement)
    return (
        measurement.model,
        named(measurement),
        time(measurement),
        between,
        figure(min(measurement.samples), measurement) if measurement.samples else "not kept",
        figure(max(measurement.samples), measurement) if measurement.samples else "not kept",
        f"{len(measurement.samples):,}",
        str(summary.outliers.mild + summary.outliers.severe) if summary is not None else "0",
    )


def _no_interval(measurement: Measurement) -> str:
    return "too few samples" if measurement.clock is Clock.HARDWARE else "exact"


def _spread_row(
    measurement: Measurement, named: Named, off: Callable[[Measurement, float], float]
) -> tuple[str, ...]:
    summary = summaries.of(measurement)
    bounds = summary.median_interval if summary is not None else None
    between = "too few samples"
    if bounds is not None:
        between = f"{off(measurement, bounds.low):+.3g} % to {off(measurement, bounds.high):+.3g} %"
    return (
        measurement.model,
        named(measurement),
        f"{off(measurement, min(measurement.samples)):+.3g} %",
        f"{off(measurement, max(measurement.samples)):+.3g} %",
        between,
        str(summary.outliers.mild + summary.outliers.severe) if summary is not None else "0",
    )
