"""QUANTIZE and DEQUANTIZE: every pair of types, rounding, and the ends of the ranges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.compiler.strategy import Kernels
from harness.errors import UnsupportedError
from tests.compiler import host
from tests.compiler.networks import Network
from tests.compiler.test_elementwise import convolution
from tests.compiler.test_unary import unary

EXAMPLES = settings(max_examples=25)
INTEGER_PAIRS = (
    ("int8", "int8"), ("int8", "uint8"), ("int8", "int16"), ("int8", "int32"), ("uint8", "int8"), ("int16", "int8"),
    ("int16", "int16"), ("int16", "int32"), ("int32", "int8"), ("int32", "int16"),
)  # fmt: skip
ALL = np.arange(-128, 128, dtype=np.int64)


def limits(dtype):
    return np.iinfo(dtype).min, np.iinfo(dtype).max


def conversion(net, x, dtype, scale=None, zero_point=0):
    y = net.tensor(net.tensors[x].shape, dtype, scale=scale, zero_point=zero_point)
    name = "DEQUANTIZE" if dtype == "float32" else "QUANTIZE"
    net.operator(name, [x], [y], f"{name.capitalize()}Options", 1)
    return y


def every(dtype, generator):
    """Return 256 elements: all that a type of 8 bits has, or the ends of the range and some between them."""
    low, high = limits(dtype)
    if high - low == 255:
        return np.arange(low, high + 1).astype(dtype)
    spread = generator.integers(low, high, 254, endpoint=True)
    return np.concatenate([[low, high], spread[:127], np.clip(spread[127:] >> 20, low, high)]).astype(dtype)


@EXAMPLES
@given(
    st.floats(-10.0, 2.0), st.floats(-12.0, 6.0), st.dictionaries(st.sampled_from(["int8", "uint8", "int16"]),
    st.floats(0.0, 1.0)), st.integers(0, 1 << 30),
)  # fmt: skip
def test_integers(exponent, ratio, zero_points, seed):
    """``ratio``: by what the input's scale is larger than the output's, as a power of two.

    An int32 is converted by a ratio below 1 only: TFLM's arithmetic overflows otherwise.
    """
    net, inputs, outputs, arrays = Network(), [], [], []
    generator = np.random.default_rng(seed)

    def zero_point(dtype):
        low, high = limits(dtype)
        return 0 if dtype == "int32" else round(low + zero_points.get(dtype, 0.5) * (high - low))

    for source, target in INTEGER_PAIRS:
        inputs.append(net.tensor((4, 64), source, scale=2.0**exponent, zero_point=zero_point(source)))
        arrays.append(every(source, generator).reshape(4, 64))
        scale = 2.0 ** (exponent - (-abs(ratio) - 0.01 if source == "int32" else ratio))
        outputs.append(conversion(net, inputs[-1], target, scale, zero_point(target)))
    content = net.finish(inputs, outputs)
    host.compare(content, host.HostNetwork(host.compile_network(content)), arrays)


@EXAMPLES
@given(st.floats(-20.0, 6.0), st.integers(-128, 127), st.integers(0, 1 << 30))
def test_real_numbers(exponent, zero_point, seed):
    """Forth and back: random quotients, and those that lie between two integers."""
    scale = float(np.float32(2.0**exponent))
    net = Network()
    x = net.tensor((4, 128), "float32")
    bytes_, shorts = (
        conversion(net, x, "int8", scale, zero_point),
        conversion(net, x, "int16", scale, zero_point * 200),
    )
    signed, unsigned = (
        net.tensor((256,), scale=scale, zero_point=zero_point),
        net.tensor((256,), "uint8", scale=scale),
    )
    outputs = [bytes_, shorts, *(conversion(net, y, "float32") for y in (bytes_, shorts, signed, unsigned))]
    content = net.finish([x, signed, unsigned], outputs)
    quotients = np.random.default_rng(seed).normal(0.0, 100.0, 512)
    quotients[:256] = np.arange(-128, 128) * 1.5
    arrays = [
        (quotients * scale).astype(np.float32).reshape(4, 128),
        ALL.astype(np.int8),
        (ALL + 128).astype(np.uint8),
    ]
    host.compare(content, host.HostNetwork(host.compile_network(content, fuse=False)), arrays)


def test_what_no_integer_stands_for():
    """The interpreter's own results are not defined there."""
    net = Network()
    x = net.tensor((7,), "float32")
    y = conversion(net, x, "int8", 0.5, 3)
    real = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45, -0.25], np.float32)
    network = host.HostNetwork(host.compile_network(net.finish([x], [y])))
    assert network.outputs([real])[0].tolist() == [3, 127, -128, 127, -128, 3, 2]


