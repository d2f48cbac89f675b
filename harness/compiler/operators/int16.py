"""Functions of one int16 element and the softmax of int16: too many values for a table of results as int8 has them.

The exponential and the reciprocal of a softmax, the logistic function and the hyperbolic tangent are interpolated in
tables that are made now, as in TFLite's ``kernels/internal/common.h``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from tvm import te, tirx

from harness.compiler.arithmetic import Expression, address, clamp, const, helper, i32, rescale, rescale_by
from harness.compiler.fixed_point import RELU, RELU6, activation_limits, quantize_multiplier
from harness.compiler.kernel import Node, dims
from harness.compiler.schedule import ONCE

_LIMITS = (-(1 << 15), (1 << 15) - 1)
_LARGEST_MULTIPLIER = (1 << 15) - 1
_POWER_OF_TWO = 1e-3
"""Logarithms that are this near to an integer count as one, as in TFLite's ``CheckedLog2``."""
_LONGEST_ROW = (1 << 16) - 1
"""Elements whose exponentials, each below 2^15, add up to less than 2^31."""
_STEPS = 512
_RANGE = (1 << 16) - 1

Floats = npt.NDArray[np.float32]


def elementwise(node: Node, function: Callable[[Expression], Expression]) -> te.Tensor:
    """Return the output of a function that takes one element as an int32 and gives one that an int16 holds."""
    x, y = node.input(), node.output()
    node.require(dims(x) == dims(y), f"{x} and {y} do not have the same shape")
    data = node.read()
    return te.compute(dims(y), lambda *i: function(i32(data(*i))).astype(y.dtype), name="y")


def relu(node: Node) -> te.Tensor:
    """Return max(x, 0), rescaled."""
    limits, ratio = activation_limits(RELU, node.output()), node.input().scale / node.output().scale
    return elementwise(node, lambda value: clamp(rescale_by(value, ratio), limits, "int16"))


def relu6(node: Node) -> te.Tensor:
    """Return x held to [0, 6] in the input's quantization."""
    limits = activation_limits(RELU6, node.input())
    return elementwise(node, lambda value: clamp(value, limits, "int16"))


def leaky_relu(node: Node, alpha: float) -> te.Tensor:
    """Return x or, below 0, alpha · x, each rescaled once."""
    ratio = node.input().scale / node.output().scale

    def function(value: Expression) -> Expression:
        negative = rescale_by(value, ratio * abs(alpha))
        negative = const(0) - negative if alpha < 0 else negative
        return clamp(tirx.Select(value >= 0, rescale_by(value, ratio), negative), _LIMITS, "int16")

    return elementwise(node, function)


def logistic(node: Node) -> te.Tensor:
    """Return 1 / (1 + exp(-x)) in steps of 2^-15."""
    return _sigmoid(node, "fixed_logistic", (0,))


def tanh(node: Node) -> te.Tensor:
    """Return the hyperbolic tangent in steps of 2^-15."""
    return _sigmoid(node, "fixed_tanh", (0, 1))


def _sigmoid(node: Node, name: str, exact: tuple[int, ...]) -> te.Tensor:
    """Return what the helper ``name`` gives for inputs in steps of 1 / (3 · 2^12).

    Input scales of 2^(k - 12) for the ``exact`` k are multiplied exactly; others by 15 bits, rounded to zero.
    """
    x, y = node.input(), node.output()
    node.require(_logarithm(y.scale) == -15, f"{y} does not have the scale 1/32768")  # noqa: PLR2004
    power = _logarithm(x.scale)
    shift = 0
    if power is not None and power + 12 in exact:
        multiplier = 3 << (power + 12)
    else:
        real = x.scale * 4096.0 * 3.0
        while real <= _LARGEST_MULTIPLIER / 2 and shift <= 30:  # noqa: PLR2004 (an int32 has no more bits)
            shift, real = shift + 1, real * 2.0
        node.require(real < _LARGEST_MULTIPLIER + 1, f"the scale of {x} is too large")
        multiplier = int(real)
    table = node.constant(_logistic_table(), "table")

    def function(value: Expression) -> Expression:
        scaled = helper("fixed_shift_right_up", value * const(multiplier), const(shift))
        return helper(name, scaled, address(table))

    return elementwise(node, function)


def _logarithm(scale: float) -> int | None:
    """Return k where ``scale`` is 2^k or very near to it."""
    found = math.log2(scale)
    return round(found) if abs(found - round(found)) < _POWER_OF_TWO else None


def _logistic_table() -> npt.NDArray[np.uint16]:
    """Return 1 / (1 + exp(-i / 24)) in Q0.16 for i = 0 … 255.

    Between two elements the function lies above the line, at most by an eighth of its second derivative times the
    step squared. Half of that is added, so that the error has both signs. The last element stands for 1.
    """
    value = 1.0 / (1.0 + np.exp(-np.arange(256) / 24.0))
    bend = value * (1.0 - value) * (2.0 * value - 1.0) / 24.0**2
    table = np.floor((value + bend / 16.0) * 65536.0 + 0.5)
    table[-1] = 65535.0
    return table.astype(np.uint16)


