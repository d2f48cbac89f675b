"""Operators of int16 without weights: every value of one element, random sums, products, pools, means and rows."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.compiler.operators.int16 import _logarithm
from harness.errors import UnsupportedError
from tests.compiler import host
from tests.compiler.networks import Network
from tests.compiler.test_convolutions import out_size, windows
from tests.compiler.test_elementwise import shapes

EXAMPLES = settings(max_examples=30)
ACTIVATIONS = st.sampled_from([0, 1, 2, 3])
SCALES = st.floats(1e-5, 0.1)
ALL = np.arange(-32768, 32768).astype(np.int16).reshape(256, 256)
UNIT = 1 / 32768


def unary(name, scale, scale_y=UNIT, alpha=None, shape=(256, 256)):
    net = Network()
    x, y = net.tensor(shape, "int16", scale=scale), net.tensor(shape, "int16", scale=scale_y)
    options = {} if alpha is None else {"Alpha": alpha}
    net.operator(name, [x], [y], "LeakyReluOptions" if options else None, **options)
    return net.finish([x], [y])


def compare_all(content):
    """Compare every value of the one input."""
    program = host.compile_network(content)
    host.compare(content, host.HostNetwork(program), [ALL])
    return program


@EXAMPLES
@given(st.sampled_from(["LOGISTIC", "TANH"]), st.floats(-31.0, 1.4))
@example("LOGISTIC", -12.0)
@example("TANH", -12.0)
@example("TANH", -11.0)
@example("LOGISTIC", -11.0)
@example("TANH", 1.41)
def test_sigmoids_of_every_value(name, exponent):
    compare_all(unary(name, 2.0**exponent))


@EXAMPLES
@given(st.sampled_from(["RELU", "RELU6"]), st.floats(-16.0, 4.0), st.floats(-12.0, 6.0))
def test_rectified_values(name, exponent, ratio):
    compare_all(unary(name, 2.0**exponent, 2.0 ** (exponent - ratio)))


@EXAMPLES
@given(st.floats(-16.0, 4.0), st.floats(-12.0, 6.0), st.floats(-4.0, 4.0, width=32, allow_subnormal=False))
def test_leaky_relu(exponent, ratio, alpha):
    compare_all(unary("LEAKY_RELU", 2.0**exponent, 2.0 ** (exponent - ratio), alpha))


@EXAMPLES
@given(
    st.sampled_from(["ADD", "SUB", "MUL"]), shapes(), SCALES, SCALES, SCALES, ACTIVATIONS,
    st.sampled_from([None, None, 0, 1]), st.integers(0, 1 << 30), st.booleans(),
)  # fmt: skip
def test_broadcasting(name, chosen, scale, scale_b, scale_y, activation, fixed, seed, fuse):
    first, second, out = chosen
    scale_y *= scale * scale_b * 1e4 if name == "MUL" else 1.0
    net, operands, inputs = Network(), [], []
    generator = np.random.default_rng(seed)
    for place, (shape, its) in enumerate([(first, scale), (second, scale_b)]):
        data = generator.integers(-32768, 32768, shape).astype(np.int16) if place == fixed else None
        operands.append(net.tensor(shape, "int16", scale=its, data=data))
        inputs += operands[-1:] if place != fixed else []
    y = net.tensor(out, "int16", scale=scale_y)
    net.operator(name, operands, [y], f"{name.capitalize()}Options", 2, FusedActivationFunction=activation)
    content = net.finish(inputs, [y])
    host.check(content, seeds=1, fuse=fuse)


@pytest.mark.parametrize("name", ["ADD", "SUB", "MUL"])
def test_one_number_and_the_same_tensor_twice(name):
    net = Network()
    x = net.tensor(ALL.shape, "int16", scale=0.001)
    number = net.constant(np.int16(-1234), scale=0.002)
    outputs = []
    for operands in ([x, number], [number, x], [x, x]):
        outputs.append(net.tensor(ALL.shape, "int16", scale=0.003))
        net.operator(name, operands, outputs[-1:], f"{name.capitalize()}Options", 2)
    compare_all(net.finish([x], outputs))


@EXAMPLES
@given(
    st.sampled_from(["AVERAGE_POOL_2D", "MAX_POOL_2D"]), windows(), st.integers(1, 5), ACTIVATIONS, SCALES,
    st.booleans(),
)  # fmt: skip
def test_pooling(name, sizes, depth, activation, scale, fuse):
    ((h, kh, sh, _), (w, kw, sw, _)), padding = sizes
    net = Network()
    x = net.tensor((2, h, w, depth), "int16", scale=scale)
    shape = (2, out_size(h, kh, sh, 1, padding), out_size(w, kw, sw, 1, padding), depth)
    y = net.tensor(shape, "int16", scale=scale)
    net.operator(
        name, [x], [y], "Pool2DOptions", 3, Padding=padding, StrideH=sh, StrideW=sw, FilterHeight=kh, FilterWidth=kw,
        FusedActivationFunction=activation,
    )  # fmt: skip
    host.check(net.finish([x], [y]), fuse=fuse)


@EXAMPLES
@given(
    st.sampled_from(["MEAN", "SUM"]), st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data(), SCALES, SCALES,
    st.booleans(),
)  # fmt: skip
def test_means_and_sums(name, shape, data, scale, scale_y, keep):
    axes = data.draw(st.lists(st.integers(-len(shape), len(shape) - 1), min_size=1, max_size=3))
    reduced = {axis % len(shape) for axis in axes}
    out = [1 if i in reduced else size for i, size in enumerate(shape) if keep or i not in reduced]
    net = Network()
    x = net.tensor(shape, "int16", scale=scale)
    y = net.tensor(out, "int16", scale=scale_y)
    net.operator(name, [x, net.constant(np.array(axes, np.int32))], [y], "ReducerOptions", 2, KeepDims=keep)
    host.check(net.finish([x], [y]))


def softmax(shape, scale, beta=1.0, y=None):
    net = Network()
    x = net.tensor(shape, "int16", scale=scale)
    result = net.tensor(shape, **{"dtype": "int16", "scale": UNIT} | (y or {}))
    net.operator("SOFTMAX", [x], [result], "SoftmaxOptions", 2, Beta=beta)
    return net.finish([x], [result])


@EXAMPLES
@given(
    st.lists(st.integers(1, 3), max_size=3), st.integers(1, 12), st.floats(-20.0, 2.2),
    st.sampled_from([1.0, 1.0, 0.5, 0.0]), st.booleans(),
)  # fmt: skip
def test_softmax(lead, row, exponent, beta, fuse):
    host.check(softmax((*lead, row), 2.0**exponent, beta), seeds=3, fuse=fuse)


@pytest.mark.parametrize("scale", [10 / 65535, 0.0005, 0.01])
def test_softmax_of_every_difference(scale):
    content = softmax((65536, 2), scale)
    rows = np.stack([np.full(65536, 32767), np.arange(-32768, 32768)], axis=1).astype(np.int16)
    host.compare(content, host.HostNetwork(host.compile_network(content)), [rows])


@pytest.mark.parametrize("elements", [2, 3, 511, 700, 1001, 5000])
def test_softmax_of_every_sum(elements):
    """Reciprocals: rows in which one element after the other is as large as the first."""
    rows = min(elements, 200)
    content = softmax((rows, elements), 0.01)
    first = np.arange(elements)[None, :] <= np.linspace(0, elements - 1, rows, dtype=int)[:, None]
    inputs = np.where(first, 1000, np.random.default_rng(0).integers(0, 1000, (rows, elements))).astype(np.int16)
    host.compare(content, host.HostNetwork(host.compile_network(content)), [inputs])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (softmax((2, 3), 0.1, y={"scale": 1 / 65536}), "does not have the scale 1/32768"),
        (softmax((2, 3), 0.1, y={"zero_point": 3}), "has to be 0"),
        (softmax((2, 3), 0.1, y={"dtype": "int8"}), "is not of type int16"),
        (softmax((2, 3), 6.0), "too large"),
        (softmax((2, 3), 0.1, beta=-1.0), "its beta"),
        (unary("TANH", 0.1, 1 / 16384, shape=(3,)), "does not have the scale 1/32768"),
        (unary("LOGISTIC", 3.0, shape=(3,)), "is too large"),
        (unary("HARD_SWISH", 0.1, shape=(3,)), "is not supported for int16, only for int8"),
        (unary("RELU", 1e20, 1e-20, shape=(3,)), "out of an int32's range"),
    ],
)
def test_refusals(content, why):
    with pytest.raises(UnsupportedError, match=why):
        host.compile_network(content)


@pytest.mark.parametrize(("scale", "power"), [(0.5, -1), (2**-12 * 1.0005, -12), (2**-12 * 1.01, None)])
def test_powers_of_two(scale, power):
    assert _logarithm(scale) == power
