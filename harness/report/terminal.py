"""The table that a person reads in a terminal, with what has to be known to read it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness import metrics
from harness.report import details
from harness.report.formats import cell, seconds
from harness.types import Clock, Measurement, Status

_PIPE_WIDTH = 120
_TITLES = {
    "flash": "flash",
    "ram": "unused RAM",
    "init": "start-up",
    "inference": "inference",
    "output": "output",
}


def console() -> Console:
    """Return a console for tables: as wide as the terminal, and wide enough where there is none."""
    plain = Console()
    return plain if plain.is_terminal or "COLUMNS" in os.environ else Console(width=_PIPE_WIDTH)


def show(measurements: Sequence[Measurement], console: Console) -> None:
    """Print one table a board, a row a case, and below them the notes: reasons, clocks, versions."""
    for board in dict.fromkeys(m.board for m in measurements):
        rows = [m for m in measurements if m.board == board]
        console.print(_title(rows), style="bold", highlight=False, markup=False)
        console.print(_table(rows))
    for title, table in details.tables(measurements):
        console.print(title, style="bold", highlight=False, markup=False)
        console.print(table)
    for note in notes(measurements):
        console.print(f"• {note}", highlight=False, markup=False)


def _table(measurements: Sequence[Measurement]) -> Table:
    names = [name for name in metrics.all_metrics() if any(m.metric == name for m in measurements)]
    cells = {(m.model, m.implementation, m.metric): m for m in measurements}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("model")
    table.add_column("impl.")
    for name in names:
        unit = next((m.unit for m in measurements if m.metric == name and m.clock and m.value is not None), "")
        table.add_column("\n".join(filter(None, (_TITLES.get(name, name), unit))), justify="right")
    for model, implementation in dict.fromkeys((m.model, m.implementation) for m in measurements):
        row = (cells.get((model, implementation, name)) for name in names)
        table.add_row(escape(model), implementation, *map(_styled, row))
    return table


def _title(measurements: Sequence[Measurement]) -> str:
    first = measurements[0]
    if not first.provenance.get("virtual"):
        return first.board
    clock = float(str(first.provenance["clock_hz"])) / 1e6
    timed = any(m.clock for m in measurements)
    times = f"; times are instructions, beside them the time at {clock:g} MHz" if timed else ""
    return f"{first.board}: a virtual board{times}"


def _styled(measurement: Measurement | None) -> str:
    if measurement is None:
        return "not asked for"
    if measurement.status is not Status.OK:
        colour = "yellow" if measurement.status.is_answer else "red"
        return f"[{colour}]{cell(measurement)}[/]"
    if measurement.at_clock_s is not None:
        return f"{measurement.value:,.0f}\n[dim]{seconds(measurement.at_clock_s)}[/]"
    return cell(measurement)


def notes(measurements: Sequence[Measurement]) -> list[str]:
    """Return what has to be known to read the table, each in one sentence."""
    return [*_reasons(measurements), *_clocks(measurements), *_versions(measurements), *_costs(measurements)]


def _reasons(measurements: Sequence[Measurement]) -> list[str]:
    found = {
        f"{m.model} · {m.implementation} · {m.board}: {m.status.value}: {m.reason}": None
        for m in measurements
        if m.status is not Status.OK
    }
    return list(found)


def _clocks(measurements: Sequence[Measurement]) -> list[str]:
    counted = {m.board for m in measurements if m.clock is Clock.INSTRUCTION_COUNT}
    if not counted:
        return []
    return [
        f"times on {' and '.join(sorted(counted))} are counts of executed instructions, and the time beside them "
        "is at one instruction a clock. A real board needs more cycles than instructions: on known programs these "
        "times were 0.25 to 0.76 of the hardware's, and did not always rank alike"
    ]


def _versions(measurements: Sequence[Measurement]) -> list[str]:
    return list(
        dict.fromkeys(
            f"{m.implementation} is {m.provenance['runs_on']}" for m in measurements if m.provenance.get("runs_on")
        )
    )


def _costs(measurements: Sequence[Measurement]) -> list[str]:
    flash = next((m for m in measurements if m.metric == "flash" and m.status is Status.OK), None)
    ram = next((m for m in measurements if m.metric == "ram" and m.status is Status.OK), None)
    said = []
    if flash is not None:
        said.append(f"{flash.details['harness_bytes']:,} B of flash")
    if ram is not None:
        said.append(f"{ram.details['harness_static_bytes']:,} B of RAM")
    return (
        [f"mcuprof's own firmware takes {' and '.join(said)} (the sketch without a network says so)"] if said else []
    )
