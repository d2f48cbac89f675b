"""Simulated times whose truth is known, to hold statistics to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]
"""From a generator and a count to times, in the order in which they were taken."""

BASE = 100.0
"""What all times are around; their noise is of the order of 1."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A distribution of times, with its true mean and median."""

    draw: Draw
    mean: float
    median: float


def two_modes(upper: float, apart: float) -> Draw:
    """Return normal times, of which a share ``upper`` takes longer by ``apart`` standard deviations."""
    return lambda g, n: BASE + np.where(g.random(n) < upper, apart, 0.0) + g.normal(size=n)


def log_normal(sigma: float) -> Draw:
    """Return times with a tail to the right, whose logarithm above the base has this standard deviation."""
    return lambda g, n: BASE + g.lognormal(0, sigma, n)


def correlated(r: float) -> Draw:
    """Return normal times each of which resembles the one before: an autoregression of first order."""

    def draw(g: np.random.Generator, n: int) -> Floats:
        found = g.normal(size=n)
        for index in range(1, n):
            found[index] = r * found[index - 1] + math.sqrt(1 - r * r) * found[index]
        return BASE + found

    return draw


def steps(draw: Draw, step: float) -> Draw:
    """Return the same times by a clock with steps."""
    return lambda g, n: np.round(draw(g, n) / step) * step


def drift(by: float) -> Draw:
    """Return normal times that grow by so many standard deviations from first to last."""
    return lambda g, n: BASE + np.linspace(0, by, n) + g.normal(size=n)


def normal(g: np.random.Generator, n: int) -> Floats:
    """Return normal times."""
    return BASE + g.normal(size=n)


SHAPES = {
    "normal": Shape(draw=normal, mean=BASE, median=BASE),
    "log-normal, sd of log 0.5": Shape(draw=log_normal(0.5), mean=BASE + math.exp(0.125), median=BASE + 1),
    "log-normal, sd of log 1": Shape(draw=log_normal(1), mean=BASE + math.exp(0.5), median=BASE + 1),
    "exponential": Shape(draw=lambda g, n: BASE + g.exponential(1, n), mean=BASE + 1, median=BASE + math.log(2)),
    "two modes, half and half": Shape(draw=two_modes(0.5, 10), mean=BASE + 5, median=BASE + 5),
    # The median of the mixture is the 0.625 quantile of its lower part: 0.8 · 0.625 is a half.
    "two modes, 80 and 20 %": Shape(draw=two_modes(0.2, 10), mean=BASE + 2, median=BASE + 0.318639364),
}
"""Intervals have to cover the mean and the median of these."""

UNCHANGED = {
    **{name: shape.draw for name, shape in SHAPES.items()},
    "steps of 2 sd": steps(normal, 2),
    "steps of half a sd": steps(normal, 0.5),
    "two values": lambda g, n: BASE + g.integers(0, 2, n),
    "correlated, r = 0.3": correlated(0.3),
    "correlated, r = 0.5": correlated(0.5),
    "correlated, r = 0.7": correlated(0.7),
}
"""A change between two sets of one of these would be a false alarm."""

DOUBTFUL = {
    "normal": normal,
    "log-normal, sd of log 0.5": log_normal(0.5),
    "log-normal, sd of log 1": log_normal(1),
    "uniform": lambda g, n: BASE + 3 * g.random(n),
    "steps of half a sd": steps(normal, 0.5),
    "two modes, half and half, 5 sd apart": two_modes(0.5, 5),
    "two modes, half and half, 10 sd apart": two_modes(0.5, 10),
    "two modes, 80 and 20 %, 10 sd apart": two_modes(0.2, 10),
    "drift of 2 sd": drift(2),
    "correlated, r = 0.7": correlated(0.7),
}
"""What warnings come for, and for which of them they should not."""
