"""A network as values: tensors and the operators between them, in the order in which they run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.errors import UnsupportedError

if TYPE_CHECKING:
    from harness.models import Array

ABSENT = -1
"""Index of an optional input that is not given."""

_RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767), "int32": (-(2**31), 2**31 - 1)}


@dataclass(frozen=True, kw_only=True)
class Quantization:
    """Affine quantization: real = scale · (integer - zero point), by tensor or by slice along one axis."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0
    """The dimension that the scales belong to, where there are several."""


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """A tensor of the network."""

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    """numpy's name of the element type."""
    quantization: Quantization | None = None
    data: Array | None = field(default=None, repr=False)
    """The content of a constant tensor, in its shape."""

    def __str__(self) -> str:
        return f"tensor {self.index} ({self.name!r}, {self.dtype} {list(self.shape)})"

    @property
    def elements(self) -> int:
        """How many elements it has; a scalar has one."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        import numpy as np

        return self.elements * np.dtype(self.dtype).itemsize

    @property
    def scale(self) -> float:
        """The scale of a tensor that is quantized as a whole; see ``whole``."""
        return self.whole().scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a tensor that is quantized as a whole; see ``whole``."""
        return self.whole().zero_points[0]

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the largest integer that it holds."""
        return _RANGES[self.dtype]

    def whole(self) -> Quantization:
        """Return the quantization, which has to be one for the whole tensor.

        Raises ``UnsupportedError`` where there is none, where there are several, or where it is not valid.
        """
        found = self.by_slice()
        if len(found.scales) != 1:
            msg = f"{self} is quantized by slices ({len(found.scales)} scales); one scale is needed here"
            raise UnsupportedError(msg)
        return found

    def by_slice(self) -> Quantization:
        """Return the quantization, be it one for the whole tensor or one a slice; raises ``UnsupportedError``."""
        found = self.quantization
        if found is None:
            msg = f"{self} has no quantization parameters; quantize the model to full integers"
            raise UnsupportedError(msg)
        if self.dtype not in _RANGES:
            msg = f"{self} is of a type that cannot be quantized here"
            raise UnsupportedError(msg)
        low, high = self.limits
        for scale in found.scales:
            if not (math.isfinite(scale) and scale > 0.0):
                msg = f"{self} has the scale {scale}; a scale is a finite number above 0"
                raise UnsupportedError(msg)
        for zero_point in found.zero_points:
            if not low <= zero_point <= high:
                msg = f"{self} has the zero point {zero_point}, outside {self.dtype}"
                raise UnsupportedError(msg)
        return found


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One operator of the network."""

    index: int
    """Its place in the order of execution."""
    name: str
    """Its name in the TFLite schema, such as ``DEPTHWISE_CONV_2D``."""
    version: int
    inputs: tuple[int, ...]
    """Tensor indices; ``ABSENT`` for an optional input that is not given."""
    outputs: tuple[int, ...]
    options: Mapping[str, int | float | bool] = field(default_factory=dict)
    """The scalar fields of its options table, by their names in the schema's Python classes (``StrideW``)."""

    def __str__(self) -> str:
        return f"operator {self.index} ({self.name}, version {self.version})"


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A network."""

    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @property
    def is_float(self) -> bool:
        """Whether it computes in floating point: an operator other than a conversion takes or gives float tensors."""
        conversions = {"QUANTIZE", "DEQUANTIZE"}
        computing = (operator for operator in self.operators if operator.name not in conversions)
        touched = (index for operator in computing for index in (*operator.inputs, *operator.outputs) if index >= 0)
        return any(self.tensors[index].dtype == "float32" for index in touched)
