"""The table that a person reads in a terminal, with what has to be known to read it."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from harness import metrics
from harness.report.formats import cell
from harness.types import Clock, Measurement, Status

_TITLES = {
    "flash": "flash",
    "ram": "unused RAM",
    "init": "start-up",
    "inference": "inference",
    "output": "output",
}


def show(measurements: Sequence[Measurement], console: Console) -> None:
    """Print one table, a row a case, and below it the notes: reasons, clocks, versions."""
    names = [name for name in metrics.all_metrics() if any(m.metric == name for m in measurements)]
    cells = {(m.model, m.board, m.implementation, m.metric): m for m in measurements}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("model", "board", "implementation"):
        table.add_column(title, no_wrap=True)
    for name in names:
        table.add_column(_TITLES.get(name, name), justify="right", overflow="fold")
    for model, board, implementation in dict.fromkeys((m.model, m.board, m.implementation) for m in measurements):
        row = [cells.get((model, board, implementation, name)) for name in names]
        virtual = any(m.provenance.get("virtual") for m in row if m is not None)
        table.add_row(model, board + (" (virtual)" if virtual else ""), implementation, *map(_styled, row))
    console.print(table)
    for note in notes(measurements):
        console.print(f"• {note}", highlight=False, markup=False)


def _styled(measurement: Measurement | None) -> str:
    text = cell(measurement)
    if measurement is None or measurement.status is Status.OK:
        return text
    return f"[yellow]{text}[/]" if measurement.status.is_answer else f"[red]{text}[/]"


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
        f"times on {' and '.join(sorted(counted))} are counts of executed instructions, in parentheses at one "
        "instruction a clock; a real board needs more cycles than instructions (on known programs its times were "
        "1.3 to 4 times these, and did not always rank alike)"
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
        said.append(f"{flash.details['harness_bytes']:,} B of the flash")
    if ram is not None:
        said.append(f"{ram.details['harness_static_bytes']:,} B of the RAM in use")
    return (
        [f"mcuprof's own firmware takes {' and '.join(said)} (the sketch without a network says so)"] if said else []
    )
