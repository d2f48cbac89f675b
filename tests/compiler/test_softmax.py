"""SOFTMAX: random small networks of one operator, extreme scales, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UnsupportedError
from tests.compiler import host
from tests.compiler.networks import Network

BYTE, WORD = {"scale": 1 / 256, "zero_point": -128}, {"dtype": "int16", "scale": 1 / 65536, "zero_point": -32768}


def network(shape, scale=0.1, y=BYTE, *, beta=1.0, zero_point=0, out=None):
    net = Network()
    data, result = net.tensor(shape, scale=scale, zero_point=zero_point), net.tensor(out or shape, **y)
    net.operator("SOFTMAX", [data], [result], "SoftmaxOptions", 2, Beta=beta)
    return net.finish([data], [result])


@settings(max_examples=50)
@given(
    st.lists(st.integers(1, 3), max_size=3), st.integers(1, 12), st.booleans(), st.floats(-12.0, 2.0),
    st.sampled_from([1.0, 1.0, 0.5, 3.0]), st.integers(-128, 127),
)  # fmt: skip
def test_softmax(lead, row, wide, exponent, beta, zero_point):
    content = network((*lead, row), 2.0**exponent, WORD if wide else BYTE, beta=beta, zero_point=zero_point)
    host.check(content, seeds=1)


@pytest.mark.parametrize("y", [BYTE, WORD], ids=["int8", "int16"])
@pytest.mark.parametrize("scale", [2.0**-25, 1e-6, 0.125, 15.9, 16.0, 31.9, 32.0, 1e6])
def test_extreme_scales(scale, y):
    host.check(network((3, 6), scale, y), seeds=1)


@pytest.mark.parametrize("y", [BYTE, WORD], ids=["int8", "int16"])
def test_every_difference(y):
    program = host.compile_network(network((256, 2), 0.05, y))
    rows = np.stack([np.full(256, 127), np.arange(-128, 128)], axis=1).astype(np.int8)
    host.compare(network((256, 2), 0.05, y), host.HostNetwork(program), [rows])


@pytest.mark.parametrize("y", [BYTE, WORD], ids=["int8", "int16"])
def test_the_longest_row_that_may_be_all_the_same(y):
    host.check(network((511,), 0.1, y), seeds=1)


def test_a_longer_row():
    """The interpreter stops at 512 elements that are all the same; a row with one large element is fine."""
    content = network((2, 1001), 0.1)
    compiled = host.HostNetwork(host.compile_network(content))
    rows = np.random.default_rng(0).integers(-128, 60, (2, 1001)).astype(np.int8)
    rows[:, 500] = 127
    host.compare(content, compiled, [rows])
    assert (compiled.outputs([np.zeros((2, 1001), np.int8)])[0] == -128).all()


def test_a_row_is_prepared_once():
    body = host.compile_network(network((2, 3, 4))).functions[0].body.splitlines()
    depths = [
        next(len(line) - len(line.lstrip()) for line in body if word in line)
        for word in ("fixed_reciprocal", "fixed_leading_zeros", "y[")
    ]
    assert max(depths[:2]) < depths[2]


@pytest.mark.parametrize(
    ("arguments", "more"),
    [
        (((2, 3),), {"y": {"scale": 1 / 255, "zero_point": -128}}),
        (((2, 3),), {"y": {"scale": 1 / 256, "zero_point": 0}}),
        (((2, 3),), {"y": {"dtype": "int16", "scale": 1 / 32768, "zero_point": 0}}),
        (((2, 3),), {"y": {"dtype": "uint8", "scale": 1 / 256}}),
        (((2, 3),), {"out": (3, 2)}),
        (((),), {}),
        (((2, 3),), {"beta": 0.0}),
        (((2, 3),), {"beta": -1.0}),
        (((2, 3),), {"beta": float("inf")}),
        (((2, 3), 2.0**-27), {}),
        (((1, 4096),), {}),
    ],
)
def test_refusals(arguments, more):
    with pytest.raises(UnsupportedError, match=r"operator 0 \(SOFTMAX, "):
        host.compile_network(network(*arguments, **more))
