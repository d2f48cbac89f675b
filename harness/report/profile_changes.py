"""The differences between two profiles as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console

from harness.profile.changes import Change, Pair
from harness.report.profile import drawn, printable
from harness.report.profile_cells import Table, figures, long, short
from harness.report.terminal import print_table

_MOST = 20


def show(pairs: Sequence[Pair], console: Console) -> None:
    """Print the tables of each case."""
    for pair in pairs:
        base, new = printable([pair.base, pair.new])
        found = list(tables(Pair(base=base, new=new)))
        for table in found:
            console.print(f"{new}: {table.title}", style="bold", highlight=False, markup=False)
            print_table(drawn(table), console)
        apart = []
        if base.clock is not new.clock:
            apart.append(f"times by {base.clock.value} and by {new.clock.value} are not compared")
        if base.network != new.network:
            apart.append("the networks are not the same, so operators are not compared")
        for said in apart or ([] if found else ["nothing is different"]):
            console.print(f"{new}: {said}", highlight=False, markup=False)


def tables(pair: Pair) -> Iterator[Table]:
    """Yield the tables of what is different."""
    unit = pair.new.unit
    for title, what, changes in (
        (f"{unit} by operator", "operator", pair.operators()),
        (f"{unit} by function, without what it calls", "function", pair.functions()),
        ("flash by symbol, in bytes", "symbol", pair.symbols()),
    ):
        if changes:
            yield _table(title, what, changes, "" if what == "symbol" else short(unit))


def _table(title: str, what: str, changes: Sequence[Change], unit: str) -> Table:
    shown, rest = list(changes[:_MOST]), changes[_MOST:]
    if rest:
        others = Change(name=f"{len(rest)} others", base=sum(c.base for c in rest), new=sum(c.new for c in rest))
        shown.append(others)
    whole = Change(name="all that differ", base=sum(c.base for c in changes), new=sum(c.new for c in changes))
    return Table(
        title=f"{title}, what is different",
        columns=(*long(what), *figures(f"base {unit}".strip(), f"new {unit}".strip(), "difference")),
        rows=tuple(_row(change) for change in shown),
        totals=(_row(whole),),
    )


def _row(change: Change) -> tuple[str, ...]:
    difference = f"{change.difference:+,}" if change.difference else "0"
    return change.name, f"{change.base:,}", f"{change.new:,}", difference
