"""QUANTIZE and DEQUANTIZE: from one quantization to another, from real numbers and to them."""

from __future__ import annotations

import numpy as np
from tvm import te, tirx

from harness.compiler import gemmlowp
from harness.compiler.arithmetic import Expression, clamp, const, helper, i32, rescale_by
from harness.compiler.fixed_point import quantize_multiplier
from harness.compiler.graph import Tensor
from harness.compiler.kernel import Node, Pattern, dims, operator
from harness.compiler.operators.unary import centred, lookup

_PAIRS = {
    "float32": ("int8", "int16"),
    "int8": ("int8", "uint8", "int16", "int32"),
    "uint8": ("int8",),
    "int16": ("int8", "int16", "int32"),
    "int32": ("int8", "int16"),
}
"""The output types that TFLM's QUANTIZE knows, by its input type."""


@operator("QUANTIZE", Pattern.ELEMENTWISE, versions=4)
def quantize(node: Node) -> te.Tensor:
    """Lower a conversion to another quantization, or from float32.

    A real number is divided by the scale as a float32 and rounded half away from zero. What lies beyond the type's
    range becomes its least or largest number, and what is no number becomes the zero point; TFLM leaves both to the
    processor.
    """
    x, y = node.input(), node.output()
    known = _PAIRS.get(x.dtype, ())
    node.require(y.dtype in known, f"a conversion of {x} to {y.dtype} is not supported")
    _check_shapes(node)
    if x.dtype == "float32":
        data, scale = node.read(), tirx.const(y.scale, "float32")
        limits = [const(limit) for limit in (y.zero_point, *y.limits)]
        return te.compute(
            dims(y), lambda *i: helper("fixed_from_float", data(*i), scale, *limits).astype(y.dtype), name="y"
        )
    real = x.scale / y.scale
    if np.dtype(x.dtype).itemsize == np.dtype(y.dtype).itemsize == 1:
        scaled = gemmlowp.rescale(centred(x), *quantize_multiplier(real))
        return lookup(node, np.clip(scaled + y.zero_point, *y.limits))
    for tensor in (x, y):
        node.require(tensor.dtype != "int32" or tensor.zero_point == 0, f"{tensor} has a zero point other than 0")
    data = node.read()
    return te.compute(dims(y), lambda *i: _requantized(data(*i), x, y), name="y")


def _requantized(value: Expression, x: Tensor, y: Tensor) -> Expression:
    scaled = i32(value) - const(x.zero_point)
    if x.scale != y.scale:
        scaled = rescale_by(scaled, x.scale / y.scale)
    limits = y.limits[0] - y.zero_point, y.limits[1] - y.zero_point
    return (clamp(scaled, limits, "int32") + const(y.zero_point)).astype(y.dtype)


@operator("DEQUANTIZE", Pattern.ELEMENTWISE, versions=6)
def dequantize(node: Node) -> te.Tensor:
    """Lower scale · (x - zero point) as a float32.

    TFLM multiplies in float64 and rounds to float32. The difference has at most 17 bits and the scale 24, so that the
    product of float32 numbers, which is rounded once as well, is the same.
    """
    x = node.input()
    node.require_types("int8", "uint8", "int16", outputs=())
    node.require_types("float32", inputs=())
    _check_shapes(node)
    data, scale = node.read(), tirx.const(x.scale, "float32")
    return te.compute(dims(x), lambda *i: (i32(data(*i)) - const(x.zero_point)).astype("float32") * scale, name="y")


def _check_shapes(node: Node) -> None:
    x, y = node.input(), node.output()
    node.require(dims(x) == dims(y), f"{x} and {y} do not have the same shape")
