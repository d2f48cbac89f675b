"""ADD by a micro-kernel."""

from __future__ import annotations

import numpy as np

from harness.compiler.fixed_point import activation_limits, quantize_multiplier
from harness.compiler.kernel import Node
from harness.compiler.microkernels.kernel import Kernel
from harness.compiler.strategy import Kernels, Rule, Sizes

_LEFT_SHIFT = 20


def add(node: Node, rule: Rule) -> Kernel | None:
    """Return the kernel of a sum of two tensors of one shape; None where one broadcasts or is known beforehand."""
    a, b, y = node.input(0), node.input(1), node.output()
    known = a.data is not None or b.data is not None or a.index == b.index
    sizes = Sizes(operators=(node.operator.name,), pixels=y.elements, depth=2, channels=1)
    if known or a.shape != b.shape or b.dtype != "int8" or rule(sizes).kernels is not Kernels.PACKED:
        return None
    twice = 2 * max(a.scale, b.scale)
    scales = (a.scale / twice, b.scale / twice, twice / ((1 << _LEFT_SHIFT) * y.scale))
    numbers: list[int] = []
    for tensor, scale in zip((a, b, y), scales, strict=True):
        multiplier, shift = quantize_multiplier(scale)
        if shift > 0:
            return None
        numbers += [tensor.zero_point, multiplier, -shift]
    numbers += activation_limits(node.option("FusedActivationFunction"), y)
    return Kernel(
        function="kernel_add",
        inputs=(a.index, b.index),
        constants=(("numbers", np.array(numbers, np.int32)),),
        numbers=(y.elements,),
        in_place=None,
    )