def softmax(node: Node) -> te.Tensor:
    """Return a softmax over the last dimension in steps of 2^-15.

    Differences to the largest element of a row are brought to steps of 10/65535. The sum of their exponentials is
    shifted to a number in [1, 2), whose reciprocal is looked up.
    """
    x, y = node.input(), node.output()
    node.require(x.shape == y.shape and x.shape, f"{x} and {y} do not have the same shape, or no dimensions")
    node.require(x.shape[-1] <= _LONGEST_ROW, f"its rows have {x.shape[-1]} elements; {_LONGEST_ROW} are supported")
    node.require(math.isclose(y.scale, 1 / 32768, rel_tol=1e-3), f"{y} does not have the scale 1/32768")
    multiplier, shift = _difference_multiplier(node)
    shape, rows = dims(x), dims(x)[:-1]
    data = node.read()
    exps = node.constant(_interpolation(_exponential, 10.0, 1 << 15), "exponentials")
    inverses = node.constant(
        _interpolation(lambda v: np.float32(1) / (np.float32(1) + v), 1.0, -(1 << 15)), "inverses"
    )
    first, second = te.reduce_axis((0, shape[-1]), "k"), te.reduce_axis((0, shape[-1]), "m")
    largest = te.compute(rows, lambda *i: te.max(i32(data(*i, first)), axis=[first]), name="largest")

    def exponential(*i: Expression) -> Expression:
        scaled = rescale(i32(data(*i)) - largest(*i[:-1]), multiplier, shift)
        return _lookup(exps, scaled + const(_LIMITS[1]))

    total = te.compute(rows, lambda *i: te.sum(exponential(*i, second), axis=[second]), name="total")
    once = {ONCE: True}
    zeros = te.compute(rows, lambda *i: helper("fixed_leading_zeros", total(*i)), name="zeros", attrs=once)

    def reciprocal(*i: Expression) -> Expression:
        whole = helper("fixed_shift_left", total(*i), zeros(*i) - const(1))
        return _lookup(inverses, helper("fixed_shift_right", whole, const(14)) - const(3 << 15))

    factor = te.compute(rows, reciprocal, name="factor", attrs=once)

    def element(*i: Expression) -> Expression:
        product = exponential(*i) * factor(*i[:-1])
        return clamp(helper("fixed_shift_right", product, const(31) - zeros(*i[:-1])), (0, _LIMITS[1]), y.dtype)

    return te.compute(shape, element, name="y")


def _difference_multiplier(node: Node) -> tuple[int, int]:
    beta = float(node.operator.options.get("Beta", 0.0))
    node.require(math.isfinite(beta) and beta >= 0.0, f"its beta is {beta}")
    multiplier, shift = quantize_multiplier(node.input().scale * beta / (10.0 / _RANGE))
    node.require(shift < 16, f"its scale times beta, {beta * node.input().scale:.3g}, is too large")  # noqa: PLR2004
    return multiplier, shift


def _lookup(table: te.Tensor, value: Expression) -> Expression:
    """Return what a table of ``_interpolation`` has for ``value``, held to an int16."""
    held = te.max(te.min(value, const(_LIMITS[1])), const(_LIMITS[0]))
    return helper("fixed_lookup", held, address(table))


def _interpolation(function: Callable[[Floats], Floats], width: float, first: int) -> npt.NDArray[np.int16]:
    """Return 513 int16 in Q0.15, between which a line is drawn: ``function`` from -``width`` or 0, ``width`` far.

    ``first`` is 2^15 where the last argument is 0, and -2^15 where the first one is. Every step is rounded to a
    float32, and half of the line's error in the middle is taken off, as in TFLite's ``LUTPopulate``.
    """
    scale, inverse = np.float32(width) / np.float32(_RANGE), np.float32(2.0) / np.float32(_RANGE)
    zero_point = first - 1 if first > 0 else first
    low, high = scale * np.float32(_LIMITS[0] - zero_point), scale * np.float32(_LIMITS[1] - zero_point)
    most = np.float32(1 << 16) / (inverse * np.float32(_LIMITS[1]) - inverse * np.float32(_LIMITS[0]))
    step = (high - low) / np.float32(_STEPS)
    number = np.arange(_STEPS, dtype=np.float32)

    def scaled(arguments: Floats) -> Floats:
        return function(arguments) * most

    here, after = scaled(low + number * step), scaled(low + (number + np.float32(1)) * step)
    middle = _rounded(scaled(low + number * step + step / np.float32(2)))
    error = _rounded((after + _rounded(here)) / np.float32(2)) - middle
    table = np.append(_rounded(here) - _rounded(error / np.float32(2)), _rounded(scaled(np.array([high]))))
    return np.clip(table, *_LIMITS).astype(np.int16)


def _exponential(value: Floats) -> Floats:
    """Return exp(value), rounded once."""
    return np.exp(value.astype(np.float64)).astype(np.float32)


def _rounded(value: Floats) -> Floats:
    """Return the nearest integers, halves away from zero."""
    return np.copysign(np.floor(np.abs(value.astype(np.float64)) + 0.5), value).astype(np.float32)
