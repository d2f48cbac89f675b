"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED: sums of products, rescaled by channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tvm import te, tirx

from harness.compiler.arithmetic import Expression, const, product
from harness.compiler.channels import Sums, bias
from harness.compiler.graph import Tensor
from harness.compiler.kernel import Node, Pattern, dims, operator
from harness.compiler.operators.views import refold


@dataclass(frozen=True, kw_only=True)
class Window:
    """How a filter slides over one dimension."""

    size: int
    stride: int
    dilation: int
    before: int
    """Elements of padding in front of the first one."""
    length: int
    """Elements of the input."""
    steps: int
    """Elements of the output."""

    @property
    def leaves(self) -> bool:
        """Whether the filter ever reaches over the edges."""
        last = (self.steps - 1) * self.stride + (self.size - 1) * self.dilation - self.before
        return self.before > 0 or last >= self.length

    @property
    def reach(self) -> int:
        """Elements from the first that the filter touches to the last, padding and all."""
        return max((self.steps - 1) * self.stride + (self.size - 1) * self.dilation + 1, self.before + self.length)

    def place(self, step: Expression, tap: Expression) -> Expression:
        """Return the index under a tap of the filter, in the input with its padding."""
        return step * self.stride + tap * self.dilation


_SAME, _VALID = 0, 1
_INT32_TYPE = 2
"""int32 among the schema's tensor types."""
_LARGEST = (1 << 15) - 1
"""TFLM keeps paddings in an int16."""


