"""The ways of quantizing a network."""

from __future__ import annotations

from enum import Enum


class Scheme(Enum):
    """What becomes of weights and activations."""

    INT8 = "int8"
    """All in int8, inputs and outputs too."""
    INT16X8 = "int16x8"
    """Activations in int16, weights in int8."""
    DYNAMIC = "dynamic"
    """Weights in int8, activations in floats that kernels quantize as they run."""
    FLOAT16 = "float16"
    """Weights kept in float16, arithmetic in floats."""

    @property
    def calibrated(self) -> bool:
        """Whether the ranges of activations have to be seen on representative data."""
        return self in (Scheme.INT8, Scheme.INT16X8)
