"""Plots of flash and RAM by part, beside what the board has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report.figures import Figure, Key, Panels, Trace, label, note, series, text
from harness.report.formats import OVERSIZE, cell
from harness.report.grid import Row
from harness.types import Measurement, Status

_ROW = 46
_PARTS = ("model", "library", "runtime", "harness", "C library", "core", "alignment")
_WHOLE, _PLACED = "whole program", "placed by the linker"
_STACK, _HEAP, _UNUSED, _REST = "stack", "heap in use", "unused", "kept back or not told"
_COLOURS = {
    **{name: series(index) for index, name in enumerate(_PARTS)},
    _WHOLE: series(7),
    _PLACED: series(2),
    _STACK: series(8),
    _HEAP: series(7),
    _REST: "--line",
    _UNUSED: "--unused",
}


@dataclass(frozen=True, kw_only=True)
class _Bar:
    """One bar: a case and the bytes of its parts."""

    row: Row
    parts: Mapping[str, int]
    shown: str
    """The figure as tables show it."""


def flash(rows: Sequence[Row]) -> Figure | None:
    """Return the flash of each case by part, with the board's limit; None where nothing was measured."""
    bars, limit = [], None
    for row in rows:
        found = row.get("flash")
        if found is None or found.value is None:
            continue
        parts = _sizes(found, "parts") or {_WHOLE: int(found.value)}
        bars.append(_Bar(row=row, parts=parts, shown=cell(found)))
        limit = limit or _whole(found.details.get("limit_bytes"))
    starred = any(m.oversize for row in rows if (m := row.get("flash")) is not None)
    why = f"{OVERSIZE} The board has no room for this program." if starred else ""
    return _figure("Flash by part", bars, limit, why) if bars else None


def ram(rows: Sequence[Row]) -> Figure | None:
    """Return the RAM of each case by part, used and unused; None where nothing was measured."""
    bars, limit = [], None
    for row in rows:
        found = row.get("ram")
        limit = limit or (_whole(found.details.get("limit_bytes")) if found is not None else None)
        parts = _ram_parts(row.get("flash"), found, limit)
        if parts:
            measured = found is not None and found.status is Status.OK
            shown = f"{cell(found)} unused" if measured else cell(found)
            bars.append(_Bar(row=row, parts=parts, shown=shown))
    why = (
        f"“{_HEAP}” is what cannot be taken off the heap with the network still working; “{_UNUSED}” is what can. "
        "Where there is none of either, only what the linker placed is known."
    )
    return _figure("RAM by part", bars, limit, why) if bars else None


def _ram_parts(flash_: Measurement | None, ram_: Measurement | None, limit: int | None) -> dict[str, int]:
    parts = _sizes(flash_, "ram_parts")
    if ram_ is None or ram_.status is not Status.OK or ram_.value is None:
        return parts
    static, heap = (_whole(ram_.details.get(name)) for name in ("static_bytes", "heap_bytes"))
    if heap is None:
        return parts
    parts = parts or ({_PLACED: static} if static else {})
    unused = int(ram_.value)
    stack = _sizes(flash_, "ram_sections").get(".stack", 0)
    known = sum(parts.values()) + heap
    if limit is None or known + stack <= limit:
        known += stack
        parts |= {_STACK: stack} if stack else {}
    parts |= {_HEAP: max(0, heap - unused)}
    if limit is not None and limit > known:
        parts |= {_REST: limit - known}
    return parts | {_UNUSED: unused}


def _sizes(measurement: Measurement | None, name: str) -> dict[str, int]:
    found = measurement.details.get(name) if measurement is not None else None
    if not isinstance(found, Mapping):
        return {}
    return {part: int(size) for part, size in found.items() if isinstance(size, int | float) and size > 0}


def _whole(found: object) -> int | None:
    return int(found) if isinstance(found, int | float) else None


def _figure(title: str, bars: Sequence[_Bar], limit: int | None, why: str) -> Figure:
    present = dict.fromkeys(name for bar in bars for name in bar.parts)
    others = [name for name in present if name not in _COLOURS]
    names = others + [name for name in _COLOURS if name in present]
    colours = {name: _COLOURS.get(name, series(index)) for index, name in enumerate(names)}
    panels = Panels()
    most = max([*(sum(bar.parts.values()) for bar in bars), limit or 0])
    x = {"tickformat": "~s", "ticksuffix": "B", "nticks": 6, "range": [0, 1.03 * most]}
    y = {"range": [len(bars) - 0.4, -0.7], "visible": False, "fixedrange": True}
    axes = panels.add(_ROW * len(bars), 26 if limit else 4, x, y)
    notes = [_label(index, bar) for index, bar in enumerate(bars)]
    shapes = []
    if limit:
        notes.append(_limit_note(limit, most))
        shapes.append(_limit_line(limit))
    return Figure(
        title=title,
        about=f"Stacked bars: {title.lower()} of {len(bars)} cases"
        + (f"; the board has {limit:,} bytes." if limit else "."),
        traces=[_trace(name, bars, colours[name], axes) for name in names],
        layout=panels.layout(annotations=notes, shapes=shapes),
        legend=tuple(Key(label=name, colour=colours[name]) for name in names),
        note=why,
        head=("model", "implementation", "figure", *(f"{name} (B)" for name in names)),
        rows=[
            (bar.row.model, bar.row.implementation, bar.shown, *(f"{bar.parts.get(name, 0):,}" for name in names))
            for bar in bars
        ],
    )


def _trace(name: str, bars: Sequence[_Bar], colour: str, axes: tuple[str, str]) -> Trace:
    return {
        "type": "bar",
        "orientation": "h",
        "name": text(name),
        "x": [bar.parts.get(name, 0) for bar in bars],
        "y": list(range(len(bars))),
        "width": 0.4,
        "offset": -0.06,
        "marker": {"color": colour, "line": {"color": "--page", "width": 0.5}},
        "hovertext": [_hover(name, bar) for bar in bars],
        "hoverinfo": "text",
        "xaxis": axes[0],
        "yaxis": axes[1],
    }


def _hover(name: str, bar: _Bar) -> str:
    case = f"{text(bar.row.model)} · {text(bar.row.implementation)}"
    return f"<b>{case}</b><br>{text(name)}: {bar.parts.get(name, 0):,} B<br>{text(bar.shown)}"


def _label(index: int, bar: _Bar) -> dict[str, Any]:
    shown = f"{label(bar.row.model, 18)} · {label(bar.row.implementation, 12)}: {bar.shown}"
    return note(shown, xref="paper", x=0, xanchor="left", yref="y", y=index - 0.36)


def _limit_note(limit: int, most: float) -> dict[str, Any]:
    side = "right" if limit > most / 2 else "left"
    where = {"xref": "x", "x": limit, "xanchor": side, "yref": "y domain", "y": 1, "yanchor": "bottom", "yshift": 2}
    return note(f"the board has {limit:,} B", **where)


def _limit_line(limit: int) -> dict[str, Any]:
    line = {"color": "--limit", "width": 2, "dash": "dash"}
    return {"type": "line", "xref": "x", "x0": limit, "x1": limit, "yref": "y domain", "y0": 0, "y1": 1, "line": line}
