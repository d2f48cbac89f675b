"""TRANSPOSE_CONV: each output element gathers the input elements that reach it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tvm import te, tirx

from harness.compiler.arithmetic import Expression, const, i32, product
from harness.compiler.channels import Sums, bias
from harness.compiler.kernel import Node, Pattern, operator

_RANK = 4
_SAME, _VALID = 0, 1
_LARGEST_STRIDE = 1 << 15
_SHAPE, _WEIGHTS, _DATA, _BIAS = range(4)
_BIAS_TYPES = {"int8": ("int32",), "int16": ("int64", "int16")}


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Which input elements reach an output element along one dimension.

    Input i and tap t of the filter go to output i · stride + t - before; so of all taps only every stride-th counts
    for an output, and the input goes back by one from each to the next.
    """

    size: int
    """Taps of the filter."""
    stride: int
    before: int
    """Elements of the full output that are cut off in front."""
    length: int
    """Elements of the input."""
    steps: int
    """Elements of the output."""

    @property
    def count(self) -> int:
        """The most taps that count for one output element."""
        return -(-self.size // self.stride)

    def tap(self, step: Expression, number: Expression) -> Expression:
        """Return the tap of the filter, the ``number``-th that counts for output ``step``."""
        return te.floormod(step + self.before, const(self.stride)) + number * self.stride

    def place(self, step: Expression, number: Expression) -> Expression:
        """Return the input's index that this tap belongs to."""
        return te.floordiv(step + self.before, const(self.stride)) - number

    def inside(self, step: Expression, number: Expression) -> list[Expression]:
        """Return the conditions for the tap and its input element to be there."""
        found = [self.tap(step, number) < self.size] if self.size % self.stride else []
        if self.before // self.stride < self.count - 1:
            found.append(self.place(step, number) >= 0)
        if (self.steps - 1 + self.before) // self.stride >= self.length:
            found.append(self.place(step, number) < self.length)
        return found


@operator("TRANSPOSE_CONV", Pattern.REDUCTION, versions=5)
def transpose_conv(node: Node) -> te.Tensor:
    """Lower a transposed convolution: output shape, weights [channels out, height, width, channels in], NHWC, bias.

    The sum has the same addends as TFLM's, which scatters them over a scratch memory of the output's size.
    """
    x, y, weights = node.input(_DATA), node.output(), _weights(node)
    channels, height, width, depth = weights.shape
    fits = x.shape[0] == y.shape[0] and x.shape[3] == depth and y.shape[3] == channels
    node.require(fits, f"{x}, {y} and its weights do not match")
    rows, columns = _reach(node, 1, height, node.option("StrideH")), _reach(node, 2, width, node.option("StrideW"))
    data, w = node.read(_DATA), node.constant(weights, "weights")
    ky, kx = te.reduce_axis((0, rows.count), "ky"), te.reduce_axis((0, columns.count), "kx")
    kc = te.reduce_axis((0, depth), "kc")
    sums = Sums(
        node=node,
        x=x,
        weights=node.input(_WEIGHTS),
        magnitudes=np.abs(weights.reshape(channels, -1).astype(np.int64)).sum(1),
        biases=bias(node, _BIAS, channels, *_BIAS_TYPES[x.dtype]),
        wide=x.dtype == "int16",
    )

    def addend(b: Expression, h: Expression, v: Expression, c: Expression) -> Expression:
        value = i32(data[b, rows.place(h, ky), columns.place(v, kx), kc]) - const(x.zero_point)
        found = product(value, w[c, rows.tap(h, ky), columns.tap(v, kx), kc], sums.dtype)
        inside = rows.inside(h, ky) + columns.inside(v, kx)
        return tirx.if_then_else(tirx.all(*inside), found, const(0, sums.dtype)) if inside else found

    total = te.compute(y.shape, lambda *i: te.sum(addend(*i), axis=[ky, kx, kc]), name="total")
    return sums.output(total)


def _weights(node: Node) -> np.ndarray:
    """Return the weights when all tensors are of the kind that is supported."""
    x, y, weights = node.input(_DATA), node.output(), node.input(_WEIGHTS)
    node.require_activations(inputs=(_DATA,))
    node.require(weights.dtype == "int8", f"{weights} is not of type int8")
    node.require(not any(weights.by_slice().zero_points), f"{weights} has a zero point other than 0")
    for tensor in (x, y, weights):
        node.require(len(tensor.shape) == _RANK, f"{tensor} does not have 4 dimensions")
    wanted = node.input(_SHAPE).data
    node.require(wanted is None or tuple(wanted.reshape(-1)) == y.shape, f"{y} does not have the shape of input 0")
    return np.asarray(node.content(_WEIGHTS))


def _reach(node: Node, axis: int, size: int, stride: int) -> Reach:
    """Return which elements meet along ``axis``: the way back of a convolution of the output with this stride."""
    length, steps, padding = node.input(_DATA).shape[axis], node.output().shape[axis], node.option("Padding")
    node.require(0 < stride <= _LARGEST_STRIDE, f"its stride {stride} is not between 1 and {_LARGEST_STRIDE}")
    node.require(padding in (_SAME, _VALID), f"the padding {padding} is not known")
    back = -(-steps // stride) if padding == _SAME else (steps - size) // stride + 1
    node.require(length == back, f"{node.output()} does not have the shape that its input and options give")
    before = max((back - 1) * stride + size - steps, 0) // 2
    return Reach(size=size, stride=stride, before=before, length=length, steps=steps)