@pytest.mark.parametrize("quotient", [0.49999997, 0.5, 1.4999999, 2.5, 126.49999, 126.5, 127.49999, 127.5])
def test_halves_go_away_from_zero(quotient):
    net = Network()
    x = net.tensor((2,), "float32")
    content = net.finish([x], [conversion(net, x, "int8", 1.0)])
    host.compare(
        content, host.HostNetwork(host.compile_network(content)), [np.array([quotient, -quotient], np.float32)]
    )


def test_another_zero_point_is_an_addition():
    net = Network()
    x = net.tensor((5,), scale=0.05, zero_point=3)
    outputs = [conversion(net, x, "uint8", 0.05, 131), conversion(net, x, "int8", 0.05, 0)]
    program = host.check(net.finish([x], outputs))
    assert not program.constants
    assert "(uint8_t)((int32_t)x0[i0_fused] + 128)" in program.functions[0].body
    assert "(int8_t)(max_int32((int32_t)x0[i0_fused] - 3, -128))" in program.functions[1].body


def test_around_a_network():
    """From real numbers to real numbers, with a change of type and scale between the operators."""
    net = Network()
    x = net.tensor((1, 3, 3, 4), "float32")
    a = conversion(net, x, "int8", 0.03, -10)
    b = conversion(net, convolution(net, a, (1, 3, 3, 6)), "uint8", 0.15, 100)
    c = unary(net, "RELU", conversion(net, b, "int8", 0.17, -20), 0.12, -128)
    y = conversion(net, c, "float32")
    content = net.finish([x], [y])
    chain = ("CONV_2D", "QUANTIZE", "QUANTIZE", "RELU", "DEQUANTIZE")
    loops = host.check(content, kernels=Kernels.LOOPS)
    assert [call.operators for call in loops.calls] == [("QUANTIZE",), chain]
    kernels = host.check(content)
    assert [call.operators for call in kernels.calls] == [("QUANTIZE",), chain[:1], chain[1:]]
    host.check(content, fuse=False)


def test_requantized_reals():
    net = Network()
    x = net.tensor((1, 3, 3, 4), scale=0.05, zero_point=2)
    y = conversion(net, conversion(net, x, "float32"), "int8", 0.013, 40)
    assert len(host.check(net.finish([x], [y])).calls) == 1


def refused(source, target, shape=(4,), **quantization):
    net = Network()
    x = net.tensor((4,), source, scale=None if source == "float32" else 0.05, zero_point=quantization.pop("zero", 0))
    y = net.tensor(shape, target, scale=None if target == "float32" else quantization.get("scale", 0.05))
    net.operator("DEQUANTIZE" if target == "float32" else "QUANTIZE", [x], [y])
    return net.finish([x], [y])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (refused("float32", "uint8"), "to uint8 is not supported"),
        (refused("uint8", "uint8"), "to uint8 is not supported"),
        (refused("int32", "float32"), "not of type int8 or uint8 or int16"),
        (refused("int32", "int8", zero=5), "zero point other than 0"),
        (refused("int8", "int8", (2, 2)), "the same shape"),
        (refused("int8", "float32", (2, 2)), "the same shape"),
        (refused("int8", "int8", scale=[0.1, 0.2, 0.3, 0.4]), "by slices"),
        (refused("int8", "int8", scale=1e-20), "out of an int32's range"),
    ],
)
def test_refusals(content, why):
    with pytest.raises(UnsupportedError, match=why):
        host.compile_network(content)
