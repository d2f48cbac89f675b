"""RELU, RELU6, LEAKY_RELU, HARD_SWISH, LOGISTIC and TANH: every int8 value, under random quantizations."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.compiler.strategy import Kernels
from harness.errors import UnsupportedError
from tests.compiler import host
from tests.compiler.networks import Network
from tests.compiler.test_elementwise import binary, convolution

EXAMPLES = settings(max_examples=35)
ALL = np.arange(-128, 128, dtype=np.int8).reshape(16, 16)
NAMES = ("RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH", "LOGISTIC", "TANH")
ZERO_POINTS = st.integers(-128, 127)


def unary(net, name, x, scale=0.05, zero_point=0, alpha=0.2):
    """Add an operator whose output has the shape of its input."""
    fixed = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}
    scale, zero_point = fixed.get(name, (scale, zero_point))
    y = net.tensor(net.tensors[x].shape, scale=scale, zero_point=zero_point)
    if name == "LEAKY_RELU":
        net.operator(name, [x], [y], "LeakyReluOptions", Alpha=alpha)
    else:
        net.operator(name, [x], [y])
    return y


@EXAMPLES
@given(
    st.floats(-24.0, 4.0), st.floats(-20.0, 6.9), ZERO_POINTS, ZERO_POINTS,
    st.floats(-4.0, 4.0, width=32, allow_subnormal=False),
)  # fmt: skip
@example(exponent=0.0, ratio=0.0, zero_in=0, zero_out=0, alpha=0.0)
@example(exponent=-5.0, ratio=0.0, zero_in=-128, zero_out=-128, alpha=1.0)
@example(exponent=3.9, ratio=0.0, zero_in=127, zero_out=127, alpha=-1.0)
def test_every_value(exponent, ratio, zero_in, zero_out, alpha):
    """``exponent``: the input's scale, ``ratio``: by what it is larger than the output's; both as powers of two."""
    net = Network()
    x = net.tensor(ALL.shape, scale=2.0**exponent, zero_point=zero_in)
    outputs = [unary(net, name, x, 2.0 ** (exponent - ratio), zero_out, alpha) for name in NAMES]
    content = net.finish([x], outputs)
    host.compare(content, host.HostNetwork(host.compile_network(content)), [ALL])


@pytest.mark.parametrize("scale", [8.0, 100.0])
def test_sigmoids_of_a_scale_beyond_their_range(scale):
    net = Network()
    x = net.tensor(ALL.shape, scale=scale, zero_point=3)
    content = net.finish([x], [unary(net, name, x) for name in ("LOGISTIC", "TANH")])
    host.compare(content, host.HostNetwork(host.compile_network(content)), [ALL])


def test_what_is_a_clamp_has_no_table():
    net = Network()
    x = net.tensor(ALL.shape, scale=0.05, zero_point=-20)
    outputs = [unary(net, name, x, 0.05, -20, 1.0) for name in ("RELU", "RELU6", "LEAKY_RELU")]
    program = host.check(net.finish([x], outputs))
    assert not program.constants
    relu, relu6, leaky = (f.body.splitlines()[1].split(" = ")[1] for f in program.functions)
    assert relu == "(int8_t)(max_int32((int32_t)x0[i0_i1_fused], -20));"
    assert relu6 == "(int8_t)(max_int32(min_int32((int32_t)x0[i0_i1_fused], 100), -20));"
    assert leaky == "x0[i0_i1_fused];"


@pytest.mark.parametrize("zero_point", [127, -128])
def test_a_result_that_is_always_the_same(zero_point):
    """The sum before it has to be computed all the same, or the C compiler would warn."""
    net = Network()
    x = net.tensor((1, 2, 2, 3), scale=0.05)
    y = unary(net, "RELU", convolution(net, x, (1, 2, 2, 4)), 0.05, zero_point)
    host.check(net.finish([x], [y]))


@pytest.mark.parametrize("name", NAMES)
def test_after_a_convolution(name):
    net = Network()
    x = net.tensor((1, 3, 3, 4), scale=0.05, zero_point=2)
    content = net.finish([x], [unary(net, name, convolution(net, x, (1, 3, 3, 8)), 0.1, -50)])
    program = host.check(content, kernels=Kernels.LOOPS)
    assert [call.operators for call in program.calls] == [("CONV_2D", name)]
    assert program.functions[0].body.count("fixed_scale") == 1
    host.check(content, fuse=False)


def test_chain():
    """One after the other, with sums and products between them, as few functions and each alone."""
    net = Network()
    x = net.tensor((1, 3, 3, 4), scale=0.05, zero_point=2)
    y = convolution(net, x, (1, 3, 3, 4))
    for number, name in enumerate(NAMES):
        y = unary(net, name, y, 0.02 + 0.01 * number, 10 * number - 50)
        y = binary(net, ("ADD", "SUB", "MUL")[number % 3], [x, y], (1, 3, 3, 4), 0.04 + 0.01 * number, number)
    content = net.finish([x], [y])
    assert len(host.check(content, kernels=Kernels.LOOPS).calls) == 2
    host.check(content)
    host.check(content, fuse=False)


def refused(name, x=None, y=None, **fields):
    """Return a network of one operator on a tensor with something that is not supported."""
    net = Network()
    scale = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}.get(name, (0.05, 0))
    a = net.tensor(**{"shape": (2, 3), "scale": 0.05} | (x or {}))
    b = net.tensor(**{"shape": (2, 3), "scale": scale[0], "zero_point": scale[1]} | (y or {}))
    net.operator(name, [a], [b], "LeakyReluOptions" if fields else None, fields.pop("version", 1), **fields)
    return net.finish([a], [b])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (refused("RELU", {"dtype": "int16"}), "not of type int16"),
        (refused("RELU", {"dtype": "int32"}), "not of type int8 or int16"),
        (refused("RELU", y={"shape": (3, 2)}), "the same shape"),
        (refused("RELU6", y={"scale": None}), "no quantization"),
        (refused("TANH", y={"scale": 0.01}), "does not have the scale"),
        (refused("LOGISTIC", y={"zero_point": 0}), "zero point -128"),
        (refused("LOGISTIC", {"scale": 1e-12}), "too small"),
        (refused("HARD_SWISH", {"scale": 12.8}), "128 times"),
        (refused("LEAKY_RELU"), "alpha"),
        (refused("LEAKY_RELU", Alpha=float("nan")), "alpha"),
        (refused("LEAKY_RELU", Alpha=0.5, version=3), "not supported"),
    ],
)
def test_refusals(content, why):
    with pytest.raises(UnsupportedError, match=why):
        host.compile_network(content)
