"""Several implementations of one network, operator by operator. Pure.

Where one computes operators as a group and the other one by one, the row is the group, and the other's are added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.profile.operators import OperatorTime


@dataclass(frozen=True, kw_only=True)
class Row:
    """Operators that no implementation takes apart any further together with others."""

    places: tuple[int, ...]
    """Where they are in the network."""
    ticks: tuple[int | None, ...]
    """Of each implementation; None where it has no code for any of them."""


def rows(implementations: Sequence[Sequence[OperatorTime]], count: int) -> tuple[Row, ...]:
    """Return the rows for a network of ``count`` operators, in the order of the network."""
    groups = _joined([time.places for times in implementations for time in times], count)
    made = []
    for places in sorted(groups):
        taken = [_sum(times, places) for times in implementations]
        made.append(Row(places=places, ticks=tuple(taken)))
    return tuple(made)


def _sum(times: Iterable[OperatorTime], places: Sequence[int]) -> int | None:
    found = [time.ticks for time in times if time.places[0] in places]
    return sum(found) if found else None


def _joined(groups: Iterable[Sequence[int]], count: int) -> set[tuple[int, ...]]:
    """Return the finest partition of the places that takes none of the groups apart."""
    owner: Mapping[int, set[int]] = {place: {place} for place in range(count)}
    members = dict(owner)
    for group in groups:
        whole = set().union(*(members[place] for place in group))
        for place in whole:
            members[place] = whole
    return {tuple(sorted(found)) for found in members.values()}
