"""AVERAGE_POOL_2D and MAX_POOL_2D: random small networks of one operator, and what they refuse."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UnsupportedError
from tests.compiler import host
from tests.compiler.networks import Network

NAMES = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
ZERO_POINTS = st.integers(-128, 127)


@st.composite
def windows(draw, padding):
    """Return (length, size, stride, output length) of one dimension; same-padded filters may be larger than it."""
    size, stride = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    length = draw(st.integers(1 if padding == 0 else size, 9))
    return length, size, stride, math.ceil((length if padding == 0 else length - size + 1) / stride)


def network(name, rows, columns, padding, *, depth=2, batch=1, activation=0, x=None, y=None):
    (h, kh, sh, out_h), (w, kw, sw, out_w) = rows, columns
    net = Network()
    usual = {"scale": 0.1, "zero_point": 3}
    data = net.tensor((batch, h, w, depth), **(x or usual))
    result = net.tensor((batch, out_h, out_w, depth), **(y or x or usual))
    net.operator(name, [data], [result], "Pool2DOptions", 2, Padding=padding, StrideH=sh, StrideW=sw, FilterHeight=kh,
                 FilterWidth=kw, FusedActivationFunction=activation)  # fmt: skip
    return net.finish([data], [result])


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(
    st.integers(0, 1), st.integers(1, 4), st.integers(1, 2), st.integers(0, 3), ZERO_POINTS, st.floats(0.005, 0.2),
    st.data(),
)  # fmt: skip
def test_pooling(name, padding, depth, batch, activation, zero_point, scale, data):
    rows, columns = data.draw(windows(padding)), data.draw(windows(padding))
    x = {"scale": scale, "zero_point": zero_point}
    host.check(network(name, rows, columns, padding, depth=depth, batch=batch, activation=activation, x=x), seeds=1)


@pytest.mark.parametrize("name", NAMES)
def test_filters_larger_than_the_image(name):
    host.check(network(name, (3, 8, 1, 3), (2, 9, 2, 1), 0))


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_image(name):
    host.check(network(name, (25, 25, 25, 1), (5, 5, 5, 1), 1, depth=3))


@pytest.mark.parametrize("name", NAMES)
def test_scales_that_are_nearly_the_same(name):
    x, y = {"scale": 0.1, "zero_point": 3}, {"scale": 0.1 + 4e-7, "zero_point": 3}
    host.check(network(name, (4, 2, 2, 2), (4, 2, 2, 2), 1, x=x, y=y, activation=3))


@pytest.mark.parametrize("name", NAMES)
def test_an_activation_that_lets_one_number_through(name):
    host.check(network(name, (4, 2, 2, 2), (5, 3, 2, 3), 0, activation=1, x={"scale": 0.1, "zero_point": 127}))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("rows", "padding", "more"),
    [
        ((4, 2, 2, 3), 0, {}),
        ((4, 5, 1, 1), 1, {}),
        ((4, 0, 1, 4), 0, {}),
        ((4, 2, 0, 4), 0, {}),
        ((4, 2, -1, 4), 0, {}),
        ((4, 2**31 - 1, 1, 4), 0, {}),
        ((4, 2, 2**31 - 1, 1), 0, {}),
        ((4, 2, 2, 2), 0, {"y": {"scale": 0.1, "zero_point": 4}}),
        ((4, 2, 2, 2), 0, {"y": {"scale": 0.2, "zero_point": 3}}),
        ((4, 2, 2, 2), 0, {"y": {"dtype": "int16", "scale": 0.1, "zero_point": 3}}),
        ((4, 2, 2, 2), 0, {"x": {"dtype": "int16", "scale": 0.1, "zero_point": 1}}),
    ],
)
def test_refusals(name, rows, padding, more):
    with pytest.raises(UnsupportedError, match=rf"operator 0 \({name}, "):
        host.compile_network(network(name, rows, (4, 2, 2, 2), padding, **more))
