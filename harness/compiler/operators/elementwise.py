"""ADD, SUB and MUL with broadcasting."""

from __future__ import annotations

from tvm import te

from harness.compiler.arithmetic import Expression, clamp, const, i32, rescale_by
from harness.compiler.fixed_point import activation_limits
from harness.compiler.kernel import Node, Pattern, dims, operator

_LEFT_SHIFT = 20


@operator("ADD", Pattern.ELEMENTWISE, versions=2)
def add(node: Node) -> te.Tensor:
    """Lower a sum."""
    a, b, y = node.input(0), node.input(1), node.output()
    node.require_types("int8", inputs=(0, 1))
    twice = 2 * max(a.scale, b.scale)
    limits = activation_limits(node.option("FusedActivationFunction"), y)
    left, right = node.read(0), node.read(1)

    def scaled(value: Expression, zero_point: int, scale: float) -> Expression:
        return rescale_by((i32(value) - const(zero_point)) * const(1 << _LEFT_SHIFT), scale / twice)

    def element(*i: Expression) -> Expression:
        total = scaled(left(*i), a.zero_point, a.scale) + scaled(right(*i), b.zero_point, b.scale)
        return clamp(rescale_by(total, twice / ((1 << _LEFT_SHIFT) * y.scale)) + const(y.zero_point), limits)

    return te.compute(dims(y), element, name="y")
