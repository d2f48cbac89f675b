"""Plots as data: traces and layout in plotly's form, with the table that says the same. Pure; plotly is not imported.

Colours are names of CSS variables (``--series-1``); the page puts in what they stand for in its theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

Trace = dict[str, Any]

SERIES = 9
"""How many colours there are for implementations and parts."""
SYMBOLS = {
    "circle": "●",
    "square": "■",
    "triangle-up": "▲",
    "diamond": "◆",
    "star": "★",
    "pentagon": "⬟",
    "hexagon": "⬢",
    "triangle-down": "▼",
}
"""Plotly's markers, and how they look in text."""
_LONGEST_LABEL = 38
_FONT, _SMALL = 13, 12


@dataclass(frozen=True, kw_only=True)
class Key:
    """One entry of a legend."""

    label: str
    colour: str
    symbol: str = "■"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A plot, its legend, and the table that says the same as it does."""

    title: str
    about: str
    """What is seen, in one sentence, for those who do not see it."""
    traces: Sequence[Trace]
    layout: dict[str, Any]
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    legend: tuple[Key, ...] = ()
    note: str = ""
    """What has to be known to read it."""


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The colour and the marker of each implementation, the same all over a page."""

    implementations: tuple[str, ...]

    def colour(self, implementation: str) -> str:
        """Return the CSS variable of an implementation's colour."""
        return series(self.implementations.index(implementation))

    def symbol(self, implementation: str) -> str:
        """Return plotly's name of an implementation's marker."""
        return list(SYMBOLS)[self.implementations.index(implementation) % len(SYMBOLS)]

    def legend(self, shown: Sequence[str]) -> tuple[Key, ...]:
        """Return the legend of the implementations that are shown."""
        return tuple(
            Key(label=name, colour=self.colour(name), symbol=SYMBOLS[self.symbol(name)])
            for name in self.implementations
            if name in shown
        )


def series(index: int) -> str:
    """Return the CSS variable of the colour ``index``, from 0."""
    return f"--series-{index % SERIES + 1}"


def text(plain: str) -> str:
    """Return text in which plotly, which reads some HTML, sees no tag."""
    return escape(plain, quote=False)


def label(plain: str, longest: int = _LONGEST_LABEL) -> str:
    """Return text for a narrow place: its middle is left out where it is too long."""
    if len(plain) > longest:
        half = (longest - 1) // 2
        plain = f"{plain[:half]}…{plain[-half:]}"
    return text(plain)


def note(shown: str, **where: Any) -> dict[str, Any]:  # noqa: ANN401 (plotly's attributes)
    """Return an annotation without an arrow."""
    return {"text": shown, "showarrow": False, "align": "left", "font": {"size": _SMALL}, **where}


def layout(height: float, **more: Any) -> dict[str, Any]:  # noqa: ANN401 (plotly's attributes)
    """Return what all layouts share; the width is the page's."""
    return {
        "height": round(height),
        "margin": {"l": 8, "r": 20, "t": 8, "b": 8},
        "font": {"color": "--text", "size": _FONT, "family": "system-ui, sans-serif"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "barmode": "stack",
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "--muted", "activecolor": "--text"},
        "hoverlabel": {"bgcolor": "--raised", "bordercolor": "--line", "font": {"color": "--text"}, "align": "left"},
        **more,
    }


def axis(**more: Any) -> dict[str, Any]:  # noqa: ANN401 (plotly's attributes)
    """Return what all axes share."""
    if "title" in more:
        more["title"] = {"font": {"size": _FONT}, **more["title"]}
    return {
        "gridcolor": "--grid",
        "linecolor": "--line",
        "zerolinecolor": "--line",
        "tickcolor": "--line",
        "automargin": True,
        **more,
    }


@dataclass(kw_only=True)
class Panels:
    """Panels one below the other, each with axes of its own; heights are pixels."""

    _heights: list[tuple[float, float]] = field(default_factory=list)
    _axes: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    def add(self, height: float, above: float, x: dict[str, Any], y: dict[str, Any]) -> tuple[str, str]:
        """Add a panel with room ``above`` it; return the names of its axes for traces."""
        self._heights.append((height, above))
        self._axes.append((x, y))
        number = str(len(self._axes)) if len(self._axes) > 1 else ""
        return f"x{number}", f"y{number}"

    def layout(self, **more: Any) -> dict[str, Any]:  # noqa: ANN401 (plotly's attributes)
        """Return the layout with the axes of all panels."""
        total = sum(height + above for height, above in self._heights)
        axes: dict[str, Any] = {}
        top, number = 0.0, ""
        for index, ((height, above), (x, y)) in enumerate(zip(self._heights, self._axes, strict=True), start=1):
            number = str(index) if index > 1 else ""
            top += above
            domain = [max(0.0, 1 - (top + height) / total), 1 - top / total]
            axes[f"xaxis{number}"] = axis(anchor=f"y{number}", **x)
            axes[f"yaxis{number}"] = axis(anchor=f"x{number}", domain=domain, **y)
            top += height
        below = 52 if axes[f"xaxis{number}"].get("title", {}).get("text") else 32
        return layout(total + below + 8, **axes, **more) | {"margin": {"l": 8, "r": 20, "t": 8, "b": below}}
