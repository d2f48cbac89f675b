"""ADD, SUB and MUL: random small networks of a few operators side by side, and what they are joined with."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.compiler.strategy import Kernels
from harness.errors import UnsupportedError
from tests.compiler import host
from tests.compiler.networks import Network

EXAMPLES = settings(max_examples=40)
NAMES = st.sampled_from(["ADD", "SUB", "MUL"])
ACTIVATIONS = st.sampled_from([0, 1, 2, 3])
ZERO_POINTS = st.integers(-128, 127)
SCALES = st.floats(0.001, 1.0)


@st.composite
def shapes(draw):
    """Return two shapes that broadcast together, and the shape that they broadcast to."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        size = draw(st.integers(1, 4))
        found.append(draw(st.sampled_from([(size, size), (size, size), (1, size), (size, 1)])))
    first, second = (_shortened(draw, shape) for shape in zip(*found, strict=True))
    return first, second, np.broadcast_shapes(first, second)


def _shortened(draw, shape):
    """Return the shape without some of the leading ones, which broadcasting puts back."""
    ones = next((i for i, size in enumerate(shape) if size != 1), len(shape) - 1)
    return shape[draw(st.integers(0, ones)) :] if draw(st.booleans()) else shape


@st.composite
def operations(draw):
    """Return the name, the shapes, the quantization of a, b and the output, the activation and the constant place."""
    first, second, out = draw(shapes())
    quantization = [(draw(SCALES), draw(ZERO_POINTS)) for _ in range(3)]
    places = st.sampled_from([None, None, 0, 1])
    return draw(NAMES), (first, second, out), quantization, draw(ACTIVATIONS), draw(places)


def binary(net, name, inputs, shape, scale=0.05, zero_point=0, activation=0):
    y = net.tensor(shape, scale=scale, zero_point=zero_point)
    net.operator(name, inputs, [y], f"{name.capitalize()}Options", 2, FusedActivationFunction=activation)
    return y


def convolution(net, x, shape, scale=0.1, zero_point=3, seed=0):
    """Add a 1x1 convolution from the last dimension of x to that of ``shape``."""
    generator = np.random.default_rng(seed)
    weights = generator.integers(-127, 128, (shape[-1], 1, 1, net.tensors[x].shape[-1])).astype(np.int8)
    filters = net.constant(weights, scale=[0.01 + 0.001 * i for i in range(shape[-1])])
    bias = net.constant(np.arange(shape[-1], dtype=np.int32) * 100, scale=0.001)
    y = net.tensor(shape, scale=scale, zero_point=zero_point)
    net.operator("CONV_2D", [x, filters, bias], [y], "Conv2DOptions", 3, StrideH=1, StrideW=1)
    return y


@EXAMPLES
@given(st.lists(operations(), min_size=1, max_size=4), st.integers(0, 1 << 30))
def test_broadcasting(chosen, seed):
    net, inputs, outputs = Network(), [], []
    generator = np.random.default_rng(seed)
    for name, (first, second, out), quantization, activation, fixed in chosen:
        operands = []
        for place, shape in enumerate((first, second)):
            scale, zero_point = quantization[place]
            data = generator.integers(-128, 128, shape).astype(np.int8) if place == fixed else None
            operands.append(net.tensor(shape, scale=scale, zero_point=zero_point, data=data))
            inputs += operands[-1:] if place != fixed else []
        outputs.append(binary(net, name, operands, out, *quantization[2], activation))
    host.check(net.finish(inputs, outputs), seeds=1)


@EXAMPLES
@given(
    NAMES, st.integers(-128, 127), st.sampled_from([(), (1,), (1, 1)]), st.booleans(), SCALES, SCALES, SCALES,
    ZERO_POINTS, ZERO_POINTS, ZERO_POINTS, ACTIVATIONS,
)  # fmt: skip
def test_one_constant_number_or_the_same_tensor_twice(
    name, number, shape, swapped, scale, scale_b, scale_y, zero, zero_b, zero_y, activation
):
    """Every value of the other operand, which make a table."""
    net = Network()
    x = net.tensor((2, 128), scale=scale, zero_point=zero)
    constant = net.constant(np.full(shape, number, np.int8), scale=scale_b, zero_point=zero_b)
    operands = [constant, x] if swapped else [x, constant]
    y = binary(net, name, operands, (2, 128), scale_y, zero_y, activation)
    z = binary(net, name, [x, x], (2, 128), scale_y, zero_y, activation)
    content = net.finish([x], [y, z])
    program = host.compile_network(content)
    assert not any(f.parameters[0].dtype != "int8" for f in program.functions)
    host.compare(content, host.HostNetwork(program), [np.arange(-128, 128, dtype=np.int8).reshape(2, 128)])


