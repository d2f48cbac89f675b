"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED: random small networks of one operator."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.compiler.strategy import Kernels
from tests.compiler import host
from tests.compiler.networks import Network
from tests.compiler.test_mutated_files import run_sanitized

EXAMPLES = settings(max_examples=25)
ACTIVATIONS = st.sampled_from([0, 1, 2, 3])
ZERO_POINTS = st.integers(-128, 127)
SCALES = st.floats(0.002, 0.5)
KERNELS = st.sampled_from(Kernels)


def out_size(length, size, stride, dilation, padding):
    reach = (size - 1) * dilation + 1
    return math.ceil(length / stride) if padding == 0 else math.ceil((length - reach + 1) / stride)


@st.composite
def windows(draw):
    """Return (length, size, stride, dilation) for each of two dimensions, and the padding."""
    padding = draw(st.sampled_from([0, 1]))
    found = []
    for _ in range(2):
        size, stride, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
        least = (size - 1) * dilation + 1 if padding else 1
        found.append((draw(st.integers(least, least + 6)), size, stride, dilation))
    return found, padding


def weights_for(seed, shape, channels, per_channel):
    generator = np.random.default_rng(seed)
    weights = generator.integers(-127, 128, shape).astype(np.int8)
    bias = generator.integers(-4000, 4000, channels).astype(np.int32)
    scales = generator.uniform(0.001, 0.02, channels if per_channel else 1).astype(np.float32)
    return weights, bias, scales


@EXAMPLES
@given(
    windows(),
    st.integers(1, 5),
    st.integers(1, 6),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    ACTIVATIONS,
    ZERO_POINTS,
    ZERO_POINTS,
    SCALES,
    st.integers(1, 2),
    st.integers(0, 1 << 30),
    KERNELS,
)
def test_conv_2d(
    sizes, depth, share, groups, per_channel, biased, activation, zero_in, zero_out, scale, batch, seed, kernels
):
    channels = share * groups
    ((h, kh, sh, dh), (w, kw, sw, dw)), padding = sizes
    weights, bias, scales = weights_for(seed, (channels, kh, kw, depth), channels, per_channel)
    net = Network()
    x = net.tensor((batch, h, w, depth * groups), scale=0.05, zero_point=zero_in)
    filters = net.constant(weights, scale=scales)
    offsets = net.constant(bias, scale=scales * 0.05) if biased else -1
    shape = (batch, out_size(h, kh, sh, dh, padding), out_size(w, kw, sw, dw, padding), channels)
    y = net.tensor(shape, scale=scale, zero_point=zero_out)
    net.operator(
        "CONV_2D",
        [x, filters, offsets],
        [y],
        "Conv2DOptions",
        3,
        Padding=padding,
        StrideH=sh,
        StrideW=sw,
        DilationHFactor=dh,
        DilationWFactor=dw,
        FusedActivationFunction=activation,
    )
    host.check(net.finish([x], [y]), kernels=kernels)


@EXAMPLES
@given(
    windows(),
    st.integers(1, 5),
    st.integers(1, 4),
    st.booleans(),
    ACTIVATIONS,
    ZERO_POINTS,
    ZERO_POINTS,
    SCALES,
    st.integers(0, 1 << 30),
    KERNELS,
)
def test_depthwise_conv_2d(sizes, depth, fan_out, per_channel, activation, zero_in, zero_out, scale, seed, kernels):
    ((h, kh, sh, dh), (w, kw, sw, dw)), padding = sizes
    assume(dh == dw)
    channels = depth * fan_out
    weights, bias, scales = weights_for(seed, (1, kh, kw, channels), channels, per_channel)
    net = Network()
    x = net.tensor((1, h, w, depth), scale=0.05, zero_point=zero_in)
    filters = net.constant(weights, scale=scales, axis=3)
    offsets = net.constant(bias, scale=scales * 0.05)  # the interpreter crashes without one
    shape = (1, out_size(h, kh, sh, dh, padding), out_size(w, kw, sw, dw, padding), channels)
    y = net.tensor(shape, scale=scale, zero_point=zero_out)
    net.operator(
        "DEPTHWISE_CONV_2D",
        [x, filters, offsets],
        [y],
        "DepthwiseConv2DOptions",
        3,
        Padding=padding,
        StrideH=sh,
        StrideW=sw,
        DilationHFactor=dh,
        DilationWFactor=dw,
        FusedActivationFunction=activation,
        DepthMultiplier=fan_out,
    )
    host.check(net.finish([x], [y]), kernels=kernels)


