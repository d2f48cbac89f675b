"""Profiles as people read them: their tables, in a terminal or on a page, and what has to be known to read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich import table as rich
from rich.console import Console
from rich.markup import escape

from harness.profile import saved
from harness.profile.result import Profile
from harness.profile.symbols import NO_SYMBOLS
from harness.report import profile_operators as network
from harness.report import profile_program as program
from harness.report.clocks import clock_notes
from harness.report.formats import shown_values
from harness.report.profile_cells import Table
from harness.report.terminal import print_table
from harness.types import Status

_LEAST = 12
"""Characters to which a text is folded at most."""


def printable(profiles: Sequence[Profile]) -> list[Profile]:
    """Return the profiles with an escape for each character that cannot be shown: names come from files."""
    return [saved.from_json(shown_values(saved.to_json(profile))) for profile in profiles]


def groups(profiles: Sequence[Profile]) -> Iterator[list[Profile]]:
    """Yield what stands side by side: the profiles that there are of a model on a board."""
    for model, board in dict.fromkeys((p.model, p.board) for p in profiles):
        group = [p for p in profiles if (p.model, p.board, p.status) == (model, board, Status.OK)]
        if group:
            yield group


def tables(group: Sequence[Profile], *, flash: bool = True) -> Iterator[Table]:
    """Yield the tables of one model on one board; with ``flash`` also what takes the flash."""
    yield network.operators(group)
    if any(work.macs for work in group[0].network):
        yield network.types(group)
    told = [profile for profile in group if profile.functions]
    if told:
        yield program.kinds(told)
    for profile in told:
        yield program.functions(profile)
    if any(profile.usage or profile.layout for profile in group):
        yield program.memory(group)
    if flash and any(profile.symbols for profile in group):
        yield program.flash(group)


def show(profiles: Sequence[Profile], console: Console, *, flash: bool = False) -> None:
    """Print the tables of each model on each board, then what has to be known to read them."""
    for group in groups(profiles):
        where = f"{group[0].model} on {group[0].board}"
        for table in tables(group, flash=flash):
            about = f", {table.about}" if table.about else ""
            console.print(f"{where}{about}: {table.title}", style="bold", highlight=False, markup=False)
            print_table(drawn(table), console)
    for note in notes(profiles):
        console.print(f"• {note}", highlight=False, markup=False)


def drawn(table: Table) -> rich.Table:
    """Return a table for a terminal."""
    made = rich.Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    group = ""
    for column in table.columns:
        head = f"{column.group}\n{column.title}" if column.group != group else column.title
        group = column.group
        made.add_column(
            escape(head),
            justify="right" if column.is_figure else "left",
            no_wrap=not column.is_long,
            overflow="fold",
            min_width=_LEAST if column.is_long and not column.is_figure else None,
        )
    for row in table.rows:
        made.add_row(*map(_cell, row))
    if table.totals:
        made.add_section()
    for row in table.totals:
        made.add_row(*map(_cell, row))
    return made


def _cell(text: str) -> str:
    above, _, below = text.partition("\n")
    return f"{escape(above)}\n[dim]{escape(below)}[/]" if below else escape(above)


def notes(profiles: Sequence[Profile]) -> list[str]:
    """Return what has to be known to read the tables, each in one sentence."""
    found = [f"{p}: {p.status.value}: {p.reason}" for p in profiles if p.status is not Status.OK]
    found += [f"{p}: to make it fit: {'; '.join(p.advice)}" for p in profiles if p.advice]
    done = [profile for profile in profiles if profile.status is Status.OK]
    found += [_markers(profile) for profile in done]
    found += [_without_symbols(p) for p in done if any(f.name == NO_SYMBOLS for f in p.functions)]
    found += [_without_code(profile) for profile in done if profile.without_code]
    found += [f"of best: {best.why}" for p in done for work in p.network if work.macs and (best := p.peak(work))]
    found += clock_notes((p.board, p.clock, p.provenance) for p in done)
    found += [f"{p.implementation} is {p.provenance['runs_on']}" for p in done if p.provenance.get("runs_on")]
    return list(dict.fromkeys(found))


def _without_symbols(profile: Profile) -> str:
    return (
        f"{profile}: the program was stripped of its symbols, so that its functions cannot be told apart, and what "
        "takes its flash has no names: build it without -s"
    )


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
