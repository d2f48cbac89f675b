"""Integer expressions that operators share: rescaling, clamping, and calls of the C helpers."""

from __future__ import annotations

from typing import Any

import tvm
from tvm import te, tirx

from harness.compiler.fixed_point import quantize_multiplier

Expression = Any
"""An expression of TIR; TVM's package has no types."""


def const(value: int, dtype: str = "int32") -> Expression:
    """Return a literal."""
    return tirx.const(int(value), dtype)


def i32(value: Expression) -> Expression:
    """Return ``value`` as an int32."""
    return value.astype("int32")


def product(a: Expression, b: Expression, dtype: str) -> Expression:
    """Return the product of two integers that an int32 holds, as ``dtype``."""
    found = i32(a) * i32(b)
    return found if dtype == "int32" else found.astype(dtype)


def clamp(value: Expression, limits: tuple[int, int], dtype: str) -> Expression:
    """Return an int32 held between two limits, as ``dtype``."""
    if limits[0] == limits[1]:
        return const(limits[0], dtype)
    return te.max(te.min(value, const(limits[1])), const(limits[0])).astype(dtype)


def helper(name: str, *arguments: Expression, dtype: str = "int32") -> Expression:
    """Call a C helper of ``sketch_templates/tvm/prelude.h.j2``.

    A call keeps TVM from widening products to 64 bits twice, and from computing an argument twice.
    """
    return tirx.call_pure_extern(dtype, name, *arguments)


def scale(value: Expression, multiplier: Expression, shift: Expression) -> Expression:
    """Multiply an int32 by multiplier · 2^(shift - 31), rounded as TFLite does."""
    return helper("fixed_scale", value, multiplier, shift)


def scale_down(value: Expression, multiplier: Expression, exponent: Expression) -> Expression:
    """Multiply an int32 by multiplier / 2^(31 + exponent), rounded as TFLite does; exponent is 0 to 31."""
    return helper("fixed_scale_down", value, multiplier, exponent)


def scale_wide(value: Expression, multiplier: Expression, exponent: Expression) -> Expression:
    """Multiply an int32 or int64 by multiplier / 2^exponent, rounded as TFLite does for sums of 64 bits."""
    return helper("fixed_scale_wide", value, multiplier, exponent)


def scale_high(value: Expression, multiplier: Expression) -> Expression:
    """Multiply an int32 by multiplier / 2^32, rounded with halves up."""
    return helper("fixed_scale_high", value, multiplier)


def address(table: te.Tensor) -> Expression:
    """Return where a constant lies, for a helper that looks something up in it."""
    pointer = tvm.ir.PointerType(table.dtype)
    return tvm.ir.Call("tirx.address_of", [table(*(0 for _ in table.shape))], ret_ty=pointer)


def rescale(value: Expression, multiplier: int, shift: int) -> Expression:
    """Multiply an int32 by multiplier · 2^(shift - 31), both known now, rounded as TFLite does."""
    if shift <= 0:
        return scale_down(value, const(multiplier), const(-shift))
    return scale(value, const(multiplier), const(shift))


def rescale_by(value: Expression, real: float) -> Expression:
    """Multiply an int32 by a real number that is known now, rounded as TFLite does."""
    return rescale(value, *quantize_multiplier(real))
