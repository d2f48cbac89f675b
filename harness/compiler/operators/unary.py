"""RELU, RELU6, LEAKYRELU, HARD_SWISH, LOGISTIC and TANH: of int8 by tables of 256 results, made now.

The quotients of scales are float64, as in TFLite. Older versions of TFLM take float32 ones, which can move a result
by 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from tvm import te

from harness.compiler import gemmlowp
from harness.compiler.arithmetic import Expression, const, i32
from harness.compiler.fixed_point import RELU, RELU6, activation_limits, quantize_multiplier
from harness.compiler.gemmlowp import Integers
from harness.compiler.graph import Tensor
from harness.compiler.kernel import Node, Pattern, dims, operator
from harness.compiler.operators import int16

_INTEGER_BITS = 4
_BYTE = 256


@operator("RELU", Pattern.ELEMENTWISE, versions=3)
def relu(node: Node) -> te.Tensor:
    """Lower max(x, 0), rescaled."""
    x, y = _activations(node)
    if x.dtype == "int16":
        return int16.relu(node)
    scaled = y.zero_point + _rescaled(centred(x), x.scale / y.scale)
    return lookup(node, np.clip(scaled, *activation_limits(RELU, y)))


@operator("RELU6", Pattern.ELEMENTWISE, versions=3)
def relu6(node: Node) -> te.Tensor:
    """Lower a clamp to [0, 6] in the input's quantization.

    TFLM's kernel does not look at the output's quantization: integers between the limits pass as they are.
    """
    x, _ = _activations(node)
    if x.dtype == "int16":
        return int16.relu6(node)
    return lookup(node, np.clip(values(x), *activation_limits(RELU6, x)))


@operator("LEAKY_RELU", Pattern.ELEMENTWISE, versions=2)
def leaky_relu(node: Node) -> te.Tensor:
    """Lower x or, below 0, alpha · x, each rescaled once.

    What a negative alpha gives is rescaled by its absolute value and then negated, as TFLite's kernels do.
    """
    x, y = _activations(node)
    alpha = float(node.operator.options.get("Alpha", math.nan))
    node.require(math.isfinite(alpha), f"its alpha is {alpha}")
    if x.dtype == "int16":
        return int16.leaky_relu(node, alpha)
    positive = _rescaled(centred(x), x.scale / y.scale)
    negative = _rescaled(centred(x), x.scale * abs(alpha) / y.scale)
    chosen = np.where(centred(x) >= 0, positive, -negative if alpha < 0 else negative)
    return lookup(node, np.clip(chosen + y.zero_point, *y.limits))


@operator("HARD_SWISH", Pattern.ELEMENTWISE, versions=1, types=("int8",))
def hard_swish(node: Node) -> te.Tensor:
    """Lower x · min(max(x + 3, 0), 6) / 6 in TFLite's 16-bit fixed-point arithmetic."""
    x, y = _activations(node)
    fine, fine_scale = centred(x) << 7, x.scale / 128
    factor, shift = quantize_multiplier(fine_scale / y.scale)
    node.require(shift <= 0, f"the scale of {x} is 128 times that of {y} or more")
    scaled = gemmlowp.high_multiply(fine, _upper_half(factor), bits=16)
    product = gemmlowp.truncated_multiply(_gate(fine, fine_scale), scaled)
    result = gemmlowp.shift_right(product, -shift, bits=16) + y.zero_point
    return lookup(node, np.clip(gemmlowp.wrap(result, bits=16), *y.limits))


def _gate(value: Integers, scale: float) -> Integers:
    """Return (x + 3) / 6 held to [0, 1] in Q0.15, for 16-bit integers of ``scale``."""
    factor, shift = quantize_multiplier(scale / (3 / 32768))
    limits = (-(1 << 15), (1 << 15) - 1)
    held = np.clip(value << max(shift - 1, 0), *limits)
    found = gemmlowp.high_multiply(held, _upper_half(factor), bits=16)
    if shift > 0:
        found = np.clip(found << 1, *limits)
    return (gemmlowp.shift_right(found, max(-shift, 0), bits=16) + (1 << 15)) >> 1


def _upper_half(multiplier: int) -> int:
    """Return the upper 16 bits of a multiplier, rounded and held to an int16."""
    return min((multiplier + (1 << 15)) >> 16, (1 << 15) - 1)


