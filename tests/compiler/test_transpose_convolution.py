"""TRANSPOSE_CONV: random small networks of one operator, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UnsupportedError
from tests.compiler import host
from tests.compiler.networks import Network

ZERO_POINTS = st.integers(-128, 127)


@st.composite
def reaches(draw, padding):
    """Return (input length, filter size, stride, output length) of one dimension."""
    length, size, stride = draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.integers(1, 4))
    least = (length - 1) * stride + (1 if padding == 0 else size)
    return length, size, stride, draw(st.integers(least, least + stride - 1))


def network(rows, columns, padding, *, depth=2, channels=3, batch=1, biased=True, scales=(0.01,), seed=0, **more):
    """Return a network; ``more`` has what is not as usual: zero points, the output's scale, the activation."""
    (h, kh, sh, out_h), (w, kw, sw, out_w) = rows, columns
    generator = np.random.default_rng(seed)
    scales = np.asarray(scales, np.float32)
    net = Network()
    x = net.tensor((batch, h, w, depth), scale=0.05, zero_point=more.get("zero_in", 3))
    filters = net.constant(generator.integers(-127, 128, (channels, kh, kw, depth)).astype(np.int8), scale=scales)
    shape = net.constant(np.array(more.get("shape", (batch, out_h, out_w, channels)), np.int32))
    inputs = [shape, filters, x]
    if biased:
        bias = generator.integers(-4000, 4000, more.get("biases", channels)).astype(np.int32)
        inputs.append(net.constant(bias, scale=scales * 0.05))
    y = net.tensor((batch, out_h, out_w, channels), scale=more.get("scale", 0.1), zero_point=more.get("zero_out", -7))
    net.operator(
        "TRANSPOSE_CONV", inputs, [y], "TransposeConvOptions", 4 if more.get("activation") else 3, Padding=padding,
        StrideH=sh, StrideW=sw, FusedActivationFunction=more.get("activation", 0),
    )  # fmt: skip
    return net.finish([x], [y])


@settings(max_examples=60)
@given(
    st.integers(0, 1), st.integers(1, 4), st.integers(1, 4), st.integers(1, 2), st.booleans(), st.booleans(),
    st.integers(0, 3), ZERO_POINTS, ZERO_POINTS, st.floats(0.002, 0.5), st.integers(0, 1 << 30), st.data(),
)  # fmt: skip
def test_transpose_conv(
    padding, depth, channels, batch, biased, per_channel, activation, zero_in, zero_out, scale, seed, data
):
    rows, columns = data.draw(reaches(padding)), data.draw(reaches(padding))
    scales = np.random.default_rng(seed).uniform(0.001, 0.02, channels if per_channel else 1)
    content = network(
        rows, columns, padding, depth=depth, channels=channels, batch=batch, biased=biased, scales=scales, seed=seed,
        activation=activation, zero_in=zero_in, zero_out=zero_out, scale=scale,
    )  # fmt: skip
    host.check(content, seeds=1)


@pytest.mark.parametrize("fuse", [True, False], ids=["fused", "alone"])
def test_the_middle_of_a_network(fuse):
    net = Network()
    small = net.tensor((1, 3, 3, 4), scale=0.1, zero_point=-5)
    wide = net.tensor((1, 6, 6, 2), scale=0.1, zero_point=9)
    weights = np.random.default_rng(0).integers(-127, 128, (2, 2, 2, 4)).astype(np.int8)
    filters = net.constant(weights, scale=[0.01, 0.02])
    shape = net.constant(np.array((1, 6, 6, 2), np.int32))
    options = {"Padding": 1, "StrideH": 2, "StrideW": 2}
    net.operator("TRANSPOSE_CONV", [shape, filters, small], [wide], "TransposeConvOptions", 2, **options)
    other, total = (net.tensor((1, 6, 6, 2), scale=0.1, zero_point=zero_point) for zero_point in (9, 1))
    net.operator("ADD", [other, wide], [total], "AddOptions", 2)
    program = host.check(net.finish([small, other], [total]), fuse=fuse)
    assert len(program.calls) == (1 if fuse else 2)
    assert program.arena_bytes < 4 * 6 * 6 * 2  # no memory for int32 sums


GOOD = ((3, 3, 2, 6), (4, 2, 2, 8), 0)


@pytest.mark.parametrize(
    ("rows", "columns", "padding", "more"),
    [
        ((3, 3, 2, 7), *GOOD[1:], {}),
        ((3, 3, 0, 6), *GOOD[1:], {}),
        ((3, 3, 2, 6), (4, 2, 2, 10), 1, {}),
        (*GOOD[:2], 2, {}),
        (*GOOD, {"shape": (1, 6, 7, 3)}),
        (*GOOD, {"shape": (6, 8, 3)}),
        (*GOOD, {"scales": (0.01, 0.02)}),
        (*GOOD, {"biases": 2}),
    ],
)
def test_refusals(rows, columns, padding, more):
    with pytest.raises(UnsupportedError, match=r"operator 0 \(TRANSPOSE_CONV, "):
        host.compile_network(network(rows, columns, padding, **more))


def test_an_activation_that_lets_one_number_through():
    host.check(network(*GOOD, activation=1, zero_out=127))


def test_the_same_without_what_is_refused():
    host.check(network(*GOOD))
