"""How much samples tell that were taken one after the other and resemble their neighbours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.intp]

_LEAST = 10
_SIGNIFICANT = 1.645
"""Standard deviations that independent samples exceed in 5 of 100 cases."""
_MOST = 0.95


def effective_count(values: Floats) -> float:
    """Return how many independent samples would tell as much of the centre as these do, at most as many as they are.

    It is ``n (1 - r) / (1 + r)`` for an autoregression of first order, with the correlation ``r`` of the ranks of
    neighbours, corrected for its bias (Marriott and Pope 1954). A correlation that independent samples may have by
    chance, and one below 0, count as none.
    """
    count = len(values)
    if count < _LEAST or values.min() == values.max():
        return float(count)
    places, _ = ranks(values)
    places -= places.mean()
    r = float((places[1:] * places[:-1]).sum() / (places**2).sum())
    if r * math.sqrt(count) < _SIGNIFICANT:
        return float(count)
    r = min((count * r + 1) / (count - 3), _MOST)
    return count * (1 - r) / (1 + r)


def ranks(values: Floats) -> tuple[Floats, Counts]:
    """Return the rank of each value, from 1/2 and equal ones alike, and how many there are of each distinct value."""
    import numpy as np

    _, place, ties = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(ties) - ties / 2)[place], ties
