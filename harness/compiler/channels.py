"""What every operator with weights ends with: sums by channel, made int8 or int16 again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from tvm import te

from harness.compiler.arithmetic import Expression, clamp, const, helper, scale, scale_down, scale_high, scale_wide
from harness.compiler.fixed_point import activation_limits, quantize_multiplier, wide_multiplier
from harness.compiler.graph import Tensor
from harness.compiler.kernel import Node

_INT32 = 1 << 31
_LARGEST_WIDE = 1 << 47
"""Sums below this times a multiplier of 16 bits fit an int64."""
_LARGEST_INPUT = {"int8": 255, "int16": 1 << 15}
"""The largest difference between an element and its zero point."""

Integers = npt.NDArray[np.int64]


def bias(node: Node, place: int, channels: int, *dtypes: str) -> Integers:
    """Return the bias by channel: input ``place``, of one of ``dtypes`` (int32 unless told), or zeros without one."""
    tensor = node.optional(place)
    if tensor is None:
        return np.zeros(channels, np.int64)
    fits = tensor.dtype in (dtypes or ("int32",)) and tensor.elements == channels
    node.require(fits, f"{tensor} is not a bias for {channels} channels")
    return np.asarray(node.content(place), np.int64).reshape(-1)


@dataclass(frozen=True, kw_only=True)
class Sums:
    """The sums of an operator with weights, by channel, and how they become the output."""

    node: Node
    x: Tensor
    weights: Tensor
    magnitudes: Integers
    """Of each channel, the sum of the absolute weights."""
    biases: Integers
    """What is added to the sums; may have the zero point of ``x`` folded in."""
    wide: bool
    """Whether TFLM's kernel adds up in 64 bits and rescales by a multiplier of 16 bits."""

    @cached_property
    def dtype(self) -> str:
        """The type to add products up in: an int32 where that holds every sum, which is then the same in 64 bits.

        Raises ``UnsupportedError`` where an int32 cannot hold every sum and TFLM has no more.
        """
        largest = int(self._largest.max())
        self.node.require(self.wide or largest < _INT32, "its sums do not fit an int32")
        return "int32" if largest < _INT32 else "int64"

    @property
    def fits_int32(self) -> bool:
        """Whether an int32 holds every sum with its bias."""
        return self._most < _INT32

    def high_multipliers(self) -> list[int] | None:
        """Return for each channel m with which sum · m / 2^32, halves up, is the sum rescaled as in 64 bits.

        None where an int32 does not hold every sum, or every m.
        """
        pairs = [wide_multiplier(real) for real in self._reals()]
        if not self.fits_int32 or any(found and not 16 <= exponent <= 32 for found, exponent in pairs):  # noqa: PLR2004
            return None
        return [found << (32 - exponent) if found else 0 for found, exponent in pairs]

    @property
    def _most(self) -> int:
        return int((np.abs(self.biases) + self._largest).max())

    @property
    def _reaches_int32(self) -> bool:
        """Whether a zero point may carry a rescaled sum beyond an int32: as on TFLM's processors it wraps then."""
        rescaled = (np.abs(self.biases) + self._largest) * np.array(self._reals())
        return bool((rescaled >= _INT32 - _LARGEST_INPUT["int8"]).any())

    @property
    def _largest(self) -> Integers:
        return _LARGEST_INPUT[self.x.dtype] * self.magnitudes

    def output(self, total: te.Tensor) -> te.Tensor:
        """Return the output, in ``total``'s shape, of sums of ``dtype`` whose last dimension is the channel.

        A sum gets its bias, is rescaled by the scales of ``x``, ``weights`` (one, or one a channel) and the output,
        and held to the fused activation. Scales are multiplied in float64. Old versions of TFLM multiply those of a
        dense layer in float32, and can differ by 1 there.
        """
        y = self.node.output()
        limits = activation_limits(self.node.option("FusedActivationFunction"), y)
        value = self._wide(total) if self.wide else self._narrow(total)
        offset, wraps = const(y.zero_point), y.zero_point != 0 and self._reaches_int32

        def element(*i: Expression) -> Expression:
            moved = helper("fixed_wrapping_add", value(*i), offset) if wraps else value(*i) + offset
            return clamp(moved, limits, y.dtype)

        return te.compute(total.shape, element, name="y")

    def _narrow(self, total: te.Tensor) -> Callable[..., Expression]:
        """Return a rescaled sum; where a bias carries it beyond an int32, it wraps as on the processors of TFLM."""
        pairs = [quantize_multiplier(real) for real in self._reals()]
        rescaled = _rescaling(self.node, pairs)
        wraps = bool((np.abs(self.biases) + self._largest >= _INT32).any())
        offsets = _by_channel(self.node, self.biases.astype(np.int32).tolist(), "bias", np.int32)

        def value(*i: Expression) -> Expression:
            c = i[-1]
            found = helper("fixed_wrapping_add", total(*i), offsets(c)) if wraps else total(*i) + offsets(c)
            return rescaled(found, c)

        return value

    def _wide(self, total: te.Tensor) -> Callable[..., Expression]:
        """Return a sum that is rescaled as an int64, in which it is held only where it has to be."""
        high = self.high_multipliers()
        if high is not None:
            multipliers = _by_channel(self.node, high, "multiplier", np.int32)
            biases = _by_channel(self.node, self.biases.tolist(), "bias", np.int32)
            return lambda *i: scale_high(total(*i) + biases(i[-1]), multipliers(i[-1]))
        pairs = [wide_multiplier(real) for real in self._reals()]
        multiplier = _by_channel(self.node, [found for found, _ in pairs], "multiplier", np.int16)
        exponent = _by_channel(self.node, [found for _, found in pairs], "exponent", np.int8)
        self.node.require(self._most < _LARGEST_WIDE, "its sums and biases do not fit 48 bits")
        dtype = "int32" if self.fits_int32 else "int64"
        stored = np.int32 if int(np.abs(self.biases).max()) < _INT32 else np.int64
        offsets = _by_channel(self.node, self.biases.tolist(), "bias", stored, dtype)
        return lambda *i: scale_wide(total(*i).astype(dtype) + offsets(i[-1]), multiplier(i[-1]), exponent(i[-1]))

    def _reals(self) -> list[float]:
        """Return by what each channel's sums are multiplied."""
        scales, channels = self.weights.by_slice().scales, len(self.biases)
        self.node.require(len(scales) in (1, channels), "its weights have scales for another dimension")
        y = self.node.output()
        return [self.x.scale * found / y.scale for found in np.resize(scales, channels).tolist()]


def _rescaling(node: Node, pairs: Sequence[tuple[int, int]]) -> Callable[[Expression, Expression], Expression]:
    """Return how to multiply a value by the multiplier and the power of two of its channel."""
    shifts = [shift for _, shift in pairs]
    multiplier = _by_channel(node, [found for found, _ in pairs], "multiplier", np.int32)
    if max(shifts) <= 0:
        exponent = _by_channel(node, [-shift for shift in shifts], "exponent", np.int8)
        return lambda value, c: scale_down(value, multiplier(c), exponent(c))
    shift = _by_channel(node, shifts, "shift", np.int8)
    return lambda value, c: scale(value, multiplier(c), shift(c))


def _by_channel(
    node: Node, values: Sequence[int], name: str, stored: type, dtype: str = "int32"
) -> Callable[[Expression], Expression]:
    """Return how to read a number of a channel as ``dtype``: a literal where all are the same."""
    if len(set(values)) == 1:
        return lambda _: const(values[0], dtype)
    table = node.constant(np.array(values, stored), name)
    return lambda c: table[c].astype(dtype)