@operator("LOGISTIC", Pattern.ELEMENTWISE, versions=3)
def logistic(node: Node) -> te.Tensor:
    """Lower 1 / (1 + exp(-x)) by gemmlowp's polynomial; the output is quantized to [0, 1) in steps of 1/256."""
    if _activations(node)[0].dtype == "int16":
        return int16.logistic(node)
    _require_quantization(node, 1 / 256, -128)
    return lookup(node, _sigmoid(node, lambda x: gemmlowp.shift_right(gemmlowp.logistic(x, _INTEGER_BITS), 23) - 128))


@operator("TANH", Pattern.ELEMENTWISE, versions=3)
def tanh(node: Node) -> te.Tensor:
    """Lower a hyperbolic tangent by gemmlowp's polynomial; the output is quantized to [-1, 1) in steps of 1/128."""
    if _activations(node)[0].dtype == "int16":
        return int16.tanh(node)
    _require_quantization(node, 1 / 128, 0)
    return lookup(node, _sigmoid(node, lambda x: gemmlowp.shift_right(gemmlowp.tanh(x, _INTEGER_BITS), 24)))


def _require_quantization(node: Node, scale: float, zero_point: int) -> None:
    y = node.output()
    fits = y.zero_point == zero_point and math.isclose(y.scale, scale, rel_tol=1e-3)
    node.require(fits, f"{y} does not have the scale {scale} and the zero point {zero_point}")


def _sigmoid(node: Node, function: Callable[[Integers], Integers]) -> Integers:
    """Return ``function`` of the values in Q4.27, and the output's limits for those that Q4.27 cannot hold."""
    x, y = node.input(), node.output()
    real = x.scale * (1 << (31 - _INTEGER_BITS))
    shift = math.frexp(real)[1]
    node.require(shift >= 0, f"the scale of {x} is too small")
    radius = math.floor(((1 << _INTEGER_BITS) - 1) * (1 << (31 - _INTEGER_BITS)) / (1 << shift))
    inside = np.clip(centred(x), -radius, radius)
    scaled = _rescaled(inside, real) if radius else inside
    result = np.clip(function(scaled), *y.limits)
    result = np.where(centred(x) >= radius, y.limits[1], result)
    return np.where(centred(x) <= -radius, y.limits[0], result)


def _activations(node: Node) -> tuple[Tensor, Tensor]:
    """Return the input and the output, which have to be of the same type."""
    node.require_activations()
    return node.input(), node.output()


def _rescaled(value: Integers, real: float) -> Integers:
    return gemmlowp.rescale(value, *quantize_multiplier(real))


def values(tensor: Tensor) -> Integers:
    """Return all 256 integers that an int8 or uint8 tensor can hold, in order."""
    low, high = tensor.limits
    return np.arange(low, high + 1, dtype=np.int64)


def centred(tensor: Tensor) -> Integers:
    """Return all 256 integers that an int8 or uint8 tensor can hold, less its zero point."""
    return values(tensor) - tensor.zero_point


def lookup(node: Node, table: Integers, place: int = 0) -> te.Tensor:
    """Return the output whose elements are ``table[element - least value]`` of the input at ``place``.

    The table has one result for each of the 256 integers that the int8 or uint8 input can hold. Where they are what
    an addition and a clamp give, those are computed instead.
    """
    x, y = node.input(place), node.output()
    node.require(dims(x) == dims(y), f"{x} and {y} do not have the same shape")
    node.require(len(table) == _BYTE, f"{x} is not of a type of 256 values")
    data = node.read(place)
    offset = _offset(x, table)
    if offset is not None:
        return te.compute(dims(y), lambda *i: _shifted(data(*i), offset, x, table).astype(y.dtype), name="y")
    stored = node.constant(table.astype(y.dtype), "table")
    return te.compute(dims(y), lambda *i: stored[i32(data(*i)) - const(x.limits[0])], name="y")


def _offset(x: Tensor, table: Integers) -> int | None:
    """Return the number to add for which a clamp to the table's range gives the table; None if there is none."""
    least, largest = int(table.min()), int(table.max())
    for found in dict.fromkeys((table - values(x))[(table > least) | (table < largest)].tolist()):
        if np.array_equal(table, np.clip(values(x) + found, least, largest)):
            return int(found)
    return None


def _shifted(value: Expression, offset: int, x: Tensor, table: Integers) -> Expression:
    """Return value + offset held to the table's range, with no step that does nothing."""
    low, high = x.limits
    least, largest = int(table.min()), int(table.max())
    if offset == 0 and (low, high) == (least, largest):
        return value
    found = i32(value) + const(offset)
    if high + offset > largest:
        found = te.min(found, const(largest))
    if low + offset < least:
        found = te.max(found, const(least))
    return found
