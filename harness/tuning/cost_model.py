"""A guess at what a schedule costs, from the few that were measured: each decision adds its part to the logarithm.

A few dozen trials are too few for boosted trees, which MetaSchedule uses by default; what they do show is which tile
and which plan is good by and large. The parts are those with the least squares, held small (ridge regression).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

Decisions = tuple[Hashable, ...]
"""What tells one schedule of a group from the others: its plan, then the factors that were sampled."""

_RIDGE = 0.5
_FAILED = 2.0
"""A schedule that failed counts as so many times the worst that did not."""


class CostModel:
    """The guesses for one group."""

    def __init__(self) -> None:
        self._seen: list[tuple[Decisions, float | None]] = []
        self._parts: dict[Hashable, float] | None = None

    def learn(self, decisions: Decisions, cost: float | None) -> None:
        """Take note of what a schedule costs, None where it failed."""
        self._seen.append((decisions, cost))
        self._parts = None

    def score(self, decisions: Decisions) -> float:
        """Return how many times as good as the mean a schedule may be; above 0, and 1 where nothing is known."""
        if self._parts is None:
            self._parts = self._fit()
        return math.exp(-sum(self._parts.get(part, 0.0) for part in enumerate(decisions)))

    def _fit(self) -> dict[Hashable, float]:
        import numpy as np

        costs = self._costs()
        if not costs:
            return {}
        names = list(dict.fromkeys(part for decisions, _ in self._seen for part in enumerate(decisions)))
        place = {name: index for index, name in enumerate(names)}
        has = np.zeros((len(costs), len(names)))
        for row, (decisions, _) in enumerate(self._seen):
            has[row, [place[part] for part in enumerate(decisions)]] = 1.0
        target = np.array(costs) - sum(costs) / len(costs)
        weights = np.linalg.solve(has.T @ has + _RIDGE * np.eye(len(names)), has.T @ target)
        # Rounded, so that the order of equal schedules does not hang on the last bit of a machine's arithmetic.
        return {name: round(float(weight), 9) for name, weight in zip(names, weights, strict=True)}

    def _costs(self) -> Sequence[float]:
        """Return the logarithms of all costs."""
        known = [cost for _, cost in self._seen if cost is not None]
        if not known:
            return []
        worst = _FAILED * max(known)
        return [math.log(max(worst if cost is None else cost, 1e-12)) for _, cost in self._seen]
