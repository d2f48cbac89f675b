"""gemmlowp's fixed-point functions: against real arithmetic, and where they end."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.compiler import gemmlowp

_LARGEST = (1 << 31) - 1
# What Taylor's series of the exponential leaves out after the fourth power, at 1/8, and some roundings.
_EXP_ERROR = (1 / 8) ** 5 / 120 + 2.0**-27
INTEGERS = st.integers(-_LARGEST - 1, _LARGEST)
SHORTS = st.integers(-(1 << 15), (1 << 15) - 1)


def one(value):
    return np.array([value], np.int64)


def half_away_from_zero(value):
    return math.copysign(math.floor(abs(value) + Fraction(1, 2)), value)


def spread(integer_bits):
    """Return values over the whole range of int32, dense around 0, and the reals that they stand for."""
    dense = np.arange(-4096, 4097)
    value = np.unique(np.concatenate([dense, np.linspace(-_LARGEST, _LARGEST, 30001).astype(np.int64)]))
    return value, value / 2.0 ** (31 - integer_bits)


@given(INTEGERS, INTEGERS)
def test_high_multiply(a, b):
    exact = math.floor(Fraction(a * b, 1 << 31) + Fraction(1, 2))
    assert gemmlowp.high_multiply(one(a), b)[0] == min(exact, _LARGEST)


@given(SHORTS, SHORTS)
def test_high_multiply_of_16_bits(a, b):
    exact = math.floor(Fraction(a * b, 1 << 15) + Fraction(1, 2))
    assert gemmlowp.high_multiply(one(a), b, bits=16)[0] == min(exact, 32767)


@given(SHORTS, SHORTS.filter(lambda b: b > -(1 << 15)))
def test_truncated_multiply(a, b):
    assert gemmlowp.truncated_multiply(one(a), one(b))[0] == math.trunc(Fraction(a * b, 1 << 15))


@given(INTEGERS, st.integers(0, 31))
def test_shift_right(value, exponent):
    assert gemmlowp.shift_right(one(value), exponent)[0] == half_away_from_zero(Fraction(value, 1 << exponent))


@given(SHORTS, st.integers(0, 15))
def test_shift_right_of_16_bits(value, exponent):
    found = gemmlowp.shift_right(one(value), exponent, bits=16)[0]
    assert found == half_away_from_zero(Fraction(value, 1 << exponent))


def test_shift_right_further_than_16_bits_keeps_only_the_sign():
    value = np.array([-32768, -1, 0, 32767])
    assert gemmlowp.shift_right(value, 16, bits=16).tolist() == [-1, -1, 1, 1]


@given(st.integers(-(1 << 40), 1 << 40))
def test_wrap(value):
    assert (gemmlowp.wrap(one(value))[0] - value) % (1 << 32) == 0
    assert (gemmlowp.wrap(one(value), bits=16)[0] - value) % (1 << 16) == 0


@pytest.mark.parametrize("integer_bits", [3, 4, 5, 6])
def test_exp(integer_bits):
    value, real = spread(integer_bits)
    value, real = value[value <= 0], real[value <= 0]
    found = gemmlowp.exp_on_negative_values(value, integer_bits)
    assert np.abs(found / 2.0**31 - np.exp(real)).max() < _EXP_ERROR
    assert found[-1] == _LARGEST
    assert found.min() >= 0


@pytest.mark.parametrize("integer_bits", [3, 4, 5])
def test_logistic(integer_bits):
    value, real = spread(integer_bits)
    found = gemmlowp.logistic(value, integer_bits)
    assert np.abs(found / 2.0**31 - 1 / (1 + np.exp(-real))).max() < _EXP_ERROR
    assert found[value == 0] == 1 << 30
    nonzero = value != 0
    assert (found + found[::-1] == _LARGEST)[nonzero].all()
    assert found.min() >= 0
    assert found.max() <= _LARGEST


@pytest.mark.parametrize("integer_bits", [3, 4])
def test_tanh(integer_bits):
    value, real = spread(integer_bits)
    found = gemmlowp.tanh(value, integer_bits)
    assert np.abs(found / 2.0**31 - np.tanh(real)).max() < 2 * _EXP_ERROR
    assert (found == -found[::-1]).all()
    assert found[value == 0] == 0
    assert np.abs(found).max() <= _LARGEST


@pytest.mark.parametrize("function", [gemmlowp.logistic, gemmlowp.tanh])
def test_sigmoids_rise_at_int8_resolution(function):
    value = np.arange(-255, 256) << 20
    found = gemmlowp.shift_right(function(value, 4), 23)
    assert (np.diff(found) >= 0).all()
