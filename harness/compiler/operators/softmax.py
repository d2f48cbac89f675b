"""SOFTMAX, by the table of exponentials that gemmlowp's fixed-point polynomial gives."""

from __future__ import annotations

import math

import numpy as np
from tvm import te, tirx

from harness.compiler import gemmlowp
from harness.compiler.arithmetic import Expression, const, helper, i32
from harness.compiler.fixed_point import quantize_multiplier
from harness.compiler.graph import Tensor
from harness.compiler.kernel import Node, Pattern, dims, operator
from harness.compiler.operators import int16
from harness.compiler.schedule import ONCE

_DIFFERENCE_BITS = 5
_SUM_BITS = 12
_DIFFERENCES = 256
"""How far an int8 can be below another, and 0."""
_MOST = 31
"""The most bits that an int32 can be shifted by."""
_LONGEST_ROW = (1 << _SUM_BITS) - 1
"""Elements whose exponentials add up to less than 2^31 when all of them are 1."""


@operator("SOFTMAX", Pattern.OPAQUE, versions=3)
def softmax(node: Node) -> te.Tensor:
    """Lower a softmax over the last dimension of int8, with int8 or int16 output, or of int16.

    An int8 element differs from the largest of its row by 0 to -255, so there are at most 256 exponentials.
    """
    if node.input().dtype == "int16":
        node.require_activations()
        return int16.softmax(node)
    _check(node)
    y, table, shape = node.output(), _exponentials(node), dims(node.input())
    (low, high), rows = y.limits, shape[:-1]
    data, exps = node.read(), node.constant(table, "exponentials")
    first, second = te.reduce_axis((0, shape[-1]), "k"), te.reduce_axis((0, shape[-1]), "m")
    largest = te.compute(rows, lambda *i: te.max(i32(data(*i, first)), axis=[first]), name="largest")

    def exponential(*i: Expression) -> Expression:
        difference = largest(*i[:-1]) - i32(data(*i))
        if len(table) == _DIFFERENCES:
            return exps[difference]
        return tirx.if_then_else(difference < len(table), exps[difference], const(0))

    total = te.compute(
        rows,
        lambda *i: te.sum(helper("fixed_shift_right", exponential(*i, second), const(_SUM_BITS)), axis=[second]),
        name="total",
    )
    factor, exponent = _scaling(total, y, shape[-1])

    def element(*i: Expression) -> Expression:
        scaled = helper("fixed_high_multiply", factor(*i[:-1]), exponential(*i))
        value = helper("fixed_shift_right", scaled, exponent(*i[:-1])) + const(low)
        return te.max(te.min(value, const(high)), const(low)).astype(y.dtype)

    return te.compute(shape, element, name="y")


def _check(node: Node) -> None:
    x, y = node.input(), node.output()
    node.require_types("int8", outputs=())
    node.require_types("int8", "int16", inputs=())
    node.require(x.shape == y.shape and x.shape, f"{x} and {y} do not have the same shape, or no dimensions")
    node.require(x.shape[-1] <= _LONGEST_ROW, f"its rows have {x.shape[-1]} elements; {_LONGEST_ROW} are supported")
    wanted, tolerance = (1 / 256, 0.0) if y.dtype == "int8" else (1 / 65536, 1e-3)
    quantized = y.zero_point == y.limits[0] and math.isclose(y.scale, wanted, rel_tol=tolerance)
    node.require(quantized, f"{y} is not quantized to [0, 1]")


def _scaling(total: te.Tensor, output: Tensor, elements: int) -> tuple[te.Tensor, te.Tensor]:
    """Return the reciprocals of the rows' sums, and by how many bits their products are above the output's integers.

    The sum of 512 or more exponentials that are nearly 1 asks for more bits than an int32 has when the output is
    int8. There TFLM stops; here such a row gives zeros, which is what 1/512 is in int8.
    """
    most = _SUM_BITS + 31 - 8 * np.dtype(output.dtype).itemsize
    largest_sum = elements << (31 - _SUM_BITS)
    fits = most - (32 - largest_sum.bit_length()) <= _MOST

    def bits(*row: Expression) -> Expression:
        return const(most) - helper("fixed_leading_zeros", total(*row))

    def reciprocal(*row: Expression) -> Expression:
        found = helper("fixed_reciprocal", total(*row))
        return found if fits else tirx.Select(bits(*row) > _MOST, const(0), found)

    def exponent(*row: Expression) -> Expression:
        return bits(*row) if fits else te.min(bits(*row), const(_MOST))

    once = {ONCE: True}
    return (
        te.compute(total.shape, reciprocal, name="reciprocal", attrs=once),
        te.compute(total.shape, exponent, name="exponent", attrs=once),
    )


def _exponentials(node: Node) -> np.ndarray:
    """Return exp(-i · scale · beta) in Q0.31 for the differences i = 0, 1, … that TFLite does not take for 0."""
    beta = float(node.operator.options.get("Beta", 0.0))
    node.require(math.isfinite(beta) and beta >= 0.0, f"its beta is {beta}")
    real = beta * node.input().scale * (1 << (31 - _DIFFERENCE_BITS))
    node.require(real > 1.0, f"its scale times beta, {beta * node.input().scale:.3g}, is too small")
    if real >= 1 << 30:  # nothing but the largest element itself counts
        return gemmlowp.exp_on_negative_values(np.zeros(1, np.int64), _DIFFERENCE_BITS).astype(np.int32)
    multiplier, shift = quantize_multiplier(real)
    radius = math.floor(((1 << _DIFFERENCE_BITS) - 1) * (1 << (31 - _DIFFERENCE_BITS)) / (1 << shift))
    differences = -np.arange(min(radius + 1, _DIFFERENCES), dtype=np.int64)
    scaled = gemmlowp.rescale(differences, multiplier, shift)
    return gemmlowp.exp_on_negative_values(scaled, _DIFFERENCE_BITS).astype(np.int32)
