"""Profiles as people read them in a terminal: implementations side by side, operator by operator and by function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.profile.operators import Work, joined
from harness.profile.result import Profile
from harness.profile.side_by_side import rows
from harness.report import profile_program as program
from harness.report.clocks import clock_notes
from harness.report.profile_cells import (
    NOTHING,
    add_figures,
    count,
    per_mac,
    places,
    shape,
    share,
    short,
    table_of,
    type_of,
)
from harness.report.terminal import print_table
from harness.types import Status


def show(profiles: Sequence[Profile], console: Console, *, flash: bool = False) -> None:
    """Print the tables of each model on each board, then what has to be known to read them.

    With ``flash`` they tell also what takes the flash.
    """
    for model, board in dict.fromkeys((p.model, p.board) for p in profiles):
        group = [p for p in profiles if (p.model, p.board, p.status) == (model, board, Status.OK)]
        for title, table in _tables(group, flash=flash):
            console.print(title, style="bold", highlight=False, markup=False)
            print_table(table, console)
    for note in notes(profiles):
        console.print(f"• {note}", highlight=False, markup=False)


def _tables(group: Sequence[Profile], *, flash: bool) -> Iterator[tuple[str, Table]]:
    """Yield the tables of one model on one board, with their titles."""
    if not group:
        return
    where = f"{group[0].model} on {group[0].board}"
    yield f"{where}: {group[0].unit} by operator", _operators(group)
    if any(work.macs for work in group[0].network):
        yield f"{where}: {group[0].unit} a MAC by type of operator", _types(group)
    told = [profile for profile in group if profile.functions]
    if told:
        yield f"{where}: what the {group[0].unit} go into", program.kinds(told)
    for profile in told:
        title = f"{where}, {profile.implementation}: {profile.unit} by function, without what it calls"
        yield title, program.functions(profile)
    if any(profile.usage or profile.layout for profile in group):
        yield f"{where}: memory, in bytes", program.memory(group)
    if flash and any(profile.symbols for profile in group):
        yield f"{where}: flash by symbol, in bytes", program.flash(group)


def _operators(group: Sequence[Profile]) -> Table:
    """Return the operators; where there is one implementation, with the names of the tensors that they give."""
    alone = len(group) == 1
    table = table_of("#", "operator", *(["gives"] if alone else []), "output", "MACs")
    for profile in group:
        head = "" if alone else f"{profile.implementation}\n"
        add_figures(table, f"{head}{short(profile.unit)}", "a MAC", "share")
    network = group[0].network
    for row in rows([profile.operators for profile in group], len(network)):
        work = joined(network[place] for place in row.places)
        name = [escape(work.name)] if alone else []
        cells = [places(row.places), type_of(work), *name, shape(work), count(work.macs)]
        for profile, ticks in zip(group, row.ticks, strict=True):
            cells += [count(ticks), per_mac(ticks, work.macs), share(ticks, profile)]
        table.add_row(*cells)
    table.add_section()
    for title, values in (
        ("outside of operators", [profile.overhead for profile in group]),
        ("inference", [profile.inference for profile in group]),
    ):
        cells = ["", title, *([""] if alone else []), "", ""]
        for profile, ticks in zip(group, values, strict=True):
            cells += [count(ticks), "", share(ticks, profile)]
        table.add_row(*cells)
    return table


def _types(group: Sequence[Profile]) -> Table:
    """Return ticks a MAC by type of operator, and how much of what the processor could do that is."""
    network = group[0].network
    bounded = any(profile.peak(work) for profile in group for work in network if work.macs)
    table = table_of("operator", "MACs")
    for profile in group:
        head = f"{profile.implementation}\n{short(profile.unit)}"
        add_figures(table, head, "a MAC", *(["of best"] if bounded else []))
    found = rows([profile.operators for profile in group], len(network))
    works = [joined(network[place] for place in row.places) for row in found]
    for kind in dict.fromkeys((work.type, work.dtype) for work in works if work.macs):
        same = [(row, work) for row, work in zip(found, works, strict=True) if (work.type, work.dtype) == kind]
        macs = sum(work.macs or 0 for _, work in same)
        cells = [type_of(same[0][1]), count(macs)]
        for place, profile in enumerate(group):
            ticks = sum(row.ticks[place] or 0 for row, _ in same) or None
            cells += [count(ticks), per_mac(ticks, macs)]
            cells += [_of_best(profile, same[0][1], ticks, macs)] if bounded else []
        table.add_row(*cells)
    return table


def _of_best(profile: Profile, work: Work, ticks: int | None, macs: int) -> str:
    best = profile.peak(work)
    return f"{100 * best.share(ticks, macs):.1f} %" if best and ticks else NOTHING


def notes(profiles: Sequence[Profile]) -> list[str]:
    """Return what has to be known to read the tables, each in one sentence."""
    found = [f"{p}: {p.status.value}: {p.reason}" for p in profiles if p.status is not Status.OK]
    done = [profile for profile in profiles if profile.status is Status.OK]
    found += [_markers(profile) for profile in done]
    found += [_without_code(profile) for profile in done if profile.without_code]
    found += [f"of best: {best.why}" for p in done for work in p.network if work.macs and (best := p.peak(work))]
    found += clock_notes((p.board, p.clock, p.provenance) for p in done)
    found += [f"{p.implementation} is {p.provenance['runs_on']}" for p in done if p.provenance.get("runs_on")]
    return list(dict.fromkeys(found))


def _without_code(profile: Profile) -> str:
    return f"where {profile.implementation} has no {profile.unit}, nothing is left to do when the network runs"


def _markers(profile: Profile) -> str:
    """Say what an inference takes more because its operators are marked."""
    how = f"{'markers' if profile.functions else 'timers'} around operators add"
    share = abs(profile.markers) / profile.plain if profile.plain else 0.0
    sign = "" if profile.markers >= 0 else "-"
    return (
        f"{profile}: {how} {sign}{abs(profile.markers):,} {profile.unit} ({100 * share:.2f} %): an inference takes "
        f"{profile.plain:,} without them, and {profile.inference:,} with them, as profiled here"
    )
