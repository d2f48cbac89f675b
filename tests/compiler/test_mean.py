"""MEAN, SUM, REDUCE_MAX and REDUCE_MIN: random small networks of one operator, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.compiler.operators.mean import _divided
from harness.errors import UnsupportedError
from tests.compiler import host
from tests.compiler.networks import Network

EXAMPLES = settings(max_examples=25)
ZERO_POINTS = st.integers(-128, 127)
SCALES = st.floats(0.0005, 2.0)


@st.composite
def reductions(draw):
    """Return a shape, axes as they are in the file, and the output's shape with and without them."""
    shape = draw(st.lists(st.integers(1, 6), min_size=1, max_size=5).map(tuple))
    rank = len(shape)
    axes = draw(st.lists(st.integers(-rank, rank - 1), min_size=1, max_size=rank + 1))
    dropped = {axis % rank for axis in axes}
    kept = tuple(1 if axis in dropped else size for axis, size in enumerate(shape))
    return shape, axes, kept, tuple(size for axis, size in enumerate(shape) if axis not in dropped)


def network(name, shape, axes, out, keep, x, y):
    net = Network()
    data, result = net.tensor(shape, **x), net.tensor(out, **y)
    places = net.constant(np.array(axes, np.int32))
    net.operator(name, [data, places], [result], "ReducerOptions", 2, KeepDims=keep)
    if out:
        return net.finish([data], [result])
    # The interpreter does not give a network's output that is a scalar.
    shaped = net.tensor((1,), **y)
    net.operator("RESHAPE", [result], [shaped], "ReshapeOptions")
    return net.finish([data], [shaped])


@pytest.mark.parametrize("name", ["MEAN", "SUM"])
@EXAMPLES
@given(reductions(), st.booleans(), SCALES, SCALES, ZERO_POINTS, ZERO_POINTS)
def test_sums(name, chosen, keep, scale_in, scale_out, zero_in, zero_out):
    shape, axes, kept, out = chosen
    x, y = {"scale": scale_in, "zero_point": zero_in}, {"scale": scale_out, "zero_point": zero_out}
    host.check(network(name, shape, axes, kept if keep else out, keep, x, y), seeds=1)


@pytest.mark.parametrize("name", ["REDUCE_MAX", "REDUCE_MIN"])
@settings(max_examples=10)
@given(reductions(), st.booleans(), ZERO_POINTS)
def test_extremes(name, chosen, keep, zero_point):
    shape, axes, kept, out = chosen
    same = {"scale": 0.1, "zero_point": zero_point}
    host.check(network(name, shape, axes, kept if keep else out, keep, same, same), seeds=1)


@pytest.mark.parametrize("size", [(7, 7), (1, 1), (16, 16), (63, 65), (1, 333)])
def test_image_to_channels(size):
    x, y = {"scale": 0.02, "zero_point": -128}, {"scale": 0.011, "zero_point": -128}
    host.check(network("MEAN", (1, *size, 3), [1, 2], (1, 3), False, x, y))


@pytest.mark.parametrize("ratio", [2.0**-40, 2.0**-31, 3e-9, 1e-6, 100.0, 2.0**20, 2.0**29])
def test_extreme_scales(ratio):
    x, y = {"scale": ratio, "zero_point": 5}, {"scale": 1.0, "zero_point": -3}
    host.check(network("MEAN", (2, 13), [1], (2,), False, x, y))


def test_what_is_left_of_a_small_multiplier():
    assert _divided(1 << 30, 0, 9) == ((1 << 33) // 9, -3)
    assert _divided(1 << 30, -30, 9) == ((1 << 31) // 9, -31)


@pytest.mark.parametrize("fuse", [True, False], ids=["fused", "alone"])
def test_mean_then_sum_of_two(fuse):
    net = Network()
    x, means = net.tensor((1, 4, 4, 6), scale=0.1, zero_point=3), net.tensor((1, 1, 1, 6), scale=0.05, zero_point=-20)
    net.operator("MEAN", [x, net.constant(np.array([1, 2], np.int32))], [means], "ReducerOptions", 2, KeepDims=True)
    other = net.constant(np.arange(6, dtype=np.int8).reshape(1, 1, 1, 6), scale=0.2, zero_point=1)
    y = net.tensor((1, 1, 1, 6), scale=0.1, zero_point=0)
    net.operator("ADD", [means, other], [y], "AddOptions", 2, FusedActivationFunction=1)
    program = host.check(net.finish([x], [y]), fuse=fuse)
    assert len(program.calls) == (1 if fuse else 2)


@pytest.mark.parametrize(
    ("axes", "out", "keep", "y"),
    [
        ([2], (2, 3), False, {"scale": 0.1}),
        ([-3], (2, 3), False, {"scale": 0.1}),
        ([1], (2, 1), False, {"scale": 0.1}),
        ([1], (2,), True, {"scale": 0.1}),
        ([0], (2,), False, {"scale": 0.1}),
        ([1], (2,), False, {"dtype": "int16", "scale": 0.1}),
    ],
)
@pytest.mark.parametrize("name", ["MEAN", "REDUCE_MAX"])
def test_refusals(name, axes, out, keep, y):
    with pytest.raises(UnsupportedError, match=rf"operator 0 \({name}, "):
        host.compile_network(network(name, (2, 3), axes, out, keep, {"scale": 0.1}, y))


def test_axes_that_are_computed():
    net = Network()
    x, axes, y = net.tensor((2, 3), scale=0.1), net.tensor((1,), "int32"), net.tensor((2,), scale=0.1)
    net.operator("MEAN", [x, axes], [y], "ReducerOptions", 2)
    with pytest.raises(UnsupportedError, match=r"MEAN.*only a constant"):
        host.compile_network(net.finish([x, axes], [y]))


def test_an_extreme_is_not_rescaled():
    with pytest.raises(UnsupportedError, match=r"REDUCE_MIN.*quantized differently"):
        host.compile_network(network("REDUCE_MIN", (2, 3), [1], (2,), False, {"scale": 0.1}, {"scale": 0.2}))


def test_a_sum_that_no_int32_holds():
    with pytest.raises(UnsupportedError, match=r"SUM.*more than an int32"):
        host.compile_network(network("SUM", (3000, 3000), [0, 1], (), False, {"scale": 0.1}, {"scale": 0.1}))
