"""MEAN, SUM, REDUCE_MAX and REDUCE_MIN: one element for all those along some axes."""

from __future__ import annotations

import math
from collections.abc import Callable

from tvm import te

from harness.compiler.arithmetic import Expression, clamp, const, i32, rescale
from harness.compiler.fixed_point import quantize_multiplier
from harness.compiler.kernel import Node, Pattern, dims, operator
from harness.compiler.operators.movement import integers, require_output, resolved

_MOST_ELEMENTS = {"int8": 1 << 23, "int16": (1 << 16) - 1}
"""So many differences of an element and its zero point still add up to less than 2^31."""


@operator("MEAN", Pattern.REDUCTION, versions=3)
def mean(node: Node) -> te.Tensor:
    """Lower a mean, rescaled: axes int32, of which those below 0 count from the end and may be named twice."""
    node.require_activations()
    axes = _axes(node)
    multiplier, shift = quantize_multiplier(node.input().scale / node.output().scale)
    return _rescaled_sum(node, axes, *_divided(multiplier, shift, _count(node, axes)))


@operator("SUM", Pattern.REDUCTION, versions=2)
def sum_(node: Node) -> te.Tensor:
    """Lower a sum, rescaled; axes as those of MEAN."""
    node.require_activations()
    axes = _axes(node)
    multiplier, shift = quantize_multiplier(node.input().scale / node.output().scale)
    return _rescaled_sum(node, axes, multiplier, shift)


@operator("REDUCE_MAX", Pattern.REDUCTION, versions=3, types=("int8",))
def reduce_max(node: Node) -> te.Tensor:
    """Lower a maximum; axes as those of MEAN."""
    return _extreme(node, te.max, "largest")


@operator("REDUCE_MIN", Pattern.REDUCTION, versions=3, types=("int8",))
def reduce_min(node: Node) -> te.Tensor:
    """Lower a minimum; axes as those of MEAN."""
    return _extreme(node, te.min, "least")


def _rescaled_sum(node: Node, axes: list[int], multiplier: int, shift: int) -> te.Tensor:
    """Return the sum along ``axes``, times multiplier · 2^(shift - 31), as the output's integers."""
    x, y = node.input(), node.output()
    count = _count(node, axes)
    node.require(
        count <= _MOST_ELEMENTS[x.dtype], f"it adds up {count:,} elements, more than an int32 holds the sum of"
    )
    total = _reduced(node, axes, te.sum, "total")
    offset = const(count * x.zero_point)

    def element(*i: Expression) -> Expression:
        scaled = rescale(total(*i) - offset, multiplier, shift)
        return clamp(scaled + const(y.zero_point), y.limits, y.dtype)

    return te.compute(dims(y), element, name="y")


def _divided(multiplier: int, shift: int, count: int) -> tuple[int, int]:
    """Return multiplier and shift of a mean over ``count`` elements.

    Source: TFLite ``reference/reduce.h``, which shifts the multiplier by as many bits as ``count`` has before it
    divides, so that little is lost.
    """
    more = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << more) // count, shift - more


def _extreme(node: Node, reducer: Callable[..., Expression], name: str) -> te.Tensor:
    node.require_types("int8")
    axes, x, y = _axes(node), node.input(), node.output()
    same = (x.scale, x.zero_point) == (y.scale, y.zero_point)
    node.require(same, f"{x} and {y} are quantized differently")
    found = _reduced(node, axes, reducer, name)
    return te.compute(dims(y), lambda *i: found(*i).astype(y.dtype), name="y")


def _axes(node: Node) -> list[int]:
    """Return the axes to reduce, ascending and each once, when shapes and types are as they have to be."""
    x = node.input()
    axes = sorted({resolved(node, axis, len(x.shape)) for axis in integers(node, 1)})
    left = ((axis, 1 if axis in axes else size) for axis, size in enumerate(x.shape))
    require_output(node, tuple(size for axis, size in left if node.option("KeepDims") or axis not in axes), x.dtype)
    return axes


def _count(node: Node, axes: list[int]) -> int:
    """Return how many elements of the input one of the output is made of."""
    return math.prod(node.input().shape[axis] for axis in axes)


def _reduced(node: Node, axes: list[int], reducer: Callable[..., Expression], name: str) -> te.Tensor:
    """Return the int32 that ``reducer`` makes of the elements along ``axes``, in the output's shape."""
    x, data = node.input(), node.read()
    along = {axis: te.reduce_axis((0, x.shape[axis]), f"r{axis}") for axis in axes}
    kept = range(len(x.shape)) if node.option("KeepDims") else [a for a in range(len(x.shape)) if a not in along]

    def element(*i: Expression) -> Expression:
        place = dict(zip(kept, i, strict=False)) | along
        return reducer(i32(data(*(place[axis] for axis in range(len(x.shape))))), axis=list(along.values()))

    return te.compute(dims(node.output()), element, name=name)