def window(node: Node, axis: int, size: int, stride: int, dilation: int = 1) -> Window:
    """Return how a filter of ``size`` slides along ``axis`` of the node's first input, with TFLite's padding."""
    length, steps = node.input().shape[axis], node.output().shape[axis]
    reach = (size - 1) * dilation + 1
    padding = node.option("Padding")
    node.require(stride > 0 and dilation > 0 and size > 0, "a stride, dilation or filter size is not above 0")
    node.require(max(reach, stride) <= _LARGEST, "its filter reaches too far, or its stride is too large")
    node.require(padding in (_SAME, _VALID), f"the padding {padding} is not known")
    expected = -(-length // stride) if padding == _SAME else -(-(length - reach + 1) // stride)
    node.require(steps == expected, f"{node.output()} does not have the shape that its input and options give")
    before = max((steps - 1) * stride + reach - length, 0) // 2 if padding == _SAME else 0
    return Window(size=size, stride=stride, dilation=dilation, before=before, length=length, steps=steps)


def windows(node: Node, height: int, width: int) -> tuple[Window, Window]:
    """Return how the filter of a convolution slides over rows and over columns."""
    return (
        window(node, 1, height, node.option("StrideH"), node.option("DilationHFactor")),
        window(node, 2, width, node.option("StrideW"), node.option("DilationWFactor")),
    )


@operator("CONV_2D", Pattern.REDUCTION, versions=6)
def conv_2d(node: Node) -> te.Tensor:
    """Lower a convolution: input NHWC, weights [channels out, height, width, channels in of a group]."""
    x, y, weights = _check(node, 4)
    channels, height, width, depth = weights.shape
    sums = sums_of(node, weights.reshape(channels, -1))
    groups = x.shape[3] // depth
    whole = groups > 0 and x.shape[3] % depth == 0 and channels % groups == 0
    node.require(whole, "its weights do not match its input")
    share = channels // groups
    node.require(channels == y.shape[3], f"its weights give {channels} channels, {y} has others")
    rows, columns = windows(node, height, width)
    data = _padded(node, rows, columns)
    w = node.constant(weights, "weights")
    ky, kx = te.reduce_axis((0, height), "ky"), te.reduce_axis((0, width), "kx")
    kc = te.reduce_axis((0, depth), "kc")
    total = te.compute(
        dims(y),
        lambda b, h, v, c: te.sum(
            product(
                data[b, rows.place(h, ky), columns.place(v, kx), c // share * depth + kc],
                w[c, ky, kx, kc],
                sums.dtype,
            ),
            axis=[ky, kx, kc],
        ),
        name="total",
    )
    return sums.output(total)


@operator("DEPTHWISE_CONV_2D", Pattern.REDUCTION, versions=6)
def depthwise_conv_2d(node: Node) -> te.Tensor:
    """Lower a depthwise convolution: weights [1, height, width, channels out], any number of outputs a channel."""
    x, y, weights = _check(node, 4)
    _, height, width, channels = weights.shape
    sums = sums_of(node, weights.reshape(-1, channels).T)
    node.require(channels % x.shape[3] == 0 and weights.shape[0] == 1, "its weights do not match its input")
    node.require(channels == y.shape[3], f"its weights give {channels} channels, {y} has others")
    fan_out = channels // x.shape[3]
    rows, columns = windows(node, height, width)
    data = _padded(node, rows, columns)
    w = node.constant(weights, "weights")
    ky, kx = te.reduce_axis((0, height), "ky"), te.reduce_axis((0, width), "kx")
    total = te.compute(
        dims(y),
        lambda b, h, v, c: te.sum(
            product(data[b, rows.place(h, ky), columns.place(v, kx), c // fan_out], w[0, ky, kx, c], sums.dtype),
            axis=[ky, kx],
        ),
        name="total",
    )
    return sums.output(total)


@operator("FULLY_CONNECTED", Pattern.REDUCTION, versions=12)
def fully_connected(node: Node) -> te.Tensor:
    """Lower a dense layer: weights [units, depth]; every other dimension of the input counts as batch."""
    x, y, weights = _check(node, 2)
    units, depth = weights.shape
    sums = sums_of(node, weights)
    node.require(x.elements % depth == 0 and y.elements == x.elements // depth * units, "its shapes do not match")
    node.require(not node.option("WeightsFormat"), "shuffled weights are not supported")
    data = node.read()
    rows, shape = (x.elements // depth, depth), (x.elements // depth, units)
    flat = te.compute(rows, lambda *i: data(*refold(i, rows, dims(x))), name="flat")
    w = node.constant(weights, "weights")
    k = te.reduce_axis((0, depth), "k")
    total = te.compute(shape, lambda b, u: te.sum(product(flat[b, k], w[u, k], sums.dtype), axis=[k]), name="total")
    out = sums.output(total)
    if dims(y) == shape:
        return out
    return te.compute(dims(y), lambda *i: out(*refold(i, dims(y), shape)), name="folded")


def _check(node: Node, rank: int) -> tuple[Tensor, Tensor, np.ndarray]:
    """Return the input, the output and the weights when they are of the kind that is supported."""
    node.require_activations()
    weights = node.input(1)
    node.require(weights.dtype == "int8", f"{weights} is not of type int8")
    node.require(len(weights.shape) == rank, f"{weights} does not have {rank} dimensions")
    node.require(not any(weights.by_slice().zero_points), f"{weights} has a zero point other than 0")
    if rank == 4:  # noqa: PLR2004
        node.require(len(node.input().shape) == rank, f"{node.input()} does not have 4 dimensions")
        node.require(len(node.output().shape) == rank, f"{node.output()} does not have 4 dimensions")
        node.require(node.input().shape[0] == node.output().shape[0], "input and output differ in their batch")
    return node.input(), node.output(), np.asarray(node.content(1))


def _padded(node: Node, rows: Window, columns: Window) -> te.Tensor:
    """Return the input with the padding that the windows need around it, which holds the zero point.

    It is a stage of its own, so that a schedule may write it once or ask at each tap whether it lies outside.
    """
    data = node.read()
    if not (rows.leaves or columns.leaves):
        return data
    batch, _, _, depth = dims(node.input())

    def element(b: Expression, h: Expression, v: Expression, c: Expression) -> Expression:
        inside = [h >= rows.before, h < rows.before + rows.length] if rows.leaves else []
        inside += [v >= columns.before, v < columns.before + columns.length] if columns.leaves else []
        outside = const(node.input().zero_point, node.input().dtype)
        return tirx.if_then_else(tirx.all(*inside), data[b, h - rows.before, v - columns.before, c], outside)

    return te.compute((batch, rows.reach, columns.reach, depth), element, name="padded")


def sums_of(node: Node, weights: np.ndarray) -> Sums:
    """Return the sums of ``weights`` [channels, all that counts for one].

    The input's zero point is not subtracted from its elements, but taken out through the bias.
    """
    x, wide = node.input(), weights.astype(np.int64)
    dtypes = _bias_types(node)
    given = node.optional(2)
    return Sums(
        node=node,
        x=x,
        weights=node.input(1),
        magnitudes=np.abs(wide).sum(1),
        biases=bias(node, 2, len(wide), *dtypes) - x.zero_point * wide.sum(1),
        wide=x.dtype == "int16" and (dtypes[0] if given is None else given.dtype) == "int64",
    )


def _bias_types(node: Node) -> tuple[str, ...]:
    """Return the types that a bias may have, first that of sums without one."""
    if node.input().dtype == "int8":
        return ("int32",)
    if node.operator.name == "DEPTHWISE_CONV_2D":
        return ("int64",)
    narrow = node.operator.options.get("QuantizedBiasType", 0) == _INT32_TYPE
    return ("int32", "int64") if narrow else ("int64", "int32")
