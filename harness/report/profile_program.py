"""The tables of profiles that tell of the program: its functions, its memory, its flash. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.layout import peak
from harness.profile.result import Profile
from harness.report.formats import seconds
from harness.report.profile_cells import (
    KINDS,
    NOTHING,
    Column,
    Table,
    count,
    figures,
    long,
    share,
    short,
    text,
    type_of,
)

_MOST_FUNCTIONS = 12
_MOST_SYMBOLS = 20


def kinds(group: Sequence[Profile]) -> Table:
    """Return how the inference divides into kinds of code."""
    heads = tuple(Column(title=words, is_figure=True, is_long=True) for words in (*KINDS.values(), "inference"))
    lines = []
    for profile in group:
        cells = [profile.implementation]
        for kind in KINDS:
            ticks = sum(function.ticks for function in profile.functions if function.kind is kind)
            cells.append(f"{ticks:,}\n{share(ticks, profile)}")
        cells.append(f"{profile.inference:,}\n{seconds(profile.seconds(profile.inference))}")
        lines.append(tuple(cells))
    return Table(title=f"what the {group[0].unit} go into", columns=(*text("impl."), *heads), rows=tuple(lines))


def functions(profile: Profile) -> Table:
    """Return the functions that take most."""
    first, rest = profile.functions[:_MOST_FUNCTIONS], profile.functions[_MOST_FUNCTIONS:]
    lines = [
        (function.name, KINDS[function.kind], count(function.ticks), share(function.ticks, profile))
        for function in first
    ]
    if rest:
        ticks = sum(function.ticks for function in rest)
        lines.append((f"{len(rest)} others", "", count(ticks), share(ticks, profile)))
    return Table(
        title=f"{profile.unit} by function, without what it calls",
        columns=(*long("function"), *text("part of"), *figures(short(profile.unit), "share")),
        rows=tuple(lines),
        about=profile.implementation,
        is_detail=True,
    )


def memory(group: Sequence[Profile]) -> Table:
    """Return what is taken of the memory, and what holds most of it at once."""
    lines = []
    for profile in group:
        usage, most = profile.usage, peak(profile.layout)
        taken = (usage.heap, usage.stack_inferred, usage.stack_idle) if usage else (None, None, None)
        arena = profile.provenance.get("arena_bytes")
        held = ", ".join(f"{block.name} {block.bytes:,}" for block in most.blocks) if most else NOTHING
        step = max(most.step, 0) if most else None
        cells = (
            profile.implementation,
            count(arena if isinstance(arena, int) else None),
            *map(count, taken),
            count(most.bytes if most else None),
            NOTHING if step is None else f"{step} {type_of(profile.operators[step].work)}",
            held,
        )
        lines.append(cells)
    heads = figures("arena", "heap", "stack", "of it\nbefore start", "peak of\ntensors")
    columns = (*text("impl."), *heads, *text("at step"), Column(title="what holds it", is_long=True))
    return Table(title="memory, in bytes", columns=columns, rows=tuple(lines))


def flash(group: Sequence[Profile]) -> Table:
    """Return the largest symbols; of two implementations how much more the second one takes, where most differs."""
    sizes = [dict(profile.symbols) for profile in group]
    two = len(group) == 2  # noqa: PLR2004

    def weight(name: str) -> int:
        found = [size.get(name, 0) for size in sizes]
        return abs(found[1] - found[0]) if two else max(found)

    names = sorted({name for size in sizes for name in size}, key=lambda name: (-weight(name), name))
    rest = names[_MOST_SYMBOLS:]
    shown = [(name, [size.get(name, 0) for size in sizes]) for name in names[:_MOST_SYMBOLS]]
    if rest:
        shown.append((f"{len(rest)} others", [sum(size.get(name, 0) for name in rest) for size in sizes]))
    shown.append(("all that has a name", [sum(size.values()) for size in sizes]))
    lines = [
        (name, *(f"{size:,}" for size in found), *([_difference(*found)] if two else [])) for name, found in shown
    ]
    heads = figures(*(profile.implementation for profile in group), *(["difference"] if two else []))
    return Table(
        title="flash by symbol, in bytes", columns=(*long("symbol"), *heads), rows=tuple(lines), is_detail=True
    )


def _difference(first: int, second: int) -> str:
    return f"{second - first:+,}" if second != first else "0"
