"""How TFLite turns real multipliers and activations into integers, when a network is compiled.

Source: TFLite ``kernels/internal/quantization_util`` and ``kernels/kernel_util``.
"""

from __future__ import annotations

import math

import numpy as np

from harness.compiler.graph import Tensor
from harness.errors import UnsupportedError

_ONE = 1 << 31
_LARGEST_SHIFT = 30
_LARGEST_WIDE_SHIFT = 7
RELU, RELU6 = 1, 3
_ACTIVATIONS = {0: (-math.inf, math.inf), RELU: (0.0, math.inf), 2: (-1.0, 1.0), RELU6: (0.0, 6.0)}


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Return (multiplier, shift) with real ≈ multiplier · 2^(shift - 31), multiplier in [2^30, 2^31) or 0.

    ``real`` is not negative. A number below 2^-32 becomes 0, as in TFLite's ``QuantizeMultiplier``. Raises
    ``UnsupportedError`` for one above 2^30, which TFLite's kernels cannot multiply an int32 with either.
    """
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * _ONE + 0.5)
    if multiplier == _ONE:
        multiplier //= 2
        shift += 1
    if shift < -31:  # noqa: PLR2004 (shifting an int32 further gives 0)
        return 0, 0
    if shift > _LARGEST_SHIFT:
        msg = f"the scales ask for a multiplication by {real:.3g}, which is out of an int32's range"
        raise UnsupportedError(msg)
    return multiplier, shift


def wide_multiplier(real: float) -> tuple[int, int]:
    """Return (multiplier, exponent) with real ≈ multiplier / 2^exponent, multiplier below 2^15, exponent above 0.

    They are what TFLite's ``MultiplyByQuantizedMultiplier`` takes for an int64. Raises ``UnsupportedError`` for
    numbers from 128 on, for which that is not made.
    """
    multiplier, shift = quantize_multiplier(real)
    if shift > _LARGEST_WIDE_SHIFT:
        msg = f"the scales ask for a multiplication of 64-bit sums by {real:.3g}; below 128 is supported"
        raise UnsupportedError(msg)
    return min((multiplier + (1 << 15)) >> 16, (1 << 15) - 1), 15 - shift


def activation_limits(activation: int, output: Tensor) -> tuple[int, int]:
    """Return the least and the largest integer of ``output`` that a fused activation lets through.

    ``activation`` is TFLite's ``ActivationFunctionType``. Raises ``UnsupportedError`` for one that no
    integer kernel has.
    """
    if activation not in _ACTIVATIONS:
        msg = f"{output} has the fused activation {activation}, which no integer kernel knows"
        raise UnsupportedError(msg)
    low, high = output.limits
    least, largest = _ACTIVATIONS[activation]
    if math.isfinite(least):
        low = max(low, _quantize(least, output))
    if math.isfinite(largest):
        high = min(high, _quantize(largest, output))
    return low, high


def _quantize(real: float, tensor: Tensor) -> int:
    """Return ``real`` as the tensor's integer: a float32 quotient, rounded half away from zero, as in TFLite."""
    quotient = real / tensor.scale
    if abs(quotient) >= _ONE:
        msg = f"{tensor} has the scale {tensor.scale}, in which {real:g} is out of an int32's range"
        raise UnsupportedError(msg)
    rounded = float(np.float32(quotient))  # the same as a float32 division of two float32 numbers
    return tensor.zero_point + int(math.copysign(math.floor(abs(rounded) + 0.5), rounded))
