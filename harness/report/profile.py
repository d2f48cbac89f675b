"""Profiles as people read them in a terminal: implementations side by side, operator by operator and by function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.layout import peak
from harness.profile.functions import Kind
from harness.profile.operators import Work, joined
from harness.profile.result import Profile
from harness.profile.side_by_side import rows
from harness.report.clocks import clock_notes
from harness.report.formats import seconds
from harness.report.terminal import print_table
from harness.types import Clock, Status

_MOST_FUNCTIONS = 12
_MOST_SYMBOLS = 20
_NOTHING = "-"
_KINDS = {
    Kind.OPERATOR: "operators' own code",
    Kind.REQUANTIZATION: "requantization",
    Kind.MEMORY: "copying memory",
    Kind.RUNTIME: "outside of operators",
}


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
        yield f"{where}: what the {group[0].unit} go into", _kinds(told)
    for profile in told:
        title = f"{where}, {profile.implementation}: {profile.unit} by function, without what it calls"
        yield title, _functions(profile)
    if any(profile.usage or profile.layout for profile in group):
        yield f"{where}: memory, in bytes", _memory(group)
    if flash and any(profile.symbols for profile in group):
        yield f"{where}: flash by symbol, in bytes", _flash(group)


def _operators(group: Sequence[Profile]) -> Table:
    """Return the operators; where there is one implementation, with the names of the tensors that they give."""
    table = _table("#", "operator", *(["gives"] if len(group) == 1 else []), "output", "MACs", left=len(group) == 1)
    for profile in group:
        head = "" if len(group) == 1 else f"{profile.implementation}\n"
        for title in (f"{head}{_short(profile.unit)}", "a MAC", "share"):
            table.add_column(title, justify="right", no_wrap=True)
    network = group[0].network
    for row in rows([profile.operators for profile in group], len(network)):
        work = joined(network[place] for place in row.places)
        name = [escape(work.name)] if len(group) == 1 else []
        cells = [_places(row.places), _type(work), *name, _shape(work), _count(work.macs)]
        for profile, ticks in zip(group, row.ticks, strict=True):
            cells += [_count(ticks), _per_mac(ticks, work), _share(ticks, profile)]
        table.add_row(*cells)
    table.add_section()
    blank = [""] * (2 if len(group) == 1 else 1)
    for title, values in (
        ("outside of operators", [profile.overhead for profile in group]),
        ("inference", [profile.inference for profile in group]),
    ):
        cells = ["", title, *blank, ""]
        for profile, ticks in zip(group, values, strict=True):
            cells += [_count(ticks), "", _share(ticks, profile)]
        table.add_row(*cells)
    return table


def _types(group: Sequence[Profile]) -> Table:
    """Return ticks a MAC by type of operator, and how much of what the processor could do that is."""
    table = _table("operator", "MACs", left=False)
    network = group[0].network
    bounded = any(profile.peak(work) for profile in group for work in network if work.macs)
    for profile in group:
        for title in (
            f"{profile.implementation}\n{_short(profile.unit)}",
            "a MAC",
            *(["of best"] if bounded else []),
        ):
            table.add_column(title, justify="right", no_wrap=True)
    found = rows([profile.operators for profile in group], len(network))
    works = [joined(network[place] for place in row.places) for row in found]
    for kind in dict.fromkeys(work.type for work in works if work.macs):
        macs = sum(work.macs or 0 for work in works if work.type == kind)
        cells = [kind, _count(macs)]
        for place, profile in enumerate(group):
            taken = [row.ticks[place] for row, work in zip(found, works, strict=True) if work.type == kind]
            ticks = sum(filter(None, taken)) or None
            best = profile.peak(next(work for work in works if work.type == kind))
            share = f"{100 * best.share(ticks, macs):.1f} %" if best and ticks else _NOTHING
            cells += [_count(ticks), f"{ticks / macs:.2f}" if ticks else _NOTHING, *([share] if bounded else [])]
        table.add_row(*cells)
    return table


def _kinds(group: Sequence[Profile]) -> Table:
    table = _table("impl.", left=False)
    for words in (*_KINDS.values(), "inference"):
        table.add_column(words, justify="right", overflow="fold")
    for profile in group:
        cells = []
        for kind in _KINDS:
            ticks = sum(function.ticks for function in profile.functions if function.kind is kind)
            cells.append(f"{ticks:,}\n[dim]{_share(ticks, profile)}[/]")
        total = f"{profile.inference:,}\n[dim]{seconds(profile.seconds(profile.inference))}[/]"
        table.add_row(profile.implementation, *cells, total)
    return table


def _functions(profile: Profile) -> Table:
    table = _table("function", "part of", left=True)
    table.add_column(_short(profile.unit), justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    first, rest = profile.functions[:_MOST_FUNCTIONS], profile.functions[_MOST_FUNCTIONS:]
    for function in first:
        table.add_row(
            escape(function.name), _KINDS[function.kind], _count(function.ticks), _share(function.ticks, profile)
        )
    if rest:
        ticks = sum(function.ticks for function in rest)
        table.add_row(f"{len(rest)} others", "", _count(ticks), _share(ticks, profile))
    return table


def _memory(group: Sequence[Profile]) -> Table:
    """Return what is taken of the memory, and what holds most of it at once."""
    table = _table("impl.", left=False)
    for title in ("arena", "heap", "stack", "of it\nbefore start", "peak of\ntensors"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("at step", no_wrap=True)
    table.add_column("what holds it", overflow="fold")
    for profile in group:
        usage, most = profile.usage, peak(profile.layout)
        taken = (usage.heap, usage.stack_inferred, usage.stack_idle) if usage else (None, None, None)
        arena = profile.provenance.get("arena_bytes")
        held = ", ".join(f"{block.name} {block.bytes:,}" for block in most.blocks) if most else _NOTHING
        step = max(most.step, 0) if most else None
        table.add_row(
            profile.implementation,
            _count(arena if isinstance(arena, int) else None),
            *map(_count, taken),
            _count(most.bytes if most else None),
            _NOTHING if step is None else f"{step} {_type(profile.operators[step].work)}",
            escape(held),
        )
    return table


def _flash(group: Sequence[Profile]) -> Table:
    """Return the largest symbols; of two implementations how much more the second one takes, where most differs."""
    table = _table("symbol", left=True)
    sizes = [dict(profile.symbols) for profile in group]
    for profile in group:
        table.add_column(profile.implementation, justify="right", no_wrap=True)
    two = len(group) == 2  # noqa: PLR2004
    if two:
        table.add_column("difference", justify="right", no_wrap=True)

    def weight(name: str) -> int:
        found = [size.get(name, 0) for size in sizes]
        return abs(found[1] - found[0]) if two else max(found)

    names = sorted({name for size in sizes for name in size}, key=lambda name: (-weight(name), name))
    rest = names[_MOST_SYMBOLS:]
    shown = [(escape(name), [size.get(name, 0) for size in sizes]) for name in names[:_MOST_SYMBOLS]]
    if rest:
        shown.append((f"{len(rest)} others", [sum(size.get(name, 0) for name in rest) for size in sizes]))
    shown.append(("all that has a name", [sum(size.values()) for size in sizes]))
    for name, found in shown:
        table.add_row(name, *(f"{size:,}" for size in found), *([_difference(*found)] if two else []))
    return table


def _difference(first: int, second: int) -> str:
    return f"{second - first:+,}" if second != first else "0"


def _table(*titles: str, left: bool) -> Table:
    """Return a table whose first columns are text; ``left`` says whether long names are folded in the second."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in titles:
        number = title in ("#", "MACs")
        folded = title in ("operator", "gives", "function", "symbol")
        table.add_column(
            title,
            justify="right" if number else "left",
            no_wrap=not folded,
            overflow="fold",
            min_width=12 if folded and not left else None,
        )
    return table


def _short(unit: str) -> str:
    return "instr." if unit == Clock.INSTRUCTION_COUNT.unit else unit


def _places(places: Sequence[int]) -> str:
    """Return places as they are counted in the network: ``3``, ``3-5``, or ``3, 7``."""
    if len(places) > 1 and list(places) == list(range(places[0], places[-1] + 1)):
        return f"{places[0]}-{places[-1]}"
    return ", ".join(map(str, places))


def _type(work: Work) -> str:
    return work.type.replace("+", " + ")


def _shape(work: Work) -> str:
    return "x".join(map(str, work.output_shape))


def _count(number: int | None) -> str:
    return _NOTHING if number is None else f"{number:,}"


def _per_mac(ticks: int | None, work: Work) -> str:
    return f"{ticks / work.macs:.2f}" if ticks is not None and work.macs else _NOTHING


def _share(ticks: int | None, profile: Profile) -> str:
    return _NOTHING if ticks is None or not profile.inference else f"{100 * ticks / profile.inference:.1f} %"


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
