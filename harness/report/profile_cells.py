"""What the tables of profiles are made of: columns, rows, and how a figure is written in a cell. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table."""

    title: str
    """May have two lines."""
    is_figure: bool = False
    is_long: bool = False
    """Whether its texts may be folded."""
    group: str = ""
    """What it has in common with those beside it, such as the implementation."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table for a terminal as well as for a page. A second line in a cell is what stands below, in small."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[tuple[str, ...], ...] = ()
    about: str = ""
    """The implementation that it is of, where it is of one."""
    is_detail: bool = False
    """Whether a page shows it only when it is asked for."""


def text(*titles: str) -> tuple[Column, ...]:
    """Return columns of short texts."""
    return tuple(Column(title=title) for title in titles)


def long(*titles: str) -> tuple[Column, ...]:
    """Return columns of texts that may be folded."""
    return tuple(Column(title=title, is_long=True) for title in titles)


def figures(*titles: str, group: str = "") -> tuple[Column, ...]:
    """Return columns of figures, which are never cut."""
    return tuple(Column(title=title, is_figure=True, group=group) for title in titles)


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
