"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

from collections.abc import Callable

from tvm import te, tirx

from harness.compiler.arithmetic import Expression, clamp, const, i32
from harness.compiler.fixed_point import activation_limits
from harness.compiler.kernel import Node, Pattern, dims, operator
from harness.compiler.operators.convolution import Window, window

_INT32 = 1 << 31
_SAME_SCALE = 1e-6
"""Scales that differ by less count as the same, as in TFLM's ``kernels/pooling_common``."""


@operator("AVERAGE_POOL_2D", Pattern.REDUCTION, versions=3)
def average_pool_2d(node: Node) -> te.Tensor:
    """Lower a mean over windows, rounded half away from zero; elements outside of the input do not count."""
    rows, columns, tap = _prepare(node, const(0))
    x, most = node.input(), rows.size * columns.size
    node.require(most * -x.limits[0] < _INT32, f"it adds up {most:,} elements, more than an int32 holds the sum of")
    limits = activation_limits(node.option("FusedActivationFunction"), node.output())
    ky, kx = te.reduce_axis((0, rows.size), "ky"), te.reduce_axis((0, columns.size), "kx")
    total = te.compute(
        dims(node.output()), lambda b, h, v, c: te.sum(tap(b, h, v, c, ky, kx), axis=[ky, kx]), name="total"
    )

    def mean(b: Expression, h: Expression, v: Expression, c: Expression) -> Expression:
        count = _taps(rows, h) * _taps(columns, v)
        half = tirx.truncdiv(count, const(2))
        found = total[b, h, v, c]
        return clamp(tirx.truncdiv(tirx.Select(found > 0, found + half, found - half), count), limits, x.dtype)

    return te.compute(dims(node.output()), mean, name="y")


@operator("MAX_POOL_2D", Pattern.REDUCTION, versions=3)
def max_pool_2d(node: Node) -> te.Tensor:
    """Lower a maximum over windows."""
    node.require_activations()
    low, _ = node.input().limits
    rows, columns, tap = _prepare(node, const(low))
    limits = activation_limits(node.option("FusedActivationFunction"), node.output())
    ky, kx = te.reduce_axis((0, rows.size), "ky"), te.reduce_axis((0, columns.size), "kx")
    largest = te.compute(
        dims(node.output()), lambda b, h, v, c: te.max(tap(b, h, v, c, ky, kx), axis=[ky, kx]), name="largest"
    )
    return te.compute(dims(node.output()), lambda *i: clamp(largest(*i), limits, node.output().dtype), name="y")


def _prepare(node: Node, outside: Expression) -> tuple[Window, Window, Callable[..., Expression]]:
    """Return the windows, and how to read an element under one; ``outside`` stands for those beyond the edges."""
    x, y = node.input(), node.output()
    node.require_activations()
    node.require(len(x.shape) == len(y.shape) == 4, "its input and output do not have 4 dimensions")  # noqa: PLR2004
    node.require(x.shape[0] == y.shape[0] and x.shape[3] == y.shape[3], "its input and output do not match")
    near = abs(x.scale - y.scale) <= _SAME_SCALE and x.zero_point == y.zero_point
    node.require(near, "its input and output are quantized differently")
    rows = window(node, 1, node.option("FilterHeight"), node.option("StrideH"))
    columns = window(node, 2, node.option("FilterWidth"), node.option("StrideW"))
    data = node.read()

    def tap(*place: Expression) -> Expression:
        b, h, v, c, ky, kx = place
        row, column = rows.place(h, ky) - rows.before, columns.place(v, kx) - columns.before
        inside = [row >= 0, row < rows.length] if rows.leaves else []
        inside += [column >= 0, column < columns.length] if columns.leaves else []
        value = i32(data[b, row, column, c])
        return tirx.if_then_else(tirx.all(*inside), value, outside) if inside else value

    return rows, columns, tap


def _taps(along: Window, step: Expression) -> Expression:
    """Return how many elements of the input lie under the window at ``step``."""
    if not along.leaves:
        return const(along.size)
    origin = along.place(step, const(0)) - along.before
    first, end = te.max(const(0), const(0) - origin), te.min(const(along.size), const(along.length) - origin)
    return end - first
