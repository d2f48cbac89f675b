"""The profiles of a run on the page: tables, flame graphs, and pictures of the working memory. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.profile import flame, memory
from harness.profile.result import Profile
from harness.report import profile as words
from harness.report.profile_cells import Column, Table
from harness.store import Run
from harness.types import Status


@dataclass(frozen=True, kw_only=True)
class Head:
    """A cell of the head of a table."""

    title: str
    columns: int = 1
    rows: int = 1
    is_figure: bool = False


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A table as the page has it."""

    title: str
    table: Table
    heads: tuple[tuple[Head, ...], ...]
    """One row, or two where columns are grouped."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawing that stands in the page as it is."""

    title: str
    about: str
    """What is to be seen, for those who do not see it."""
    svg: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """The profiles of a model on a board."""

    model: str
    board: str
    tables: tuple[Shown, ...]
    flames: tuple[Picture, ...]
    memory: tuple[Picture, ...]
    notes: tuple[str, ...]


def of(run: Run, history: Sequence[Run]) -> tuple[Section, ...]:
    """Return the sections: of a run's own profiles, and of those in other runs that are of the very same programs."""
    found = words.printable([*run.profiles, *_of_same_builds(run, history)])
    return tuple(_section(model, board, found) for model, board in dict.fromkeys((p.model, p.board) for p in found))


def _of_same_builds(run: Run, history: Sequence[Run]) -> Iterator[Profile]:
    """Yield the latest profile in other runs of each case that ``run`` timed: of its build, by its clock."""
    latest = {
        (*p.key, p.clock, p.provenance.get("build")): p
        for other in history
        for p in other.profiles
        if p.status is Status.OK
    }
    own = {p.key for p in run.profiles}
    cases = dict.fromkeys((*m.key, m.clock, m.provenance.get("build")) for m in run.measurements)
    for key in cases:
        if key in latest and key[:3] not in own:
            yield latest[key]


def _section(model: str, board: str, profiles: Sequence[Profile]) -> Section:
    here = [p for p in profiles if (p.model, p.board) == (model, board)]
    done = [p for p in here if p.status is Status.OK]
    return Section(
        model=model,
        board=board,
        tables=tuple(_shown(table) for table in words.tables(done)) if done else (),
        flames=tuple(_flame(p) for p in done if p.stacks),
        memory=tuple(_memory(p) for p in done if p.layout),
        notes=tuple(words.notes(here)),
    )


def _flame(profile: Profile) -> Picture:
    return Picture(
        title=f"Flame graph of {profile.implementation}",
        about=f"Flame graph: {profile.inference:,} {profile.unit} by chain of calls, outermost call at the bottom",
        svg=flame.svg([profile]),
    )


def _memory(profile: Profile) -> Picture:
    return Picture(
        title=f"Working memory of {profile.implementation}",
        about="Tensors as rectangles: while which operators they are needed, and at which addresses they lie",
        svg=memory.svg([profile]),
    )


def _shown(table: Table) -> Shown:
    title = f"{table.title[:1].upper()}{table.title[1:]}"
    return Shown(title=f"{title}: {table.about}" if table.about else title, table=table, heads=_heads(table))


def _heads(table: Table) -> tuple[tuple[Head, ...], ...]:
    if not any(column.group for column in table.columns):
        return (tuple(_head(column) for column in table.columns),)
    above: list[Head] = []
    for group, columns in groupby(table.columns, key=lambda column: column.group):
        found = list(columns)
        above += [Head(title=group, columns=len(found))] if group else [_head(column, rows=2) for column in found]
    return tuple(above), tuple(_head(column) for column in table.columns if column.group)


def _head(column: Column, rows: int = 1) -> Head:
    return Head(title=column.title.replace("\n", " "), rows=rows, is_figure=column.is_figure)