def test_a_constant_of_the_same_scale_is_an_addition_and_a_clamp():
    net = Network()
    x = net.tensor((9,), scale=0.05, zero_point=1)
    y = binary(net, "ADD", [x, net.constant(np.int8(20), scale=0.05)], (9,), 0.05, 1, 1)
    program = host.check(net.finish([x], [y]))
    assert not program.constants
    assert "(int32_t)x0[i0_fused] + 20" in program.functions[0].body


def test_residual_block():
    """With plain loops the sum is done within the convolution; what has a kernel is a step of its own."""
    net = Network()
    x = net.tensor((1, 4, 4, 6), scale=0.05, zero_point=-7)
    a = convolution(net, x, (1, 4, 4, 6), seed=1)
    b = binary(net, "ADD", [a, x], (1, 4, 4, 6), 0.11, 5, 1)
    c = convolution(net, b, (1, 4, 4, 6), seed=2)
    d = binary(net, "SUB", [b, c], (1, 4, 4, 6), 0.13, -1)
    content = net.finish([x], [d])
    loops = host.check(content, kernels=Kernels.LOOPS)
    assert [call.operators for call in loops.calls] == [("CONV_2D", "ADD"), ("CONV_2D", "SUB")]
    assert [call.operators for call in host.check(content).calls] == [("CONV_2D",), ("ADD",), ("CONV_2D",), ("SUB",)]
    host.check(content, fuse=False)


def test_gate_by_channel():
    net = Network()
    x = net.tensor((1, 3, 5, 4), scale=0.05, zero_point=-7)
    gate = net.tensor((1, 1, 1, 4), scale=1 / 256, zero_point=-128)
    a = convolution(net, x, (1, 3, 5, 4))
    b = binary(net, "MUL", [gate, a], (1, 3, 5, 4), 0.06, 5)
    assert len(host.check(net.finish([x, gate], [b]), kernels=Kernels.LOOPS).calls) == 1


def test_the_convolution_is_computed_once_for_a_square():
    net = Network()
    x = net.tensor((1, 3, 3, 4), scale=0.05)
    a = convolution(net, x, (1, 3, 3, 5))
    b = binary(net, "MUL", [a, a], (1, 3, 3, 5), 0.2, -100, 1)
    c = binary(net, "ADD", [b, b], (1, 3, 3, 5), 0.3, 2)
    program = host.check(net.finish([x], [c]), kernels=Kernels.LOOPS)
    assert sum(f.body.count("fixed_scale") for f in program.functions) == 1


def refused(**changes):
    """Return a network whose ADD has something changed that makes it one that is not supported."""
    net = Network()
    chosen = {"first": (2, 3), "second": (2, 3), "out": (2, 3), "dtype": "int8", "scale": 0.05} | changes
    a = net.tensor(chosen["first"], chosen["dtype"], scale=0.05)
    b = net.tensor(chosen["second"], scale=chosen.get("scale_b", 0.05))
    y = net.tensor(chosen["out"], scale=chosen["scale"])
    table = chosen.get("options", "AddOptions")
    fields = {"FusedActivationFunction": chosen.get("activation", 0)} if table else {}
    net.operator("ADD", [a, b], [y], table, chosen.get("version", 2), **fields)
    return net.finish([a, b], [y])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"activation": 4}, "fused activation 4"),
        ({"dtype": "int16"}, "not of type int16"),
        ({"dtype": "int32"}, "not of type int8 or int16"),
        ({"second": (2, 2)}, "does not have the shape"),
        ({"out": (4, 3)}, "does not have the shape"),
        ({"first": (1, 1, 1, 1, 1, 2, 3), "out": (1, 1, 1, 1, 1, 2, 3)}, "more than 6 dimensions"),
        ({"scale": 1e-8}, "between 0 and 1"),
        ({"scale": None}, "no quantization"),
        ({"scale_b": [0.1, 0.2]}, "by slices"),
        ({"options": None}, "FusedActivationFunction"),
        ({"version": 6}, "not supported"),
    ],
)
def test_refusals(changes, why):
    with pytest.raises(UnsupportedError, match=why):
        host.compile_network(refused(**changes))
