"""ADD, SUB and MUL of int8 or int16, with broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tvm import te

from harness.compiler import gemmlowp
from harness.compiler.arithmetic import Expression, clamp, const, i32, rescale_by
from harness.compiler.fixed_point import activation_limits, quantize_multiplier
from harness.compiler.gemmlowp import Integers
from harness.compiler.graph import Tensor
from harness.compiler.kernel import Node, Pattern, dims, operator
from harness.compiler.operators.unary import centred, lookup

_LEFT_SHIFTS = {"int8": 20, "int16": 15}
"""Bits that terms are made longer by, so that nothing is lost where they are rescaled."""
_LARGEST_RANK = 6

Value = Any
"""An int32 expression of TIR, or an int64 array of what it can be."""
Rescale = Callable[[Value, float], Value]
"""Multiplies an int32 by a real number, rounded as TFLite does."""
Formula = Callable[[Value, Value, Rescale], Value]
"""Gives the output, less its zero point, of two elements, less theirs."""


@operator("ADD", Pattern.ELEMENTWISE, versions=5)
def add(node: Node) -> te.Tensor:
    """Lower a sum."""
    return _of_terms(node, lambda left, right: left + right)


@operator("SUB", Pattern.ELEMENTWISE, versions=5)
def sub(node: Node) -> te.Tensor:
    """Lower a difference.

    Its multipliers are float64 quotients, as in TFLite. Older versions of TFLM take float32 ones, which can move a
    result by 1.
    """
    return _of_terms(node, lambda left, right: left - right)


@operator("MUL", Pattern.ELEMENTWISE, versions=7)
def mul(node: Node) -> te.Tensor:
    """Lower a product."""
    a, b, y = _scales(node)
    return _lower(node, lambda left, right, rescale: rescale(left * right, a * b / y))


def _scales(node: Node) -> tuple[float, float, float]:
    node.require_activations(inputs=(0, 1))
    return node.input(0).scale, node.input(1).scale, node.output().scale


def _of_terms(node: Node, join: Callable[[Value, Value], Value]) -> te.Tensor:
    """Return the output of two terms, which are shifted left and brought to twice the larger scale to be joined."""
    a, b, y = _scales(node)
    bits = _LEFT_SHIFTS[node.output().dtype]
    twice = 2 * max(a, b)
    factors = (a / twice, b / twice, twice / ((1 << bits) * y))
    for factor in factors:
        fits = 0.0 < factor < 1.0 and quantize_multiplier(factor)[1] <= 0
        node.require(fits, f"its scales ask for a multiplication by {factor:.3g}; it has to be between 0 and 1")

    def term(value: Value, factor: float, rescale: Rescale) -> Value:
        if factor == 0.5:  # noqa: PLR2004 (then there is nothing to round)
            return value * (1 << (bits - 1))
        return rescale(value * (1 << bits), factor)

    def formula(left: Value, right: Value, rescale: Rescale) -> Value:
        return rescale(join(term(left, factors[0], rescale), term(right, factors[1], rescale)), factors[2])

    return _lower(node, formula)


def _lower(node: Node, formula: Formula) -> te.Tensor:
    """Return the output of ``formula``: a table where it depends on one int8 tensor of its shape only."""
    y = node.output()
    shapes = [dims(node.input(0)), dims(node.input(1))]
    node.require(max(map(len, shapes)) <= _LARGEST_RANK, f"its inputs have more than {_LARGEST_RANK} dimensions")
    node.require(_broadcast(*shapes) == dims(y), f"{y} does not have the shape that its inputs broadcast to")
    limits = activation_limits(node.option("FusedActivationFunction"), y)
    place = _only(node)
    if place is not None and shapes[place] == dims(y) and y.dtype == "int8":
        left, right = (_possible(node.input(i), constant=i != place and not _same(node)) for i in (0, 1))
        return lookup(node, np.clip(formula(left, right, _rescale_array) + y.zero_point, *limits), place)
    read, read_other = _operand(node, 0), _operand(node, 1)
    return te.compute(
        dims(y),
        lambda *i: clamp(formula(read(*i), read_other(*i), rescale_by) + const(y.zero_point), limits, y.dtype),
        name="y",
    )


def _broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the shape that two shapes broadcast to; None if they do not."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        return None


def _same(node: Node) -> bool:
    return node.input(0).index == node.input(1).index


def _only(node: Node) -> int | None:
    """Return the place of the only input that matters: the other one is the same, or one number that is known."""
    if _same(node):
        return 0
    known = [node.input(i).data is not None and node.input(i).elements == 1 for i in (0, 1)]
    return 1 - known.index(True) if any(known) else None


def _possible(tensor: Tensor, *, constant: bool) -> Integers:
    """Return what an element less the zero point can be: what a ``constant`` has, else all that its type holds."""
    if constant and tensor.data is not None:
        return tensor.data.reshape(-1).astype(np.int64) - tensor.zero_point
    return centred(tensor)


def _rescale_array(value: Integers, real: float) -> Integers:
    return gemmlowp.rescale(value, *quantize_multiplier(real))


def _operand(node: Node, place: int) -> Callable[..., Expression]:
    """Return how to read an input, less its zero point, at the indices of the output; it may broadcast."""
    tensor = node.input(place)
    data, sizes = node.read(place), dims(tensor)

    def read(*indices: Expression) -> Expression:
        own = indices[len(indices) - len(sizes) :]
        found = data(*(const(0) if size == 1 else index for index, size in zip(own, sizes, strict=True)))
        return i32(found) - const(tensor.zero_point)

    return read
