"""RESHAPE, SQUEEZE and EXPAND_DIMS: alone, in chains where they cost nothing, and what they refuse."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UnsupportedError
from tests.compiler import host
from tests.compiler.networks import Network

FUSED = pytest.mark.parametrize("fuse", [True, False], ids=["fused", "alone"])
TYPES = st.sampled_from(["int8", "int16", "int32"])


def like(dtype):
    return {"dtype": dtype} if dtype == "int32" else {"dtype": dtype, "scale": 0.1}


def ones(shape):
    """Return the other shapes of as many elements: flat, with the first two dimensions as one, in two halves."""
    total = math.prod(shape)
    found = [(total,), (1, total), (total, 1, 1), (math.prod(shape[:2]), *shape[2:])]
    return found + ([(2, total // 2)] if total % 2 == 0 else [])


@settings(max_examples=30)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple), TYPES, st.booleans(), st.data())
def test_reshape(shape, dtype, fuse, data):
    net = Network()
    x, y = net.tensor(shape, **like(dtype)), net.tensor(data.draw(st.sampled_from(ones(shape))), **like(dtype))
    net.operator("RESHAPE", [x], [y], "ReshapeOptions")
    program = host.check(net.finish([x], [y]), fuse=fuse, seeds=1)
    assert len(program.calls) == (0 if fuse else 1)
    assert all("%" not in function.body and "/" not in function.body for function in program.functions)


@FUSED
def test_squeeze_and_expand_dims(fuse):
    net = Network()
    x, thin = net.tensor((1, 3, 1, 4), scale=0.1), net.tensor((3, 4), scale=0.1)
    net.operator("SQUEEZE", [x], [thin], "SqueezeOptions", SqueezeDims=[0, 2])
    y = net.tensor((3, 1, 4), scale=0.1)
    net.operator("EXPAND_DIMS", [thin, net.constant(np.array(1, np.int32))], [y], "ExpandDimsOptions")
    assert len(host.check(net.finish([x], [y]), fuse=fuse).calls) == (0 if fuse else 2)


@FUSED
def test_a_view_of_an_input_that_is_an_output_and_is_read(fuse):
    net = Network()
    x, view = net.tensor((2, 6), scale=0.1), net.tensor((3, 4), scale=0.1)
    net.operator("RESHAPE", [x], [view], "ReshapeOptions")
    y = net.tensor((3, 4), scale=0.2)
    net.operator("ADD", [view, view], [y], "AddOptions", 2)
    content = net.finish([x], [view, y])
    program = host.check(content, fuse=fuse)
    network = host.HostNetwork(program)
    (elements,) = host.random_inputs(program, 3)
    assert (network.outputs([elements])[0].reshape(3, 4) == elements.reshape(3, 4)).all()


@FUSED
def test_a_view_that_is_read_after_its_source_was_changed(fuse):
    net = Network()
    x, first = net.tensor((1, 2, 6), scale=0.1), net.tensor((1, 2, 6), scale=0.1)
    net.operator("ADD", [x, x], [first], "AddOptions", 2)
    view = net.tensor((12,), scale=0.1)
    net.operator("RESHAPE", [first], [view], "ReshapeOptions")
    second = net.tensor((1, 2, 6), scale=0.1)
    net.operator("ADD", [first, x], [second], "AddOptions", 2)
    third = net.tensor((12,), scale=0.1)
    net.operator("RESHAPE", [second], [third], "ReshapeOptions")
    y = net.tensor((12,), scale=0.1)
    net.operator("ADD", [third, view], [y], "AddOptions", 2)
    host.check(net.finish([x], [y]), fuse=fuse)


@FUSED
def test_a_dense_layer_and_a_view_of_its_own_input(fuse):
    """The sum may not take the place of the input: rows of it are read for as long as they are written."""
    net = Network()
    x, view = net.tensor((1, 4, 8), scale=0.05, zero_point=3), net.tensor((4, 8), scale=0.05, zero_point=3)
    net.operator("RESHAPE", [x], [view], "ReshapeOptions")
    weights = net.constant(np.random.default_rng(0).integers(-127, 128, (8, 8)).astype(np.int8), scale=0.01)
    dense = net.tensor((4, 8), scale=0.1)
    net.operator("FULLY_CONNECTED", [x, weights, -1], [dense], "FullyConnectedOptions", 4)
    y = net.tensor((4, 8), scale=0.1)
    net.operator("ADD", [dense, view], [y], "AddOptions", 2)
    host.check(net.finish([x], [y]), fuse=fuse)


def test_a_view_of_a_constant_costs_nothing():
    net = Network()
    x, flat = net.tensor((2, 3), scale=0.1), net.constant(np.arange(6, dtype=np.int8), scale=0.1)
    view, y = net.tensor((2, 3), scale=0.1), net.tensor((2, 3), scale=0.1)
    net.operator("RESHAPE", [flat], [view], "ReshapeOptions")
    net.operator("ADD", [x, view], [y], "AddOptions", 2)
    assert len(host.check(net.finish([x], [y])).calls) == 1


@FUSED
@pytest.mark.parametrize("name", ["RESHAPE", "SQUEEZE", "EXPAND_DIMS"])
@pytest.mark.parametrize(("out", "dtype"), [((2, 2), "int8"), ((7,), "int8"), ((6,), "int16")])
def test_refusals(name, out, dtype, fuse):
    net = Network()
    x, y = net.tensor((2, 3), scale=0.1), net.tensor(out, dtype, scale=0.1)
    net.operator(name, [x], [y])
    with pytest.raises(UnsupportedError, match=rf"operator 0 \({name}, "):
        host.compile_network(net.finish([x], [y]), fuse=fuse)
