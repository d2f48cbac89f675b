"""The table of all cases, row by row, as the page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness import summaries
from harness.report.formats import bare_cell, figure, interval, seconds
from harness.report.grid import Row
from harness.types import Clock, Measurement, Status


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of the table, over one column or over several that say the same."""

    titles: tuple[str, ...]
    kind: str
    """``figure``, ``oversize`` (a size that is too large), ``answer`` (no figure), ``failure`` or ``absent``."""
    shown: str
    below: str = ""
    """In smaller letters: the time at the board's clock, an interval, a reason."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the table."""

    model: str
    implementation: str
    board: str
    cells: tuple[Cell, ...]


def line(row: Row, titles: Sequence[str]) -> Line:
    """Return the row, with neighbouring cells that say the same for the same reason made one."""
    cells: list[Cell] = []
    for title, measurement in zip(titles, row.cells, strict=True):
        cell = _cell(title, measurement)
        if cells and cell.kind != "figure" and (cells[-1].shown, cells[-1].below) == (cell.shown, cell.below):
            cells[-1] = replace(cell, titles=(*cells[-1].titles, title))
        else:
            cells.append(cell)
    reasons = [cell.below for cell in cells if cell.kind != "figure"]
    said_again = {reason for reason in reasons if reasons.count(reason) > 1}
    cells = [replace(c, below="") if c.kind == "oversize" and c.below in said_again else c for c in cells]
    return Line(model=row.model, implementation=row.implementation, board=row.board, cells=tuple(cells))


def _cell(title: str, measurement: Measurement | None) -> Cell:
    if measurement is None:
        return Cell(titles=(title,), kind="absent", shown=bare_cell(None))
    if measurement.oversize:
        return Cell(titles=(title,), kind="oversize", shown=bare_cell(measurement), below=measurement.reason)
    if measurement.status is not Status.OK:
        kind = "answer" if measurement.status.is_answer else "failure"
        return Cell(titles=(title,), kind=kind, shown=measurement.status.value, below=measurement.reason)
    if measurement.clock is None:
        return Cell(titles=(title,), kind="figure", shown=bare_cell(measurement))
    shown = figure(measurement.value or 0, measurement)
    return Cell(titles=(title,), kind="figure", shown=shown, below=_beside(measurement))


def _beside(measurement: Measurement) -> str:
    if measurement.clock is not Clock.HARDWARE:
        if measurement.at_clock_s is None:
            return ""
        megahertz = measurement.provenance.get("clock_hz")
        at = f" at {megahertz / 1e6:g} MHz" if isinstance(megahertz, int | float) else ""
        return f"{seconds(measurement.at_clock_s)}{at}"
    summary = summaries.of(measurement)
    if summary is None or summary.median_interval is None:
        return ""
    return interval(summary.median_interval, measurement)
