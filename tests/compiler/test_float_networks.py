"""Float networks against TFLM's interpreter, within 1e-5 of the largest element of each tensor."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.compiler.program import Place
from tests.compiler import host
from tests.compiler.float_networks import NONE, RELU, RELU6, RELU_N1_TO_1, SAME, VALID, FloatNetwork, check

EXAMPLES = settings(max_examples=12)
BOTH = pytest.mark.parametrize("fuse", [True, False], ids=["fused", "alone"])
ACTIVATIONS = st.sampled_from([NONE, RELU, RELU_N1_TO_1, RELU6])
PADDINGS = st.sampled_from([SAME, VALID])


@BOTH
def test_hello_world(shared_models, fuse):
    program = check((shared_models / "hello_world_float.tflite").read_bytes(), fuse=fuse)
    assert [call.operators for call in program.calls] == [("FULLY_CONNECTED",)] * 3
    assert program.arena_bytes == program.arena_lower_bound == 2 * 16 * 4
    assert sum(len(constant.content) for constant in program.constants) == 4 * (16 + 16 + 256 + 16 + 16 + 1)


def dense_chain():
    net = FloatNetwork()
    x = net.tensor((2, 7), "float32")
    hidden = net.dense(net.dense(x, 9, RELU), 5, bias=False)
    return net.finish([x], [net.softmax(net.unary("TANH", hidden))])


def image_network():
    """A stem, a block with a shortcut, pools, a padding of its own, and a classifier."""
    net = FloatNetwork()
    x = net.tensor((1, 12, 11, 3), "float32")
    stem = net.conv(x, 8, stride=2, activation=RELU6)
    deep = net.conv(net.depthwise(stem, activation=RELU6), 8, size=1)
    joined = net.binary("ADD", stem, deep, RELU)
    padded = net.conv(net.pad(joined, (0, 0), (1, 1), (1, 1), (0, 0)), 4, padding=VALID)
    pooled = net.pool("AVERAGE_POOL_2D", net.pool("MAX_POOL_2D", padded, 3, 2, SAME), 2, 1, SAME)
    flat = net.reshape(pooled, 1, 36)
    return net.finish([x], [net.softmax(net.dense(flat, 10))])


def two_inputs_two_outputs():
    """Inputs and outputs that are read again after they are there."""
    net = FloatNetwork()
    a, b = net.tensor((1, 4, 5, 2), "float32"), net.tensor((1, 4, 5, 1), "float32")
    both = net.concatenate(3, a, net.unary("LOGISTIC", b))
    conv = net.conv(both, 3)
    mean = net.reduce("MEAN", conv, 1, 2)
    return net.finish([a, b], [net.binary("MUL", net.unary("TANH", conv), mean), conv])


def views():
    """Views of one tensor that are read in several shapes; nothing of it may be overwritten too early."""
    net = FloatNetwork()
    x = net.tensor((1, 2, 3, 4), "float32")
    whole = net.unary("TANH", x)
    flat = net.reshape(whole, 1, 24)
    joined = net.binary("ADD", net.dense(whole, 24), flat)
    rows = net.reshape(joined, 2, 12)
    return net.finish([x], [net.binary("MUL", rows, net.reshape(whole, 2, 12)), net.unary("NEG", flat)])


def shortcut_around_a_dense():
    """The sum could be written over the shortcut if the layer did not read all of it, in another shape."""
    net = FloatNetwork()
    x = net.tensor((1, 2, 3, 4), "float32")
    whole = net.unary("TANH", x)
    return net.finish([x], [net.binary("ADD", net.dense(whole, 24), net.reshape(whole, 1, 24))])


def spread():
    """One exponential that many elements read, and reductions that are read several times."""
    net = FloatNetwork()
    x = net.tensor((1, 3, 4, 5), "float32")
    centred = net.binary("SUB", x, net.reduce("MEAN", x, 3, keep=True))
    variance = net.reduce("MEAN", net.binary("MUL", centred, centred), 3, keep=True)
    scale = net.unary("RSQRT", net.binary("ADD", variance, net.constant(np.array(1e-3, np.float32))))
    return net.finish([x], [net.unary("L2_NORMALIZATION", net.binary("MUL", centred, scale), "L2NormOptions")])


NETWORKS = (dense_chain, image_network, two_inputs_two_outputs, views, shortcut_around_a_dense, spread)


@BOTH
@pytest.mark.parametrize("make", NETWORKS, ids=lambda make: make.__name__)
def test_network(make, fuse):
    program = check(make(), fuse=fuse)
    assert program.arena_bytes <= 1.05 * program.arena_lower_bound


def test_fusion():
    program = host.compile_network(image_network(), fuse=True)
    assert [call.operators for call in program.calls] == [
        ("CONV_2D",), ("DEPTHWISE_CONV_2D",), ("CONV_2D", "ADD"), ("PAD", "CONV_2D"), ("MAX_POOL_2D",),
        ("AVERAGE_POOL_2D",), ("FULLY_CONNECTED",), ("SOFTMAX",),
    ]  # fmt: skip
    # Two elements of the shortcut's size, one of which the sum is written over; no padded copy.
    assert program.arena_bytes == 4 * (12 * 11 * 3 + 6 * 6 * 8)


def test_alone_writes_every_tensor():
    program = host.compile_network(image_network(), fuse=False)
    written = [index for call in program.calls for index in call.tensors]
    assert [len(call.operators) for call in program.calls] == [1] * 11
    assert len(set(written)) == 11


def test_temporaries_lie_in_the_arena():
    program = host.compile_network(dense_chain(), fuse=True)
    call = next(call for call in program.calls if call.operators == ("SOFTMAX",))
    function = program.functions[call.function]
    assert [p.name for p in function.parameters if p.written] == ["y", "T_softmax_exp"]
    exponentials = program.buffers[call.arguments[-1].index]
    assert call.arguments[-1].place is Place.BUFFER
    assert exponentials.bytes == 5 * 4
    assert all("[" not in line for line in function.body.splitlines() if line.strip().startswith("float "))


def test_constants_are_kept_once_and_in_the_order_of_reading():
    net = FloatNetwork()
    x = net.tensor((1, 5, 5, 3), "float32")
    net.tensors.append(net.tensors[x])  # a tensor that nothing touches
    program = host.compile_network(net.finish([x], [net.conv(x, 4, bias=False)]), fuse=True)
    weights = net.tensors[2].data
    assert [constant.shape for constant in program.constants] == [(4, 3, 3, 3)]
    assert program.constants[0].content == weights.tobytes()


@EXAMPLES
@given(
    st.integers(1, 8), st.integers(1, 8), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(1, 2),
    st.integers(1, 3), PADDINGS, ACTIVATIONS, st.booleans(), st.booleans(), st.integers(1, 2),
)  # fmt: skip
def test_convolutions(h, w, depth, channels, size, dilation, stride, padding, activation, bias, deep, batch):
    reach = (size - 1) * dilation if padding == VALID else 0
    net = FloatNetwork()
    x = net.tensor((batch, h + reach, w + reach, depth), "float32")
    if deep:
        y = net.depthwise(x, channels, size, stride, padding, activation, dilation)
    else:
        y = net.conv(x, channels, size, stride, padding, activation, dilation, bias=bias)
    check(net.finish([x], [y]), fuse=True, kinds=("random",))


@EXAMPLES
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(1, 6), ACTIVATIONS, st.booleans(), st.booleans()
)
def test_fully_connected(shape, units, activation, bias, keep):
    net = FloatNetwork()
    x = net.tensor((2, *shape), "float32")
    check(net.finish([x], [net.dense(x, units, activation, bias=bias, keep=keep)]), fuse=True, kinds=("random",))


@EXAMPLES
@given(
    st.sampled_from(["AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"]), st.integers(3, 8), st.integers(3, 8),
    st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), PADDINGS, ACTIVATIONS,
)  # fmt: skip
def test_pools(name, h, w, depth, size, stride, padding, activation):
    net = FloatNetwork()
    x = net.tensor((2, h, w, depth), "float32")
    check(net.finish([x], [net.pool(name, x, size, stride, padding, activation)]), fuse=True, kinds=("random",))


@EXAMPLES
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 15), st.booleans(), ACTIVATIONS)
def test_broadcast(shape, mask, swap, activation):
    net = FloatNetwork()
    other = [1 if mask >> axis & 1 else size for axis, size in enumerate(shape)]
    a, b = net.tensor(shape, "float32"), net.tensor(other, "float32")
    sides = (b, a) if swap else (a, b)
    outputs = [net.binary(name, *sides, activation) for name in ("ADD", "SUB", "MUL", "DIV")]
    outputs += [net.binary("SQUARED_DIFFERENCE", *sides)]
    outputs += [net.add(name, sides, shape, "MaximumMinimumOptions") for name in ("MAXIMUM", "MINIMUM")]
    check(net.finish([a, b], outputs), fuse=True, kinds=("high", "alternating"))
