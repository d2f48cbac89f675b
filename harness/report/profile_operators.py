"""The tables of profiles that tell of the network: implementations side by side, operator by operator. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.profile.operators import Work, joined
from harness.profile.result import Profile
from harness.profile.side_by_side import rows
from harness.report.profile_cells import (
    NOTHING,
    Table,
    count,
    figures,
    long,
    per_mac,
    places,
    shape,
    share,
    short,
    text,
    type_of,
)


def operators(group: Sequence[Profile]) -> Table:
    """Return the operators; where there is one implementation, with the names of the tensors that they give."""
    alone = len(group) == 1
    columns = (*figures("#"), *long("operator", *(["gives"] if alone else [])), *text("output"), *figures("MACs"))
    for profile in group:
        columns += figures(short(profile.unit), "a MAC", "share", group="" if alone else profile.implementation)
    network = group[0].network
    lines = []
    for row in rows([profile.operators for profile in group], len(network)):
        work = joined(network[place] for place in row.places)
        name = [work.name] if alone else []
        cells = [places(row.places), type_of(work), *name, shape(work), count(work.macs)]
        for profile, ticks in zip(group, row.ticks, strict=True):
            cells += [count(ticks), per_mac(ticks, work.macs), share(ticks, profile)]
        lines.append(tuple(cells))
    totals = []
    for title, values in (
        ("outside of operators", [profile.overhead for profile in group]),
        ("inference", [profile.inference for profile in group]),
    ):
        cells = ["", title, *([""] if alone else []), "", ""]
        for profile, ticks in zip(group, values, strict=True):
            cells += [count(ticks), "", share(ticks, profile)]
        totals.append(tuple(cells))
    return Table(title=f"{group[0].unit} by operator", columns=columns, rows=tuple(lines), totals=tuple(totals))


def types(group: Sequence[Profile]) -> Table:
    """Return ticks a MAC by type of operator, and how much of what the processor could do that is."""
    network = group[0].network
    bounded = any(profile.peak(work) for profile in group for work in network if work.macs)
    columns = (*long("operator"), *figures("MACs"))
    for profile in group:
        titles = (short(profile.unit), "a MAC", *(["of best"] if bounded else []))
        columns += figures(*titles, group=profile.implementation)
    found = rows([profile.operators for profile in group], len(network))
    works = [joined(network[place] for place in row.places) for row in found]
    lines = []
    for kind in dict.fromkeys((work.type, work.dtype) for work in works if work.macs):
        same = [(row, work) for row, work in zip(found, works, strict=True) if (work.type, work.dtype) == kind]
        macs = sum(work.macs or 0 for _, work in same)
        cells = [type_of(same[0][1]), count(macs)]
        for place, profile in enumerate(group):
            ticks = sum(row.ticks[place] or 0 for row, _ in same) or None
            cells += [count(ticks), per_mac(ticks, macs)]
            cells += [_of_best(profile, same[0][1], ticks, macs)] if bounded else []
        lines.append(tuple(cells))
    return Table(title=f"{group[0].unit} a MAC by type of operator", columns=columns, rows=tuple(lines))


def _of_best(profile: Profile, work: Work, ticks: int | None, macs: int) -> str:
    best = profile.peak(work)
    return f"{100 * best.share(ticks, macs):.1f} %" if best and ticks else NOTHING
