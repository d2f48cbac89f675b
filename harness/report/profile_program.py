"""The tables of profiles that tell of the program: its functions, its memory, its flash."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from harness.layout import peak
from harness.profile.result import Profile
from harness.report.formats import seconds
from harness.report.profile_cells import KINDS, NOTHING, add_figures, count, share, short, table_of, type_of

_MOST_FUNCTIONS = 12
_MOST_SYMBOLS = 20


def kinds(group: Sequence[Profile]) -> Table:
    """Return how the inference divides into kinds of code."""
    table = table_of("impl.")
    for words in (*KINDS.values(), "inference"):
        table.add_column(words, justify="right", overflow="fold")
    for profile in group:
        cells = []
        for kind in KINDS:
            ticks = sum(function.ticks for function in profile.functions if function.kind is kind)
            cells.append(f"{ticks:,}\n[dim]{share(ticks, profile)}[/]")
        total = f"{profile.inference:,}\n[dim]{seconds(profile.seconds(profile.inference))}[/]"
        table.add_row(profile.implementation, *cells, total)
    return table


def functions(profile: Profile) -> Table:
    """Return the functions that take most."""
    table = table_of("function", "part of")
    add_figures(table, short(profile.unit), "share")
    first, rest = profile.functions[:_MOST_FUNCTIONS], profile.functions[_MOST_FUNCTIONS:]
    for function in first:
        table.add_row(
            escape(function.name), KINDS[function.kind], count(function.ticks), share(function.ticks, profile)
        )
    if rest:
        ticks = sum(function.ticks for function in rest)
        table.add_row(f"{len(rest)} others", "", count(ticks), share(ticks, profile))
    return table


def memory(group: Sequence[Profile]) -> Table:
    """Return what is taken of the memory, and what holds most of it at once."""
    table = table_of("impl.")
    add_figures(table, "arena", "heap", "stack", "of it\nbefore start", "peak of\ntensors")
    table.add_column("at step", no_wrap=True)
    table.add_column("what holds it", overflow="fold")
    for profile in group:
        usage, most = profile.usage, peak(profile.layout)
        taken = (usage.heap, usage.stack_inferred, usage.stack_idle) if usage else (None, None, None)
        arena = profile.provenance.get("arena_bytes")
        held = ", ".join(f"{block.name} {block.bytes:,}" for block in most.blocks) if most else NOTHING
        step = max(most.step, 0) if most else None
        table.add_row(
            profile.implementation,
            count(arena if isinstance(arena, int) else None),
            *map(count, taken),
            count(most.bytes if most else None),
            NOTHING if step is None else f"{step} {type_of(profile.operators[step].work)}",
            escape(held),
        )
    return table


def flash(group: Sequence[Profile]) -> Table:
    """Return the largest symbols; of two implementations how much more the second one takes, where most differs."""
    table = table_of("symbol")
    sizes = [dict(profile.symbols) for profile in group]
    two = len(group) == 2  # noqa: PLR2004
    add_figures(table, *(profile.implementation for profile in group), *(["difference"] if two else []))

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
