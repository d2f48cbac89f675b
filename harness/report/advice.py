"""Which implementation to ship: for each model and board the fastest, the smallest, and the best by a weight. Pure.

Only cases count whose output is right, that fit the board, and that neither hung nor crashed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness import summaries
from harness.report import grid
from harness.report.grid import Row
from harness.types import Measurement, Status

_ALIKE = 0.01
"""Figures of which the larger is at most this much above the smaller are as good as equal."""
_LEAST = 1e-9
"""Stands for a figure of 0 where its logarithm is needed."""

_OUT = (Status.DOES_NOT_FIT, Status.UNSUPPORTED, Status.WRONG_OUTPUT)
"""Statuses of any measurement that say that the program is nothing to ship."""
_STOPPED = (Status.HUNG, Status.CRASHED)
"""Statuses that say the same where the program just ran; a search for unused RAM drives it to where it fails."""


@dataclass(frozen=True, kw_only=True)
class Pick:
    """The best case by one figure."""

    implementation: str
    measurement: Measurement
    alike: tuple[str, ...] = ()
    """Other implementations that are as good: within one per cent, or with overlapping intervals."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The weights of speed, from ``low`` to ``high``, with which one implementation is the best."""

    low: float
    high: float
    implementation: str


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A case that does not count, and why."""

    implementation: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What can be said of one model on one board."""

    model: str
    board: str
    counted: tuple[str, ...]
    """The implementations that count."""
    fastest: Pick | None
    smallest: Pick | None
    roomiest: Pick | None
    """The one that leaves most RAM."""
    stretches: tuple[Stretch, ...]
    """The best by weight, from all on size (0) to all on speed (1); empty where figures are missing."""
    left_out: tuple[LeftOut, ...]

    @property
    def _picks(self) -> list[Pick]:
        return [pick for pick in (self.fastest, self.smallest, self.roomiest) if pick is not None]

    @property
    def best_of_all(self) -> str | None:
        """The implementation that is the best of several by every figure there is, where one is."""
        names = {pick.implementation for pick in self._picks}
        return names.pop() if len(names) == 1 and len(self.counted) > 1 else None

    @property
    def unbeaten(self) -> str | None:
        """The only implementation that is the best, or as good as the best, by every figure there is."""
        names = set(self.counted) if len(self.counted) > 1 and self._picks else set()
        for pick in self._picks:
            names &= {pick.implementation, *pick.alike}
        return names.pop() if len(names) == 1 else None

    @property
    def best_depends(self) -> bool:
        """Whether there are several to weigh."""
        return bool(self.stretches) and len(self.counted) > 1

    def best_at(self, weight: float) -> str | None:
        """Return the best with ``weight`` on speed, from 0 to 1."""
        return next((s.implementation for s in self.stretches if weight <= s.high), None)


def choices(measurements: Sequence[Measurement]) -> list[Choice]:
    """Return a choice for each model and board, in the order of a study."""
    rows = grid.study(measurements).rows
    cases = itertools.groupby(rows, key=lambda row: (row.model, row.board))
    return [_choice(model, board, list(found)) for (model, board), found in cases]


def why_not(row: Row) -> str | None:
    """Return why a case does not count; None where it does: its output is right, and it fits."""
    cells = [cell for cell in row.cells if cell is not None]
    for cell in cells:
        if cell.status in _OUT or (cell.status in _STOPPED and cell.metric != "ram"):
            return f"{cell.status.value}: {cell.reason}"
    output = row.get("output")
    if output is not None and output.status is not Status.OK:
        return f"{output.status.value}: {output.reason}"
    if _is_right(row):
        return None
    if any(cell.is_of_own_sketch for cell in cells):
        return "it is a sketch of your own, whose output mcuprof does not check"
    return next(
        (f"{cell.status.value}: {cell.reason}" for cell in cells if cell.reason), "its output was not checked"
    )


