"""What every operator with weights ends with: sums by channel, made int8 again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from tvm import te

from harness.compiler.arithmetic import Expression, clamp, const, helper, i32, scale, scale_down
from harness.compiler.fixed_point import activation_limits, quantize_multiplier
from harness.compiler.graph import Tensor
from harness.compiler.kernel import Node

_INT32 = 1 << 31
_LARGEST_INPUT = 255
"""The largest difference between an int8 and its zero point."""

Integers = npt.NDArray[np.int64]


def bias(node: Node, place: int, channels: int) -> Integers:
    """Return the bias by channel: input ``place``, or zeros where it is not given."""
    tensor = node.optional(place)
    if tensor is None:
        return np.zeros(channels, np.int64)
    fits = tensor.dtype == "int32" and tensor.elements == channels
    node.require(fits, f"{tensor} is not a bias for {channels} channels")
    return np.asarray(node.content(place), np.int64).reshape(-1)


def output_of_sums(
    node: Node, total: te.Tensor, *, x: Tensor, weights: Tensor, biases: Integers, magnitudes: Integers
) -> te.Tensor:
    """Return the int8 output, in ``total``'s shape, of int32 sums whose last dimension is the channel.

    A sum gets its bias, is rescaled by the scales of ``x``, ``weights`` (one, or one a channel) and the output, and
    held to the fused activation. Scales are multiplied in float64. Old versions of TFLM multiply those of a dense
    layer in float32, and can differ by 1 there.

    ``magnitudes`` are the sums of the absolute weights of each channel. Raises ``UnsupportedError`` where an int32
    cannot hold every sum; a bias may carry it beyond, and then it wraps as it does on the processors of TFLM.
    """
    y, largest = node.output(), _LARGEST_INPUT * magnitudes
    node.require(int(largest.max()) < _INT32, "its sums do not fit an int32")
    scales = weights.by_slice().scales
    node.require(len(scales) in (1, len(biases)), "its weights have scales for another dimension")
    pairs = [quantize_multiplier(x.scale * s / y.scale) for s in np.resize(scales, len(biases)).tolist()]
    limits = activation_limits(node.option("FusedActivationFunction"), y)
    rescaled = _rescaling(node, pairs)
    wraps = bool((np.abs(biases) + largest >= _INT32).any())
    offsets = _by_channel(node, biases.astype(np.int32).tolist(), "bias", np.int32)

    def element(*i: Expression) -> Expression:
        c = i[-1]
        value = helper("fixed_wrapping_add", total(*i), offsets(c)) if wraps else total(*i) + offsets(c)
        return clamp(rescaled(value, c) + const(y.zero_point), limits)

    return te.compute(total.shape, element, name="y")


def _rescaling(node: Node, pairs: Sequence[tuple[int, int]]) -> Callable[[Expression, Expression], Expression]:
    """Return how to multiply a value by the multiplier and the power of two of its channel."""
    shifts = [shift for _, shift in pairs]
    multiplier = _by_channel(node, [found for found, _ in pairs], "multiplier", np.int32)
    if max(shifts) <= 0:
        exponent = _by_channel(node, [-shift for shift in shifts], "exponent", np.int8)
        return lambda value, c: scale_down(value, multiplier(c), exponent(c))
    shift = _by_channel(node, shifts, "shift", np.int8)
    return lambda value, c: scale(value, multiplier(c), shift(c))


def _by_channel(node: Node, values: Sequence[int], name: str, dtype: type) -> Callable[[Expression], Expression]:
    """Return how to read a number of a channel: a literal where all are the same."""
    if len(set(values)) == 1:
        return lambda _: const(values[0])
    table = node.constant(np.array(values, dtype), name)
    return lambda c: i32(table[c])
