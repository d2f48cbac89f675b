"""SLICE, STRIDED_SLICE and RESIZE_NEAREST_NEIGHBOR: some elements of the input, in their order or against it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from tvm import te

from harness.compiler.arithmetic import Expression, const, i32
from harness.compiler.kernel import Node, Pattern, dims, operator
from harness.compiler.operators.movement import integers, require_output

_IMAGE_RANK = 4


@operator("SLICE", Pattern.OPAQUE, versions=6)
def slice_(node: Node) -> te.Tensor:
    """Lower a box of the input: begin and size, int32 or int64 [rank]; a size of -1 reaches to the end."""
    x, rank = node.input(), len(node.input().shape)
    begin, given = integers(node, 1, "int32", "int64"), integers(node, 2, "int32", "int64")
    node.require(len(begin) == len(given) == rank, f"its begin and size are not one number a dimension of {x}")
    sizes = [length - b if size == -1 else size for b, size, length in zip(begin, given, x.shape, strict=True)]
    for b, size, length in zip(begin, sizes, x.shape, strict=True):
        node.require(b >= 0 and size > 0 and b + size <= length, f"begin {begin} and size {given} leave {x}")
    require_output(node, tuple(sizes), x.dtype)
    data = node.read()
    return te.compute(sizes, lambda *i: data(*(b + index for b, index in zip(begin, i, strict=True))), name="y")


@operator("STRIDED_SLICE", Pattern.OPAQUE, versions=7)
def strided_slice(node: Node) -> te.Tensor:
    """Lower a slice with steps: begin, end and strides, int32 [rank], with masks for begin, end and dropped axes.

    As in TFLM, a mask for begin counts for dropped axes too, and the end of such an axis does not matter.
    """
    x, rank = node.input(), len(node.input().shape)
    for name in ("EllipsisMask", "NewAxisMask"):
        node.require(not node.option(name), f"its {name} is not 0, which is not supported")
    node.require(not node.operator.options.get("Offset", False), "an end that counts from the begin is not supported")
    begin, end, strides = (integers(node, place) for place in (1, 2, 3))
    lengths = {len(begin), len(end), len(strides)}
    node.require(lengths == {rank}, f"its begin, end and strides are not one number a dimension of {x}")
    node.require(0 not in strides, f"one of its strides {strides} is 0")
    picked = [_picked(node, axis, *numbers) for axis, numbers in enumerate(zip(begin, end, strides, strict=True))]
    kept = [axis for axis in range(rank) if not node.option("ShrinkAxisMask") >> axis & 1]
    require_output(node, tuple(len(picked[axis]) for axis in kept), x.dtype)
    data = node.read()

    def element(*i: Expression) -> Expression:
        steps = dict(zip(kept, i, strict=False))
        return data(*(steps.get(axis, 0) * picked[axis].step + picked[axis].start for axis in range(rank)))

    return te.compute(dims(node.output()), element, name="y")


def _picked(node: Node, axis: int, begin: int, end: int, stride: int) -> range:
    """Return the indices of the elements that are kept along an axis; all of them lie within the input."""
    length, forward = node.input().shape[axis], stride > 0
    low, high = (0, length) if forward else (-1, length - 1)
    first = min(max(begin + length if begin < 0 else begin, low), high)
    if node.option("BeginMask") >> axis & 1:
        first = 0 if forward else length - 1
    if node.option("ShrinkAxisMask") >> axis & 1:
        inside = forward and 0 <= first < length
        node.require(inside, f"its index {begin} lies outside of axis {axis}, or its stride is negative")
        return range(first, first + 1)
    last = min(max(end + length if end < 0 else end, low), high)
    if node.option("EndMask") >> axis & 1:
        last = length if forward else -1
    found = range(first, last, stride)
    return found if len(found) > 1 else range(first, first + len(found))


@operator("RESIZE_NEAREST_NEIGHBOR", Pattern.OPAQUE, versions=4)
def resize_nearest_neighbor(node: Node) -> te.Tensor:
    """Lower a change of height and width, NHWC, to the size int32 [2] of the second input."""
    x, size = node.input(), integers(node, 1)
    node.require(len(x.shape) == _IMAGE_RANK and len(size) == 2, f"{x} or {node.input(1)} is not of an image")  # noqa: PLR2004
    require_output(node, (x.shape[0], *size, x.shape[3]), x.dtype)
    row = _places(node, "rows", x.shape[1], size[0])
    column = _places(node, "columns", x.shape[2], size[1])
    data = node.read()
    return te.compute(node.output().shape, lambda b, h, v, c: data(b, row(h), column(v), c), name="y")


def _places(node: Node, name: str, length: int, wanted: int) -> Callable[[Expression], Expression]:
    """Return how to find the place that an index of the output is read from: a formula, or a table in flash."""
    aligned, half = bool(node.option("AlignCorners")), bool(node.option("HalfPixelCenters"))
    table = nearest(length, wanted, aligned=aligned, half=half)
    index, first = np.arange(wanted), int(table[0])
    step, repeats = int(table[1 % wanted]) - first, max(wanted // length, 1)
    if (table == index * step + first).all():
        return lambda i: i * step + first
    if (table == index // repeats).all():
        return lambda i: te.floordiv(i, const(repeats))
    places = node.constant(table.astype(np.min_scalar_type(length - 1)), name)
    return lambda i: i32(places[i])


def nearest(length: int, wanted: int, *, aligned: bool, half: bool) -> np.ndarray:
    """Return where each of ``wanted`` elements comes from among ``length``, int64 [wanted].

    Rounds every step to a float32, as TFLite's ``reference/resize_nearest_neighbor.h`` does.
    """
    offset = np.float32(0.5 if half else 0.0)
    scale = np.float32(length) / np.float32(wanted)
    if aligned and wanted > 1:
        scale = np.float32(length - 1) / np.float32(wanted - 1)
    real = (np.arange(wanted, dtype=np.float32) + offset) * scale
    rounded = np.floor(real.astype(np.float64) + 0.5) if aligned else np.floor(real)
    return np.clip(rounded.astype(np.int64), 0, length - 1)
