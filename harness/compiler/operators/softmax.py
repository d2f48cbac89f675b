"""SOFTMAX, by the table of exponentials that gemmlowp's fixed-point polynomial gives."""

from __future__ import annotations

import math

import numpy as np
from tvm import te, tirx

from harness.compiler import gemmlowp
from harness.compiler.arithmetic import Expression, const, helper, i32
from harness.compiler.fixed_point import quantize_multiplier
from harness.compiler.kernel import Node, Pattern, dims, operator

_DIFFERENCE_BITS = 5
_SUM_BITS = 12


@operator("SOFTMAX", Pattern.OPAQUE, versions=3)
def softmax(node: Node) -> te.Tensor:
    """Lower a softmax over the last dimension, with int8 or int16 output.

    An int8 element differs from the largest of its row by 0 to -255, so there are at most 256 exponentials.
    """
    x, y = node.input(), node.output()
    node.require_types("int8", outputs=())
    node.require_types("int8", "int16", inputs=())
    low, high = y.limits
    wanted = 1 / (high - low + 1)
    node.require(y.zero_point == low and math.isclose(y.scale, wanted, rel_tol=1e-3), f"{y} is not quantized to [0, 1]")
    table = _exponentials(node)
    shape = dims(x)
    data, exps = node.read(), node.constant(table, "exponentials")
    first, second = te.reduce_axis((0, shape[-1]), "k"), te.reduce_axis((0, shape[-1]), "m")
    largest = te.compute(shape[:-1], lambda *i: te.max(i32(data(*i, first)), axis=[first]), name="largest")

    def exponential(*i: Expression) -> Expression:
        difference = largest(*i[:-1]) - i32(data(*i))
        return tirx.if_then_else(difference < len(table), exps[difference], const(0))

    total = te.compute(
        shape[:-1],
        lambda *i: te.sum(helper("fixed_shift_right", exponential(*i, second), const(_SUM_BITS)), axis=[second]),
        name="total",
    )
    packed = te.compute(shape[:-1], lambda *i: helper("fixed_reciprocal", total(*i)), name="reciprocal")
    bits = te.compute(shape[:-1], lambda *i: helper("fixed_leading_zeros", total(*i)), name="zeros")

    def element(*i: Expression) -> Expression:
        scaled = helper("fixed_high_multiply", packed(*i[:-1]), exponential(*i))
        exponent = const(_SUM_BITS + 31 - 8 * np.dtype(y.dtype).itemsize) - bits(*i[:-1])
        value = helper("fixed_shift_right", scaled, exponent) + const(low)
        return te.max(te.min(value, const(high)), const(low)).astype(y.dtype)

    return te.compute(shape, element, name="y")


def _exponentials(node: Node) -> np.ndarray:
    """Return exp(-i · scale · beta) in Q0.31 for the differences i = 0, 1, … that TFLite does not take for 0."""
    beta = float(node.operator.options.get("Beta", 0.0))
    node.require(math.isfinite(beta) and beta >= 0.0, f"its beta is {beta}")
    real = min(beta * node.input().scale * (1 << (31 - _DIFFERENCE_BITS)), (1 << 31) - 1.0)
    node.require(real > 1.0, f"its scale times beta, {beta * node.input().scale:.3g}, is too small")
    multiplier, shift = quantize_multiplier(real)
    radius = math.floor(((1 << _DIFFERENCE_BITS) - 1) * (1 << (31 - _DIFFERENCE_BITS)) / (1 << shift))
    differences = -np.arange(min(radius, 255) + 1, dtype=np.int64)
    scaled = gemmlowp.rescale(differences, multiplier, shift)
    return gemmlowp.exp_on_negative_values(scaled, _DIFFERENCE_BITS).astype(np.int32)
