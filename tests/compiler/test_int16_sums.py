"""CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED and TRANSPOSE_CONV of int16: sums of 32 and of 64 bits."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.compiler.strategy import Kernels
from harness.errors import UnsupportedError
from tests.compiler import host
from tests.compiler.networks import Network
from tests.compiler.test_convolutions import out_size, windows

EXAMPLES = settings(max_examples=25)
ACTIVATIONS = st.sampled_from([0, 1, 2, 3])
KERNELS = st.sampled_from(Kernels)
BIASES = st.sampled_from([None, "int64", "int64", "int32"])
SCALES = st.floats(1e-5, 0.01)
SEEDS = st.integers(0, 1 << 30)
INPUT = 1 / 4096
INT32 = 2
"""int32 among the schema's tensor types."""


class Layer:
    """Random weights, scales and biases of a layer, put into a network."""

    def __init__(self, net, seed, shape, channels, *, axis=0, per_channel=True, bias="int64", largest=40_000):
        generator = np.random.default_rng(seed)
        scales = generator.uniform(0.001, 0.02, channels if per_channel else 1).astype(np.float32)
        self.weights = net.constant(generator.integers(-127, 128, shape).astype(np.int8), scale=scales, axis=axis)
        self.bias = -1
        if bias is not None:
            found = generator.integers(-largest, largest, channels).astype(bias)
            self.bias = net.constant(found, scale=scales * np.float32(INPUT))


@EXAMPLES
@given(
    windows(), st.integers(1, 5), st.integers(1, 6), st.integers(1, 3), st.booleans(), BIASES, ACTIVATIONS, SCALES,
    st.integers(1, 2), SEEDS, KERNELS,
)  # fmt: skip
def test_conv_2d(sizes, depth, share, groups, per_channel, bias, activation, scale, batch, seed, kernels):
    channels = share * groups
    ((h, kh, sh, dh), (w, kw, sw, dw)), padding = sizes
    net = Network()
    x = net.tensor((batch, h, w, depth * groups), "int16", scale=INPUT)
    layer = Layer(net, seed, (channels, kh, kw, depth), channels, per_channel=per_channel, bias=bias)
    shape = (batch, out_size(h, kh, sh, dh, padding), out_size(w, kw, sw, dw, padding), channels)
    y = net.tensor(shape, "int16", scale=scale)
    net.operator(
        "CONV_2D", [x, layer.weights, layer.bias], [y], "Conv2DOptions", 4, Padding=padding, StrideH=sh, StrideW=sw,
        DilationHFactor=dh, DilationWFactor=dw, FusedActivationFunction=activation,
    )  # fmt: skip
    host.check(net.finish([x], [y]), kernels=kernels)


@EXAMPLES
@given(windows(), st.integers(1, 5), st.integers(1, 4), st.booleans(), ACTIVATIONS, SCALES, SEEDS, KERNELS)
def test_depthwise_conv_2d(sizes, depth, fan_out, per_channel, activation, scale, seed, kernels):
    ((h, kh, sh, dh), (w, kw, sw, dw)), padding = sizes
    assume(dh == dw)
    channels = depth * fan_out
    net = Network()
    x = net.tensor((1, h, w, depth), "int16", scale=INPUT)
    layer = Layer(net, seed, (1, kh, kw, channels), channels, axis=3, per_channel=per_channel)
    shape = (1, out_size(h, kh, sh, dh, padding), out_size(w, kw, sw, dw, padding), channels)
    y = net.tensor(shape, "int16", scale=scale)
    net.operator(
        "DEPTHWISE_CONV_2D", [x, layer.weights, layer.bias], [y], "DepthwiseConv2DOptions", 4, Padding=padding,
        StrideH=sh, StrideW=sw, DilationHFactor=dh, DilationWFactor=dw, FusedActivationFunction=activation,
        DepthMultiplier=fan_out,
    )  # fmt: skip
    host.check(net.finish([x], [y]), kernels=kernels)


