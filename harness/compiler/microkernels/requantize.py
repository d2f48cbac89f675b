"""Which requantization of ``kernels/requantize.h`` is exact for a layer, and its numbers by channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from harness.compiler import gemmlowp

Integers = npt.NDArray[np.int64]

_DOUBLED = 1 << 30
"""Sums whose double an int32 can hold are below this."""
_INT32 = 1 << 31
_LARGEST_SHIFT = 30
GENERAL_SHIFT = 128
"""What is added to the shift to the left of a channel that needs the general way."""


class How(Enum):
    """A way of making an int8 of a sum; from the quickest to the one that takes every channel in the way it needs."""

    FAST = "fast"
    SIGNED = "signed"
    GENERAL = "general"


@dataclass(frozen=True, kw_only=True)
class Requantization:
    """What a kernel does with the sums of a layer."""

    how: How
    multipliers: Integers
    addends: Integers
    shifts: Integers
    low: int
    high: int


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Sums of a channel, and how they are rescaled: by multiplier · 2^(shift - 31)."""

    least: int
    most: int
    multiplier: int
    shift: int


def requantization(channels: Sequence[Channel], zero_point: int, limits: tuple[int, int]) -> Requantization | None:
    """Return the quickest way that is exact for every sum that a channel can have; None where there is none."""
    if any(max(abs(c.least), abs(c.most)) >= _DOUBLED for c in channels):
        return None
    for how in How:
        found = [numbers(c, zero_point, limits, how) for c in channels]
        exact = [n for n in found if n is not None]
        if len(exact) == len(channels):
            multipliers, addends, shifts = np.array(exact, np.int64).reshape(-1, 3).T
            return Requantization(
                how=how, multipliers=multipliers, addends=addends, shifts=shifts, low=limits[0], high=limits[1]
            )
    return None


def numbers(channel: Channel, zero_point: int, limits: tuple[int, int], how: How) -> tuple[int, int, int] | None:
    """Return multiplier, addend and shift with which ``how`` is exact for a channel; None where it is not."""
    ends = np.array([channel.least, channel.most], np.int64)
    outputs = np.clip(gemmlowp.rescale(ends, channel.multiplier, channel.shift) + zero_point, *limits)
    wraps = max(abs(channel.least), abs(channel.most)) << max(channel.shift, 0) >= _INT32
    if outputs[0] == outputs[1] and not wraps:  # the output grows with the sum, so it is the same for all of them
        constant = int(outputs[0])
        return 0, 2 * constant + 1, 1
    if how is How.GENERAL:
        exact = numbers(channel, zero_point, limits, How.SIGNED)
        return exact or (channel.multiplier, zero_point, GENERAL_SHIFT + channel.shift)
    exponent = -channel.shift
    if not 0 <= exponent <= _LARGEST_SHIFT or not _rounds_right(how, exponent, zero_point, limits):
        return None
    addend = (1 << exponent >> 1) + (zero_point << exponent)
    high_parts = gemmlowp.rescale(ends, channel.multiplier, 0)
    values = [addend, int(high_parts[0]) + addend - 1, int(high_parts[1]) + addend]
    fits = min(values) >= -_INT32 and max(values) < _INT32
    return (channel.multiplier, addend, exponent) if fits else None


def _rounds_right(how: How, exponent: int, zero_point: int, limits: tuple[int, int]) -> bool:
    """Whether halves are rounded as TFLite does: away from zero.

    Without a shift there are no halves. The fast way rounds them up, which differs for negative ones only; those
    come to the zero point or below, and do not matter where the output is held to that. The signed way takes 1 from
    what is negative, which is right from a shift by one bit on.
    """
    if how is How.SIGNED:
        return exponent >= 1
    return exponent == 0 or limits[0] >= zero_point
