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


def wrap(value: Integers, *, bits: int = 32) -> Integers:
    """Return the int of 32 or 16 ``bits`` that is left of ``value`` where its high bits are lost."""
    return value.astype(f"int{bits}").astype(np.int64)


def high_multiply(a: Integers, b: Integers | int, *, bits: int = 32) -> Integers:
    """Return round(a · b / 2^(bits - 1)), halves up, held to ``bits``: SaturatingRoundingDoublingHighMul."""
    product: Integers = a * np.asarray(b, np.int64) + (1 << (bits - 2))
    found: Integers = np.minimum(product >> (bits - 1), (1 << (bits - 1)) - 1)
    return found


def truncated_multiply(a: Integers, b: Integers) -> Integers:
    """Return a · b / 2^15 rounded to zero, for int16 of which not both are -2^15: SaturatingDoublingHighMul."""
    product: Integers = np.asarray(a * b, np.int64)
    return np.where(product < 0, -(-product >> 15), product >> 15)


def shift_right(value: Integers, exponent: int, *, bits: int = 32) -> Integers:
    """Return round(value / 2^exponent), halves away from zero: RoundingDivideByPOT for ints of ``bits``.

    The exponent is at most 31. From ``bits`` on the mask of the bits that go is -1, and what is not negative gives 1.
    """
    mask = (1 << exponent) - 1 if exponent < bits else -1
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


def logistic(value: Integers, integer_bits: int) -> Integers:
    """Return 1 / (1 + exp(-value)) in Q0.31, for values with ``integer_bits`` bits before the binary point."""
    inverse = _inverse_of_half_sum(exp_on_negative_values(-np.abs(value), integer_bits))
    positive = _saturate(inverse << 1)
    return np.where(value == 0, 1 << 30, np.where(value > 0, positive, _ONE - positive))


def tanh(value: Integers, integer_bits: int) -> Integers:
    """Return the hyperbolic tangent in Q0.31, for values with ``integer_bits`` bits before the binary point."""
    inverse = _inverse_of_half_sum(exp_on_negative_values(-np.abs(value), integer_bits + 1))
    return np.where(value == 0, 0, np.sign(value) * _saturate((inverse - (1 << 29)) << 2))


def _inverse_of_half_sum(value: Integers) -> Integers:
    """Return 2 / (1 + value) in Q2.29 for Q0.31 in [0, 1): three of Newton's and Raphson's steps."""
    half = (value + _ONE + 1) >> 1
    x = 1515870810 + high_multiply(half, -1010580540)  # 48/17 - 32/17 · half
    for _ in range(3):
        rest = (1 << 29) - high_multiply(half, x)
        x = x + _saturate(high_multiply(x, rest) << 2)
    return x


def _saturate(value: Integers) -> Integers:
    return np.clip(value, -_ONE - 1, _ONE)