@EXAMPLES
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.integers(1, 9),
    st.integers(1, 7),
    st.booleans(),
    st.booleans(),
    ACTIVATIONS,
    ZERO_POINTS,
    ZERO_POINTS,
    SCALES,
    st.integers(0, 1 << 30),
    KERNELS,
)
def test_fully_connected(
    lead, depth, units, per_channel, biased, activation, zero_in, zero_out, scale, seed, kernels
):
    weights, bias, scales = weights_for(seed, (units, depth), units, per_channel)
    net = Network()
    x = net.tensor((*lead, depth), scale=0.05, zero_point=zero_in)
    filters = net.constant(weights, scale=scales)
    offsets = net.constant(bias, scale=scales * 0.05) if biased else -1
    y = net.tensor((math.prod(lead), units), scale=scale, zero_point=zero_out)
    net.operator(
        "FULLY_CONNECTED", [x, filters, offsets], [y], "FullyConnectedOptions", 4, FusedActivationFunction=activation
    )
    host.check(net.finish([x], [y]), kernels=kernels)


def convolution_of_pixels(shape, weights, bias, scales, *, zero_points=(0, 0), after=0):
    """Return a network of one convolution of single pixels, with columns of padding before it at the right."""
    net, product = Network(), float(np.float32(scales[0])) * float(np.float32(scales[1]))
    x = padded = net.tensor(shape, scale=scales[0], zero_point=zero_points[0])
    shape = (*shape[:2], shape[2] + after, shape[3])
    if after:
        padded = net.tensor(shape, scale=scales[0], zero_point=zero_points[0])
        pads = net.constant(np.array([[0, 0], [0, 0], [0, after], [0, 0]], np.int32))
        net.operator("PAD", [x, pads], [padded], "PadOptions", 1)
    y = net.tensor((*shape[:3], len(weights)), scale=scales[2], zero_point=zero_points[1])
    constants = [net.constant(weights, scale=scales[1]), net.constant(bias.astype(np.int32), scale=product)]
    net.operator(
        "CONV_2D", [padded, *constants], [y], "Conv2DOptions", 3, Padding=1, StrideH=1, StrideW=1, DilationHFactor=1,
        DilationWFactor=1, FusedActivationFunction=0,
    )  # fmt: skip
    return net.finish([x], [y])


def test_columns_of_padding_are_not_counted_as_read():
    """Counted so, three channels for four of the input would be written over the next row before it is read."""
    weights = np.random.default_rng(1).integers(-127, 128, (3, 1, 1, 4)).astype(np.int8)
    host.check(convolution_of_pixels((1, 2, 2, 4), weights, np.zeros(3), (0.05, 0.01, 0.1), after=2))


@pytest.mark.parametrize("kernels", Kernels)
@pytest.mark.parametrize("exponent", [17, 24, 29])
@pytest.mark.parametrize("zero_point", [-128, 0, 127])
def test_sums_that_leave_an_int32_when_they_are_shifted(exponent, zero_point, kernels):
    weights, scales = np.full((1, 1, 1, 40), 127, np.int8), (1.0, 1.9 * 2.0**exponent, 1.0)
    content = convolution_of_pixels((1, 2, 2, 40), weights, np.zeros(1), scales, zero_points=(0, zero_point))
    host.check(content, seeds=5, kernels=kernels)


@pytest.mark.parametrize("kernels", Kernels)
@pytest.mark.parametrize("zero_point", [-128, 100])
def test_a_zero_point_that_carries_a_rescaled_sum_beyond_an_int32(zero_point, kernels, tmp_path):
    """The scales make a multiplier of nearly 2^31 · 2^6, the bias a sum that is nearly 2^25."""
    bias, scales = np.array([(1 << 25) - 101]), (0.9066351056098938, 0.9563778042793274, 0.013548213988542557)
    content = convolution_of_pixels(
        (1, 4, 16, 1), np.ones((1, 1, 1, 1), np.int8), bias, scales, zero_points=(0, zero_point)
    )
    inputs = [np.arange(64, 128, dtype=np.int8).reshape(1, 4, 16, 1)]
    expected = np.array(host.interpreted(content, inputs).get_output(0))
    assert {-128, 127} <= set(expected.ravel().tolist())
    assert run_sanitized(host.compile_network(content, kernels=kernels), inputs, tmp_path) == expected.tobytes()
