"""AVERAGE_POOL_2D and MAX_POOL_2D by micro-kernels."""

from __future__ import annotations

from dataclasses import replace

from harness.compiler.fixed_point import activation_limits
from harness.compiler.kernel import Node
from harness.compiler.microkernels.convolution import windowed_shape
from harness.compiler.microkernels.kernel import Kernel
from harness.compiler.operators.convolution import window
from harness.compiler.strategy import Kernels, Rule, Sizes

KERNELS = {"AVERAGE_POOL_2D": "kernel_average_pool", "MAX_POOL_2D": "kernel_max_pool"}
"""Operators and what the header calls them."""
_MOST_TAPS = 256
"""So many int8 add up to an int16."""


def pool(node: Node, rule: Rule) -> Kernel | None:
    """Return the kernel of a pooling; None for a mean of more elements than an int16 can hold the sum of."""
    x, y = node.input(), node.output()
    rows = window(node, 1, node.option("FilterHeight"), node.option("StrideH"))
    columns = window(node, 2, node.option("FilterWidth"), node.option("StrideW"))
    taps = min(rows.size, rows.length) * min(columns.size, columns.length)
    sizes = Sizes(operators=(node.operator.name,), pixels=rows.steps * columns.steps, depth=taps, channels=x.shape[3])
    if taps > _MOST_TAPS or rule(sizes).kernels is not Kernels.PACKED:
        return None
    low, high = activation_limits(node.option("FusedActivationFunction"), y)
    shape = replace(windowed_shape(node, x, rows, columns), low=low, high=high)
    return Kernel(function=KERNELS[node.operator.name], inputs=(x.index,), constants=(("shape", shape.words()),))
