"""ADD by a micro-kernel."""

from __future__ import annotations

import numpy as np

from harness.compiler import gemmlowp
from harness.compiler.fixed_point import activation_limits, quantize_multiplier
from harness.compiler.graph import Tensor
from harness.compiler.kernel import Node
from harness.compiler.microkernels.kernel import Kernel
from harness.compiler.microkernels.requantize import Channel, How, numbers
from harness.compiler.strategy import Kernels, Rule, Sizes

_LEFT_SHIFT = 20
_DOUBLED = _LEFT_SHIFT + 1


def add(node: Node, rule: Rule) -> Kernel | None:
    """Return the kernel of a sum of two tensors of one shape; None where one broadcasts or is known beforehand."""
    first, second = sorted((node.input(0), node.input(1)), key=lambda tensor: -tensor.scale)
    y = node.output()
    plain = first.shape == second.shape and first.dtype == second.dtype == "int8" and first.index != second.index
    sizes = Sizes(operators=(node.operator.name,), pixels=y.elements, depth=2, channels=1)
    if not plain or first.data is not None or second.data is not None or rule(sizes).kernels is not Kernels.PACKED:
        return None
    multiplier, shift = quantize_multiplier(second.scale / (2 * first.scale))
    least, most = (_halved(first, end) + _term(second, end, multiplier, shift) for end in (0, 1))
    factor = quantize_multiplier(2 * first.scale / ((1 << _LEFT_SHIFT) * y.scale))
    limits = activation_limits(node.option("FusedActivationFunction"), y)
    channel = Channel(least=least, most=most, multiplier=factor[0], shift=factor[1])
    last = numbers(channel, y.zero_point, limits, How.SIGNED)
    if last is None or shift > 0:
        return None
    words = [
        -first.zero_point << _LEFT_SHIFT,
        -second.zero_point << _DOUBLED,
        *(multiplier, 1 << -shift >> 1, -1 if shift else 0, -shift),
        *last,
        *limits,
    ]
    return Kernel(
        function="kernel_add",
        inputs=(first.index, second.index),
        constants=(("numbers", np.array(words, np.int32)),),
        numbers=(y.elements,),
        in_place=None,
    )


def _halved(tensor: Tensor, end: int) -> int:
    """Return the least or largest term of the tensor with the larger scale."""
    return (tensor.limits[end] - tensor.zero_point) << (_LEFT_SHIFT - 1)


def _term(tensor: Tensor, end: int, multiplier: int, shift: int) -> int:
    """Return the least or largest term of the other tensor."""
    value = np.array((tensor.limits[end] - tensor.zero_point) << _LEFT_SHIFT, np.int64)
    return int(gemmlowp.rescale(value, multiplier, shift))
