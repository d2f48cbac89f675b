"""Throwing dice."""

from __future__ import annotations

import numpy as np


def chance(share: float, rng: np.random.Generator) -> bool:
    """Return True in ``share`` of all calls, 0 to 1."""
    return bool(rng.random() < share)
