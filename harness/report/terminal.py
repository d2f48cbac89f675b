"""The table that a person reads in a terminal, with what has to be known to read it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement as RichMeasurement
from rich.table import Table

from harness import metrics
from harness.build_properties import OPTIMIZATIONS
from harness.report import details
from harness.report.formats import OVERSIZE, cell, seconds
from harness.types import Clock, Measurement, Status

_PIPE_WIDTH = 120
_ANY_WIDTH = 10_000
TITLES = {
    "flash": "flash",
    "ram": "unused RAM",
    "init": "start-up",
    "inference": "inference",
    "output": "output",
}
"""What the columns of the metrics are called."""
_SHORT = {"elements": "", "instructions": "instr."}
"""Units in the head of a column; the line above the table spells them out."""


def console() -> Console:
    """Return a console for tables: as wide as the terminal, and wide enough where there is none."""
    plain = Console()
    return plain if plain.is_terminal or "COLUMNS" in os.environ else Console(width=_PIPE_WIDTH)


def print_table(table: Table, console: Console) -> None:
    """Print a table with no figure cut: text is folded, and what is still too wide goes beyond the edge."""
    least = RichMeasurement.get(console, console.options.update(max_width=_ANY_WIDTH), table).minimum
    console.print(table, width=max(least, console.width), crop=False)


def show(measurements: Sequence[Measurement], console: Console) -> None:
    """Print one table a board, a row a case, and below them the notes: reasons, clocks, versions."""
    for board in dict.fromkeys(m.board for m in measurements):
        rows = [m for m in measurements if m.board == board]
        console.print(_title(rows), style="bold", highlight=False, markup=False)
        print_table(_table(rows), console)
    for title, table in details.tables(measurements):
        console.print(title, style="bold", highlight=False, markup=False)
        print_table(table, console)
    for note in notes(measurements):
        console.print(f"• {note}", highlight=False, markup=False)


def _table(measurements: Sequence[Measurement]) -> Table:
    names = [name for name in metrics.all_metrics() if any(m.metric == name for m in measurements)]
    cells = {(m.model, m.implementation, m.metric): m for m in measurements}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("model", overflow="fold", min_width=8)
    table.add_column("impl.", no_wrap=True)
    for name in names:
        unit = next((m.unit for m in measurements if m.metric == name and m.value is not None), "")
        unit = _SHORT.get(unit, unit)
        table.add_column("\n".join(filter(None, (TITLES.get(name, name), unit))), justify="right", no_wrap=True)
    for model, implementation in dict.fromkeys((m.model, m.implementation) for m in measurements):
        row = (cells.get((model, implementation, name)) for name in names)
        table.add_row(escape(model), implementation, *map(_styled, row))
    return table


def _title(measurements: Sequence[Measurement]) -> str:
    first = measurements[0]
    if not first.provenance.get("virtual"):
        return first.board
    clock = float(str(first.provenance["clock_hz"])) / 1e6
    unit = next((m.clock.unit for m in measurements if m.clock), None)
    times = f"; times are {unit}, beside them the time at {clock:g} MHz" if unit else ""
    return f"{first.board}: a virtual board{times}"


def _styled(measurement: Measurement | None) -> str:
    if measurement is None:
        return "not asked for"
    if measurement.status is not Status.OK:
        colour = "yellow" if measurement.status.is_answer else "red"
        shown = f"{measurement.value:,.0f}{OVERSIZE}" if measurement.oversize else cell(measurement)
        return f"[{colour}]{shown}[/]"
    if measurement.at_clock_s is not None:
        return f"{measurement.value:,.0f}\n[dim]{seconds(measurement.at_clock_s)}[/]"
    if measurement.unit == "B":
        return f"{measurement.value:,.0f}"
    return cell(measurement)


def notes(measurements: Sequence[Measurement]) -> list[str]:
    """Return what has to be known to read the table, each in one sentence."""
    return [
        *_reasons(measurements),
        *_oversize(measurements),
        *_clocks(measurements),
        *_versions(measurements),
        *_costs(measurements),
    ]


def _reasons(measurements: Sequence[Measurement]) -> list[str]:
    found = {
        f"{m.model} · {m.implementation} · {m.board}: {m.status.value}: {m.reason}": None
        for m in measurements
        if m.status is not Status.OK
    }
    return list(found)


def _oversize(measurements: Sequence[Measurement]) -> list[str]:
    if not any(m.oversize for m in measurements):
        return []
    return [
        f"a size with {OVERSIZE} is of a program that the board has no room for: it was linked to be measured, as "
        "for a board with more memory, and not to be run"
    ]


def _clocks(measurements: Sequence[Measurement]) -> list[str]:
    found = []
    counted = {m.board for m in measurements if m.clock is Clock.INSTRUCTION_COUNT}
    if counted:
        found.append(
            f"times on {' and '.join(sorted(counted))} are counts of executed instructions, and the time beside them "
            "is at one instruction a clock. A real board needs more cycles than instructions: on known programs "
            "these times were 0.25 to 0.76 of the hardware's, and did not always rank alike"
        )
    modelled = {m.board for m in measurements if m.clock is Clock.CYCLE_MODEL}
    if modelled:
        found.append(
            f"times on {' and '.join(sorted(modelled))} are cycles of the AVR, counted by the chip's own timer as "
            "simavr plays it, and the time beside them is at the board's clock"
        )
    return found


def _versions(measurements: Sequence[Measurement]) -> list[str]:
    found = [
        f"{m.implementation} is {m.provenance['runs_on']}{_not_for_shipping(m)}"
        for m in measurements
        if m.provenance.get("runs_on")
    ]
    found += [
        f"built with -{m.provenance['optimization']} in place of the optimization of the board's core"
        for m in measurements
        if m.provenance.get("optimization") in OPTIMIZATIONS
    ]
    return list(dict.fromkeys(found))


def _not_for_shipping(measurement: Measurement) -> str:
    reference = str(measurement.provenance.get("tflm_kernels", "")).startswith("reference")
    return ": not what one would ship, which is faster" if reference else ""


def _costs(measurements: Sequence[Measurement]) -> list[str]:
    """Say for each board what the profiling firmware has of the figures above."""
    notes = []
    for board in dict.fromkeys(m.board for m in measurements):
        done = [m for m in measurements if m.board == board and m.value is not None]
        flash = next((m.details["harness_bytes"] for m in done if m.metric == "flash"), None)
        ram = next((m.details["harness_static_bytes"] for m in done if m.metric == "ram"), None)
        said = [f"{size:,} B of {what}" for size, what in ((flash, "flash"), (ram, "RAM")) if size is not None]
        if said:
            notes.append(
                f"on {board} mcuprof's own firmware, with what it needs of core and C library, takes "
                f"{' and '.join(said)}; the figures above include it"
            )
    return notes