def dense(seed, lead, depth, units, *, scale=0.001, activation=0, quantized_bias=0, **more):
    """Return a network of one dense layer."""
    net = Network()
    x = net.tensor((*lead, depth), "int16", scale=INPUT)
    layer = Layer(net, seed, (units, depth), units, **more)
    y = net.tensor((math.prod(lead), units), "int16", scale=scale)
    net.operator(
        "FULLY_CONNECTED", [x, layer.weights, layer.bias], [y], "FullyConnectedOptions", 4,
        FusedActivationFunction=activation, QuantizedBiasType=quantized_bias,
    )  # fmt: skip
    return net.finish([x], [y])


@EXAMPLES
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(1, 9), st.integers(1, 7), st.booleans(), BIASES,
    ACTIVATIONS, SCALES, SEEDS, KERNELS,
)  # fmt: skip
def test_fully_connected(lead, depth, units, per_channel, bias, activation, scale, seed, kernels):
    content = dense(seed, lead, depth, units, scale=scale, activation=activation, per_channel=per_channel, bias=bias)
    host.check(content, kernels=kernels)


@EXAMPLES
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4)), st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)), st.integers(1, 3), st.integers(1, 4), st.booleans(),
    st.sampled_from([None, "int64", "int16"]), SCALES, SEEDS, st.booleans(),
)  # fmt: skip
def test_transpose_conv(size, window, strides, depth, channels, per_channel, bias, scale, seed, fuse):
    net = Network()
    out = tuple((n - 1) * s + k for n, s, k in zip(size, strides, window, strict=True))
    x = net.tensor((1, *size, depth), "int16", scale=INPUT)
    layer = Layer(net, seed, (channels, *window, depth), channels, per_channel=per_channel, bias=bias, largest=30_000)
    shape = net.constant(np.array([1, *out, channels], np.int32))
    y = net.tensor((1, *out, channels), "int16", scale=scale)
    inputs = [shape, layer.weights, x, *([layer.bias] if bias else [])]
    net.operator(
        "TRANSPOSE_CONV", inputs, [y], "TransposeConvOptions", 3, Padding=1, StrideH=strides[0], StrideW=strides[1]
    )
    host.check(net.finish([x], [y]), fuse=fuse)


def sum_types(program):
    """Return the types of the variables that products are added up in."""
    return {word for word in ("int32_t", "int64_t") for f in program.functions if f"  {word} total" in f.body}


def test_sums_that_an_int32_holds_are_made_in_one():
    assert sum_types(host.check(dense(1, (2,), 40, 3), kernels=Kernels.LOOPS)) == {"int32_t"}


@pytest.mark.parametrize("bias", [None, "int64"])
def test_sums_beyond_an_int32_are_made_in_an_int64(bias):
    program = host.check(dense(1, (2,), 4000, 3, scale=0.1, bias=bias))
    assert sum_types(program) == {"int64_t"}


def test_a_bias_that_carries_a_sum_beyond_an_int32():
    program = host.check(dense(1, (2,), 40, 3, scale=1.0, largest=1 << 40))
    assert sum_types(program) == {"int32_t"}
    assert any(constant.dtype == "int64" for constant in program.constants)


@pytest.mark.parametrize(
    ("changes", "kernel"),
    [
        ({}, {"kernel_wide_pointwise"}),
        ({"depth": 41}, {"kernel_wide_convolution"}),
        ({"depth": 4000}, set()),
        ({"largest": 1 << 40}, set()),
        ({"bias": "int32"}, set()),
        ({"scale": 1.0}, set()),
    ],
)
def test_sums_with_a_kernel(changes, kernel):
    """None where an int32 does not hold the sums or multipliers, or TFLM rescales in another way."""
    program = host.check(dense(1, (3,), **{"depth": 40, "units": 3, "scale": 0.1} | changes))
    assert {name for name in program.helpers if name.startswith("kernel")} == kernel


def test_no_bias_and_sums_of_32_bits_by_an_option():
    host.check(dense(1, (2,), 40, 3, bias=None, quantized_bias=INT32))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"depth": 4000, "bias": "int32"}, "do not fit an int32"),
        ({"largest": 1 << 60}, "do not fit 48 bits"),
        ({"scale": 1e-8}, "below 128 is supported"),
        ({"bias": "int16"}, "is not a bias for 3 channels"),
    ],
)
def test_refusals(changes, why):
    with pytest.raises(UnsupportedError, match=why):
        host.compile_network(dense(1, (2,), **{"depth": 4, "units": 3} | changes))
