"""The table that a person reads in a terminal, with what has to be known to read it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement as RichMeasurement
from rich.table import Table

from harness.report import details, grid
from harness.report.formats import bare_cell, margin, seconds
from harness.report.notes import notes, speed_ups
from harness.types import Clock, Measurement, Status

_PIPE_WIDTH = 120
_ANY_WIDTH = 10_000
_WHOLE_FACTOR = 1000
"""From here on a factor is shown as a whole number."""
_SHORT = {"elements": "", "share": "", "instructions": "instr."}
"""Units in the head of a column; the line above the table spells them out."""


def console() -> Console:
    """Return a console for tables: as wide as the terminal, and wide enough where there is none."""
    plain = Console()
    return plain if plain.is_terminal or "COLUMNS" in os.environ else Console(width=_PIPE_WIDTH)


def print_table(table: Table, console: Console) -> None:
    """Print a table with no figure cut: text is folded, and what is still too wide goes beyond the edge."""
    least = RichMeasurement.get(console, console.options.update(max_width=_ANY_WIDTH), table).minimum
    console.print(table, width=max(least, console.width), crop=False)


def show(measurements: Sequence[Measurement], console: Console, more: Sequence[str] = ()) -> None:
    """Print one table a board, a row a case, and below them the notes: reasons, clocks, versions, and ``more``."""
    for found in grid.by_board(measurements).values():
        console.print(grid.heading(found), style="bold", highlight=False, markup=False)
        print_table(_table(found), console)
    for title, table in details.tables(measurements):
        console.print(title, style="bold", highlight=False, markup=False)
        print_table(table, console)
    for note in (*speed_ups(measurements), *notes(measurements), *more):
        console.print(f"• {note}", highlight=False, markup=False)


def _table(measurements: Sequence[Measurement]) -> Table:
    """Return the table of one board, with units in the heads of the columns."""
    content = grid.of(measurements)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("model", overflow="fold", min_width=8)
    table.add_column("impl.", no_wrap=True)
    for name, title in zip(content.metrics, content.titles, strict=True):
        unit = next((m.unit for m in measurements if m.metric == name and m.value is not None), "")
        lines = filter(None, (title, _SHORT.get(unit, unit)))
        table.add_column(escape("\n".join(lines)), justify="right", no_wrap=True)
    for row in content.rows:
        factors = (grid.times_faster(content, row, name) for name in content.metrics)
        cells = (_styled(cell, factor) for cell, factor in zip(row.cells, factors, strict=True))
        table.add_row(escape(row.model), escape(row.implementation), *cells)
    return table


def _styled(measurement: Measurement | None, factor: float | None) -> str:
    """Return a cell; ``factor`` is how many times as fast as TFLM it is, where that is known."""
    faster = "" if factor is None else f", {factor:,.0f}x" if factor >= _WHOLE_FACTOR else f", {factor:.3g}x"
    shown = escape(bare_cell(measurement))
    if measurement is None:
        return shown
    if measurement.status is not Status.OK:
        colour = "yellow" if measurement.status.is_answer else "red"
        return f"[{colour}]{shown}[/]"
    if measurement.clock is None or measurement.value is None:
        return shown
    if measurement.clock is Clock.HARDWARE:
        return f"{seconds(measurement.value)}\n[dim]{margin(measurement)}{faster}[/]"
    at_clock = "" if measurement.at_clock_s is None else seconds(measurement.at_clock_s)
    return f"{measurement.value:,.0f}\n[dim]{f'{at_clock}{faster}'.removeprefix(', ')}[/]"
