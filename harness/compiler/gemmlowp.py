"""gemmlowp's fixed-point functions on whole arrays, for tables that are made when a network is compiled.

Every function takes and gives int64 arrays of values that fit an int32, and rounds and wraps as gemmlowp's
``fixedpoint/fixedpoint.h`` does; the polynomials' constants are from there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

_ONE = (1 << 31) - 1
# exp(-2^k) in Q0.31 for k = -2 … 4
_EXPONENTIALS = {-2: 1672461947, -1: 1302514674, 0: 790015084, 1: 290630308, 2: 39332535, 3: 720401, 4: 242}


def wrap(value: Integers) -> Integers:
    """Return the int32 that is left of ``value`` where its high bits are lost."""
    return value.astype(np.int32).astype(np.int64)


def high_multiply(a: Integers, b: Integers | int) -> Integers:
    """Return round(a · b / 2^31), halves up, held to an int32: SaturatingRoundingDoublingHighMul."""
    return np.minimum((a * np.asarray(b, np.int64) + (1 << 30)) >> 31, _ONE)


def shift_right(value: Integers, exponent: int) -> Integers:
    """Return round(value / 2^exponent), halves away from zero: RoundingDivideByPOT."""
    mask = (1 << exponent) - 1
    return (value >> exponent) + ((value & mask) > (mask >> 1) + (value < 0))


def rescale(value: Integers, multiplier: int, shift: int) -> Integers:
    """Return value · multiplier · 2^(shift - 31) in two roundings: TFLite's MultiplyByQuantizedMultiplier."""
    return shift_right(high_multiply(wrap(value << max(shift, 0)), multiplier), max(-shift, 0))


def exp_on_negative_values(value: Integers, integer_bits: int) -> Integers:
    """Return exp(value) in Q0.31, for values ≤ 0 with ``integer_bits`` bits before the binary point."""
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    within = (value & (quarter - 1)) - quarter
    result = _exp_between_minus_quarter_and_0(wrap(within << integer_bits))
    remainder = within - value
    for exponent, multiplier in _EXPONENTIALS.items():
        if integer_bits > exponent:
            bit = 1 << (fraction_bits + exponent)
            result = np.where(remainder & bit, high_multiply(result, multiplier), result)
    if integer_bits > 5:  # noqa: PLR2004 (then the bits reach below exp(-32))
        result = np.where(value < -(1 << (36 - integer_bits)), 0, result)
    return np.where(value == 0, _ONE, result)


def _exp_between_minus_quarter_and_0(value: Integers) -> Integers:
    """Return exp(value) in Q0.31 for Q0.31 in [-1/4, 0): Taylor's series around -1/8."""
    constant = 1895147668  # exp(-1/8)
    third = 715827883
    x = value + (1 << 28)
    x2 = high_multiply(x, x)
    x3, x4 = high_multiply(x2, x), high_multiply(x2, x2)
    tail = shift_right(high_multiply(shift_right(x4, 2) + x3, third) + x2, 1)
    return constant + high_multiply(x + tail, constant)

