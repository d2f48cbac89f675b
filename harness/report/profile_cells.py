"""What the tables of profiles have in common: their columns, and how a figure is written in a cell."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table

from harness.profile.functions import Kind
from harness.profile.operators import Work
from harness.profile.result import Profile
from harness.types import Clock

NOTHING = "-"
KINDS = {
    Kind.OPERATOR: "operators' own code",
    Kind.REQUANTIZATION: "requantization",
    Kind.MEMORY: "copying memory",
    Kind.RUNTIME: "outside of operators",
}
"""What time goes into, in words."""

_FIGURES = ("#", "MACs")
_LONG = ("operator", "gives", "function", "symbol")
"""Columns whose texts are folded where there is no room."""


def table_of(*titles: str) -> Table:
    """Return a table with its first columns."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in titles:
        table.add_column(
            title,
            justify="right" if title in _FIGURES else "left",
            no_wrap=title not in _LONG,
            overflow="fold",
            min_width=12 if title in _LONG else None,
        )
    return table


def add_figures(table: Table, *titles: str) -> None:
    """Add columns of figures, which are never cut."""
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)


def short(unit: str) -> str:
    """Return a unit as it stands in the head of a column."""
    return "instr." if unit == Clock.INSTRUCTION_COUNT.unit else unit


def places(some: Sequence[int]) -> str:
    """Return places as they are counted in the network: ``3``, ``3-5``, or ``3, 7``."""
    if len(some) > 1 and list(some) == list(range(some[0], some[-1] + 1)):
        return f"{some[0]}-{some[-1]}"
    return ", ".join(map(str, some))


def type_of(work: Work) -> str:
    """Return the names of operators, with room to fold them."""
    return work.type.replace("+", " + ")


def shape(work: Work) -> str:
    """Return the shape of what is given."""
    return "x".join(map(str, work.output_shape))


def count(number: int | None) -> str:
    """Return a number; where there is none, a dash."""
    return NOTHING if number is None else f"{number:,}"


def per_mac(ticks: int | None, macs: int | None) -> str:
    """Return ticks a MAC; where there are none, a dash."""
    return f"{ticks / macs:.2f}" if ticks is not None and macs else NOTHING


def share(ticks: int | None, profile: Profile) -> str:
    """Return which part of the inference that is."""
    return NOTHING if ticks is None or not profile.inference else f"{100 * ticks / profile.inference:.1f} %"
