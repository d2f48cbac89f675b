"""The quick ways of making an int8 of a sum give what TFLite's two roundings give, wherever they are chosen."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.compiler import gemmlowp
from harness.compiler.microkernels.requantize import GENERAL_SHIFT, Channel, How, requantization

ZERO_POINTS = st.integers(-128, 127)


@st.composite
def channels(draw):
    ends = sorted(draw(st.tuples(*[st.integers(-(1 << 24), 1 << 24)] * 2)))
    return Channel(
        least=ends[0],
        most=ends[1],
        multiplier=draw(st.integers(1 << 30, (1 << 31) - 1)),
        shift=draw(st.integers(-31, 30)),
    )


def sums_of(channel, zero_point):
    """Return sums over the whole range, and all those where the output steps from one value to the next."""
    spread = np.linspace(channel.least, channel.most, 300).astype(np.int64)
    steps = (np.arange(-130, 131) - zero_point - 0.5) * 2.0 ** (31 - channel.shift) / channel.multiplier
    near = steps[np.abs(steps) < 1 << 30].astype(np.int64)[:, None] + np.arange(-2, 3)
    found = np.concatenate([spread, near.ravel()])
    return found[(found >= channel.least) & (found <= channel.most)]


def as_the_kernel(sums, found, place):
    """Return what ``requantize.h`` computes, with the wrapping of its instructions."""
    multiplier, addend, shift = (int(a[place]) for a in (found.multipliers, found.addends, found.shifts))
    if shift >= GENERAL_SHIFT - 31:
        value = gemmlowp.wrap(gemmlowp.rescale(sums, multiplier, shift - GENERAL_SHIFT) + addend)
    else:
        value = gemmlowp.wrap(((2 * sums * multiplier + (1 << 31)) >> 32) + addend)
        value = gemmlowp.wrap(value + (sums >> 63 if found.how is not How.FAST else 0)) >> shift
    return np.clip(np.clip(value, -128, 127), found.low, found.high)


@settings(max_examples=300, deadline=None)
@given(st.lists(channels(), min_size=1, max_size=3), ZERO_POINTS, st.booleans(), ZERO_POINTS)
def test_the_chosen_way_is_exact(several, zero_point, rectified, high):
    low = zero_point if rectified else -128
    found = requantization(several, zero_point, (low, max(low, high)))
    for place, channel in enumerate(several):
        sums = sums_of(channel, zero_point)
        rescaled = gemmlowp.rescale(sums, channel.multiplier, channel.shift)
        expected = np.clip(gemmlowp.wrap(rescaled + zero_point), low, max(low, high))
        assert np.array_equal(as_the_kernel(sums, found, place), expected)


def test_the_quick_way_is_taken_where_it_can_be():
    channel = Channel(least=-20000, most=30000, multiplier=3 << 29, shift=-7)
    assert requantization([channel], -128, (-128, 127)).how is How.FAST
    assert requantization([channel], 3, (-128, 127)).how is How.SIGNED
    wide = Channel(least=-20, most=30, multiplier=3 << 29, shift=1)
    assert requantization([channel, wide], -128, (-128, 127)).how is How.GENERAL


def test_a_channel_that_is_always_the_same_needs_no_other_way():
    dead = Channel(least=100, most=200, multiplier=3 << 29, shift=-29)
    channel = Channel(least=-20000, most=30000, multiplier=3 << 29, shift=-7)
    assert requantization([dead, channel], -128, (-128, 127)).how is How.FAST


def test_a_channel_whose_sums_wrap_is_not_taken_for_one_that_is_always_the_same():
    """Both ends, shifted to the left, are below -128, the most of them because it wraps; some between are not."""
    channel = Channel(least=-600_000, most=300_000, multiplier=3 << 29, shift=13)
    ends = gemmlowp.rescale(np.array([channel.least, channel.most]), channel.multiplier, channel.shift)
    assert len(np.unique(np.clip(ends, -128, 127))) == 1
    assert requantization([channel], 0, (-128, 127)).how is How.GENERAL


def test_sums_whose_double_is_beyond_an_int32_have_no_kernel():
    assert requantization([Channel(least=0, most=1 << 30, multiplier=1 << 30, shift=-9)], 0, (-128, 127)) is None
