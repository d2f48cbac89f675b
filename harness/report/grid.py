"""What every table of a run shares: its columns and their titles, its rows, and the heading of a board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.types import Measurement

TITLES = {
    "flash": "flash",
    "ram": "unused RAM",
    "init": "start-up",
    "inference": "inference",
    "output": "output",
    "accuracy": "accuracy",
}
"""What the columns of the metrics are called."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A case and what was measured of it."""

    model: str
    implementation: str
    board: str
    cells: tuple[Measurement | None, ...]
    """One a column; None where it was not measured."""

    def get(self, metric: str) -> Measurement | None:
        """Return the measurement of ``metric``, where there is one."""
        return next((cell for cell in self.cells if cell is not None and cell.metric == metric), None)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Cases and their measurements, in the order in which they were asked for."""

    metrics: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def titles(self) -> tuple[str, ...]:
        """What the columns of the metrics are called."""
        return tuple(TITLES.get(name, name) for name in self.metrics)

    @property
    def in_bytes(self) -> frozenset[str]:
        """The metrics whose figures are all bytes, so that the unit can stand in the head of their column."""
        cells = [cell for row in self.rows for cell in row.cells if cell is not None and cell.value is not None]
        units = {name: {cell.unit for cell in cells if cell.metric == name} for name in self.metrics}
        return frozenset(name for name, found in units.items() if found == {"B"})

    @property
    def titles_with_unit(self) -> tuple[str, ...]:
        """The titles, with the unit of those columns whose figures are all bytes."""
        return tuple(
            f"{title} (B)" if name in self.in_bytes else title
            for name, title in zip(self.metrics, self.titles, strict=True)
        )


def of(measurements: Sequence[Measurement]) -> Grid:
    """Return the grid of a run, or of a part of it: a row a case, a column a metric."""
    from harness import metrics

    known = [*metrics.all_metrics(), *sorted({m.metric for m in measurements} - set(metrics.all_metrics()))]
    names = tuple(name for name in known if any(m.metric == name for m in measurements))
    cells = {(*m.key, m.metric): m for m in measurements}
    cases = dict.fromkeys(m.key for m in measurements)
    return Grid(
        metrics=names,
        rows=tuple(
            Row(
                model=model,
                implementation=implementation,
                board=board,
                cells=tuple(cells.get((model, implementation, board, name)) for name in names),
            )
            for model, implementation, board in cases
        ),
    )


def study(measurements: Sequence[Measurement]) -> Grid:
    """Return the grid with the rows in the order of a study: by model, then by board, then by implementation."""
    rank: dict[str, int] = {}
    for measurement in measurements:
        rank.setdefault(measurement.model, len(rank))
    return of(sorted(measurements, key=lambda m: rank[m.model]))


def by_board(measurements: Sequence[Measurement]) -> dict[str, list[Measurement]]:
    """Return the measurements of each board, in the order of the run."""
    found: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        found.setdefault(measurement.board, []).append(measurement)
    return found


REFERENCE = "tflm"
"""The implementation that times are compared with."""


def times_faster(content: Grid, row: Row, metric: str) -> float | None:
    """Return how many times as fast as TFLM a case is, by one of its times; None where that is not known."""
    same = (r for r in content.rows if (r.model, r.board, r.implementation) == (row.model, row.board, REFERENCE))
    ours, theirs = row.get(metric), next((r.get(metric) for r in same), None)
    if row.implementation == REFERENCE or ours is None or theirs is None or ours.clock is None:
        return None
    return theirs.value / ours.value if ours.clock is theirs.clock and ours.value and theirs.value else None


def heading(measurements: Sequence[Measurement]) -> str:
    """Return what stands above the measurements of one board: its name, and what its times are if it is virtual."""
    about = about_board(measurements)
    return f"{measurements[0].board}: {about}" if about else measurements[0].board


def about_board(measurements: Sequence[Measurement]) -> str:
    """Return what the times of a virtual board are; nothing for a real one."""
    first = measurements[0]
    if not first.provenance.get("virtual"):
        return ""
    clock = first.provenance.get("clock_hz")
    at = f" at {clock / 1e6:g} MHz" if isinstance(clock, int | float) else ""
    unit = next((m.clock.unit for m in measurements if m.clock), None)
    times = f"; times are {unit}, beside them the time{at}" if unit else ""
    return f"a virtual board{times}"
