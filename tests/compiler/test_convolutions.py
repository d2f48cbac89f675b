"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED: random small networks of one operator."""

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.compiler.strategy import Kernels
from tests.compiler import host
from tests.compiler.networks import Network

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