def _is_right(row: Row) -> bool:
    output = row.get("output")
    if output is not None:
        return output.value == 0
    if any(cell.is_of_own_sketch for cell in row.cells if cell is not None):
        return False
    # How right it is stands there; and it is timed only once its first output is right.
    found = (row.get("accuracy"), row.get("inference"))
    return any(cell is not None and cell.status is Status.OK for cell in found)


def _choice(model: str, board: str, rows: Sequence[Row]) -> Choice:
    reasons = {row.implementation: why_not(row) for row in rows}
    counted = [row for row in rows if reasons[row.implementation] is None]
    return Choice(
        model=model,
        board=board,
        counted=tuple(row.implementation for row in counted),
        fastest=_pick(counted, "inference"),
        smallest=_pick(counted, "flash"),
        roomiest=_pick(counted, "ram", best=max),
        stretches=_stretches(counted),
        left_out=tuple(LeftOut(implementation=name, why=why) for name, why in reasons.items() if why is not None),
    )


def _figure(row: Row, metric: str) -> float | None:
    found = row.get(metric)
    return found.value if found is not None and found.status is Status.OK else None


def _pick(rows: Sequence[Row], metric: str, best: Callable[[Sequence[float]], float] = min) -> Pick | None:
    measured = [found for row in rows if (found := row.get(metric)) is not None and _figure(row, metric) is not None]
    if not measured:
        return None
    value = best([found.value or 0 for found in measured])
    first = next(found for found in measured if (found.value or 0) == value)
    alike = tuple(found.implementation for found in measured if found is not first and _alike(first, found))
    return Pick(implementation=first.implementation, measurement=first, alike=alike)


def _alike(one: Measurement, other: Measurement) -> bool:
    small, large = sorted((one.value or 0, other.value or 0))
    if large - small <= _ALIKE * small:
        return True
    first, second = (getattr(summaries.of(m), "median_interval", None) for m in (one, other))
    return bool(first and second and first.low <= second.high and second.low <= first.high)


def _stretches(rows: Sequence[Row]) -> tuple[Stretch, ...]:
    """Return which case has the least cost at each weight w of speed, and from where to where.

    The cost of a case is ``w · ln(time / best time) + (1 - w) · size``, where ``size`` is the mean of
    ``ln(flash / least flash)`` and ``ln(most unused RAM / unused RAM)``: factors count, not differences, so that
    a case which is twice as fast and twice as large as another costs the same at w = ½. Costs are lines in w, so
    the best case changes only where two of them meet.
    """
    costs = _costs(rows)
    if not costs:
        return ()
    meetings = {0.0, 1.0}
    for (slow, big), (other_slow, other_big) in itertools.combinations(costs.values(), 2):
        turn = (slow - big) - (other_slow - other_big)
        if turn and 0 < (meeting := (other_big - big) / turn) < 1:
            meetings.add(meeting)
    found: list[Stretch] = []
    for low, high in itertools.pairwise(sorted(meetings)):
        middle = (low + high) / 2
        name = min(costs, key=lambda name: (middle * costs[name][0] + (1 - middle) * costs[name][1], costs[name]))
        if found and found[-1].implementation == name:
            low = found.pop().low  # noqa: PLW2901 (the stretch goes on)
        found.append(Stretch(low=low, high=high, implementation=name))
    return tuple(found)


def _costs(rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """Return the costs of time and of size of each case that was timed; empty where no size is known of them all."""
    timed = [row for row in rows if _figure(row, "inference") is not None]
    sizes = [name for name in ("flash", "ram") if timed and all(_figure(row, name) is not None for row in timed)]
    if not sizes:
        return {}

    def over_best(metric: str) -> list[float]:
        logs = [math.log(max(_figure(row, metric) or 0, _LEAST)) for row in timed]
        return [max(logs) - log for log in logs] if metric == "ram" else [log - min(logs) for log in logs]

    times = over_best("inference")
    size = [sum(parts) / len(sizes) for parts in zip(*map(over_best, sizes), strict=True)]
    return {row.implementation: pair for row, pair in zip(timed, zip(times, size, strict=True), strict=True)}
