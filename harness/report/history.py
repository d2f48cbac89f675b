"""What a case came to in earlier runs, and what was changed between them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.store import Run
from harness.types import Measurement

MOST_RUNS = 50
"""Older runs than these are left out."""
_WATCHED = {
    "model_sha256": "model file",
    "runs_on": "implementation",
    "tuning": "tuning",
    "compiler": "compiler",
    "core": "core",
    "optimization": "optimization",
    "board_digest": "board file",
}
"""What of the provenance makes another figure no surprise."""
_NOT_SHOWN = ("output",)


@dataclass(frozen=True, kw_only=True)
class Point:
    """What one run found of a case."""

    run: str
    started: str
    measurements: dict[str, Measurement]
    """By metric."""
    changed: tuple[str, ...]
    """What was not as in the run before."""


@dataclass(frozen=True, kw_only=True)
class CaseHistory:
    """A case over the runs, oldest first; the last one is the run that is reported."""

    model: str
    implementation: str
    board: str
    points: tuple[Point, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of which any run has a figure."""
        names = dict.fromkeys(name for point in self.points for name in point.measurements)
        return tuple(name for name in names if any(self.value(p, name) is not None for p in self.points))

    @staticmethod
    def value(point: Point, metric: str) -> float | None:
        """Return the figure of a run, where it has one."""
        found = point.measurements.get(metric)
        return found.value if found is not None else None


def of(run: Run, others: Sequence[Run]) -> list[CaseHistory]:
    """Return the history of each case of ``run`` that an earlier run has measured by the same clock."""
    earlier = [other for other in others if other.started <= run.started][-MOST_RUNS:]
    by_case = [_by_case(one) for one in (*earlier, run)]
    found = []
    for case, present in by_case[-1].items():
        clocks = {name: m.clock for name, m in present.items() if m.clock is not None}
        points: list[Point] = []
        before: Measurement | None = None
        for one, cases in zip((*earlier, run), by_case, strict=True):
            alike = {
                name: m
                for name, m in cases.get(case, {}).items()
                if name in present and (m.clock is None or clocks.get(name, m.clock) is m.clock)
            }
            if not alike:
                continue
            now = next(iter(alike.values()))
            points.append(Point(run=one.id, started=one.started, measurements=alike, changed=_changed(before, now)))
            before = now
        model, implementation, board = case
        history = CaseHistory(model=model, implementation=implementation, board=board, points=tuple(points))
        if len(points) > 1 and history.metrics:
            found.append(history)
    return found


def _by_case(run: Run) -> dict[tuple[str, str, str], dict[str, Measurement]]:
    found: dict[tuple[str, str, str], dict[str, Measurement]] = {}
    for m in run.measurements:
        if m.metric not in _NOT_SHOWN:
            found.setdefault(m.key, {})[m.metric] = m
    return found


def _changed(before: Measurement | None, now: Measurement) -> tuple[str, ...]:
    if before is None:
        return ()
    return tuple(said for key, said in _WATCHED.items() if before.provenance.get(key) != now.provenance.get(key))
