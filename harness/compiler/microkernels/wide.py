"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of int16 by micro-kernels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.compiler.fixed_point import activation_limits
from harness.compiler.kernel import Node
from harness.compiler.microkernels import packing
from harness.compiler.microkernels.convolution import plain_shape, windowed_shape
from harness.compiler.microkernels.kernel import Kernel
from harness.compiler.microkernels.requantize import Integers
from harness.compiler.microkernels.shape import Shape
from harness.compiler.operators.convolution import sums_of, windows
from harness.compiler.strategy import Kernels, Rule, Sizes

_TOGETHER = 2
"""Pixels that are multiplied with each pair of weights."""


def layer(node: Node, rule: Rule) -> Kernel | None:
    """Return the kernel of a layer; None where multipliers of 32 bits are not exact, or channels are in groups."""
    weights = np.asarray(node.content(1), np.int64)
    depthwise = node.operator.name == "DEPTHWISE_CONV_2D"
    if depthwise and node.input().shape[3] == 1:
        weights, depthwise = weights.transpose(3, 1, 2, 0), False
    matrix = weights.reshape(-1, weights.shape[-1]).T if depthwise else weights.reshape(len(weights), -1)
    sums = sums_of(node, matrix)
    multipliers = sums.high_multipliers() if sums.wide else None
    if multipliers is None:
        return None
    parameters = packing.wide_parameters(sums.biases, multipliers)
    shape = _shape(node, weights, depthwise=depthwise)
    if shape is None or _strategy(node, shape, matrix, rule) is not Kernels.PACKED:
        return None
    return (_depthwise if depthwise else _products)(node, shape, matrix, parameters)


def _products(node: Node, shape: Shape, matrix: Integers, parameters: packing.Words) -> Kernel:
    alone = shape.reach_x == shape.reach_y == shape.stride_x == shape.stride_y == 1
    direct = alone and shape.depth % 2 == 0
    shape = replace(shape, steps=-(-matrix.shape[1] // 2))
    return Kernel(
        function="kernel_wide_pointwise" if direct else "kernel_wide_convolution",
        inputs=(node.input().index,),
        constants=(
            ("shape", shape.words()),
            ("weights", packing.wide_weights(matrix)),
            ("parameters", parameters),
        ),
        scratch_words=0 if direct else _TOGETHER * shape.steps,
    )


def _depthwise(node: Node, shape: Shape, matrix: Integers, parameters: packing.Words) -> Kernel:
    return Kernel(
        function="kernel_wide_depthwise",
        inputs=(node.input().index,),
        constants=(
            ("shape", replace(shape, taps=matrix.shape[1]).words()),
            ("weights", packing.wide_taps(matrix)),
            ("parameters", parameters),
        ),
    )


def _shape(node: Node, weights: Integers, *, depthwise: bool) -> Shape | None:
    x, y = node.input(), node.output()
    low, high = activation_limits(node.option("FusedActivationFunction"), y)
    if node.operator.name == "FULLY_CONNECTED":
        units, depth = weights.shape
        count = x.elements // depth
        return replace(plain_shape(1, (1, count, depth), (1, count, units), node), low=low, high=high)
    _, height, width, depth = weights.shape
    fits = y.shape[3] == x.shape[3] if depthwise else depth == x.shape[3]
    if not fits:
        return None
    return replace(windowed_shape(node, x, *windows(node, height, width)), low=low, high=high)


def _strategy(node: Node, shape: Shape, matrix: Integers, rule: Rule) -> Kernels:
    """Return what the rule says; there are no other knobs."""
    sizes = Sizes(
        operators=(node.operator.name,), pixels=shape.pixels, depth=matrix.shape[1], channels=shape.channels
    )
    return rule(sizes).kernels
