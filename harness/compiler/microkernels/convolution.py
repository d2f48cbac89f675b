"""CONV_2D, DEPTHWISE_CONV_2D, both one after the other, and FULLY_CONNECTED by micro-kernels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness.compiler.channels import bias
from harness.compiler.fixed_point import activation_limits, quantize_multiplier
from harness.compiler.graph import Tensor
from harness.compiler.kernel import Node
from harness.compiler.microkernels import packing
from harness.compiler.microkernels.kernel import Kernel
from harness.compiler.microkernels.packing import Layout, rounded_up
from harness.compiler.microkernels.requantize import Channel, Integers, Requantization, requantization
from harness.compiler.microkernels.shape import Shape, with_planes, with_ring
from harness.compiler.operators.convolution import Window, windows
from harness.compiler.strategy import Kernels, Rule, Sizes, Strategy

_MOST_TAPS = 1 << 10
_COLOURS = (3, 3, 3)
"""Height, width and depth of the filters of a first layer, which have a layout of their own."""
_PLANES = 3
"""Height and width of the filters, and below them columns from output to output, that ``planes.h`` has."""
_PLANE_STRIDES = (1, 2)


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """Weights of an operator as a matrix, and how its sums become int8."""

    matrix: Integers
    """[channels, elements that count for one]."""
    biases: Integers
    """With the zero point of the input folded in."""
    requantization: Requantization
    largest: Integers
    """Of the sums of each channel, whatever the sign."""

    def layout(self, strategy: Strategy) -> Layout:
        """Return how the weights lie for ``gemm.h``."""
        return packing.layout(self.matrix, self.largest, self.requantization, strategy.weights)


def convolution(node: Node, padding: Node | None, rule: Rule) -> Kernel | None:
    """Return the kernel of a convolution, or of a depthwise one whose input has one channel."""
    weights, depthwise = np.asarray(node.content(1), np.int64), node.operator.name == "DEPTHWISE_CONV_2D"
    if depthwise:
        weights = weights.transpose(3, 1, 2, 0)
    channels, height, width, depth = weights.shape
    if node.input().shape[3] != depth:
        return None
    layer = _layer(node, weights.reshape(channels, -1))
    shape = _shape(node, padding, height, width)
    if layer is None or shape is None:
        return None
    colours = weights.shape[1:] == _COLOURS and shape.dilation_x == shape.dilation_y == 1
    spread = _by_colours(weights) if colours else _by_stretches(weights, shape)
    name = "colours" if colours else "convolution"
    return _gemm(node, padding, shape, replace(layer, matrix=spread), rule, name=name)


def dense(node: Node, rule: Rule) -> Kernel | None:
    """Return the kernel of a dense layer: of its own for one input of whole words, else a convolution."""
    weights = np.asarray(node.content(1), np.int64)
    units, depth = weights.shape
    layer, batches = _layer(node, weights), node.input().elements // depth
    if layer is None:
        return None
    if batches > 1 or depth % 4:
        shape = plain_shape(1, (1, batches, depth), (1, batches, units), node)
        return _gemm(node, None, shape, layer, rule)
    strategy = rule(_sizes(node, pixels=1, depth=depth, channels=units))
    if strategy.kernels is not Kernels.PACKED:
        return None
    found, kind = layer.requantization, packing.dense_layout(layer.matrix, layer.largest, strategy.weights)
    return Kernel(
        function=f"kernel_dense_{found.how.value}_{kind.value}",
        inputs=(node.input().index,),
        constants=(
            ("weights", packing.dense_weights(layer.matrix, kind)),
            ("parameters", packing.dense_parameters(layer.biases, found, kind)),
        ),
        numbers=(depth // 4, units, found.low, found.high),
    )


def depthwise(node: Node, padding: Node | None, pointwise: Node | None, rule: Rule) -> Kernel | None:
    """Return the kernel of a depthwise convolution, with the pointwise one after it where there is one."""
    weights = np.asarray(node.content(1), np.int64)
    _, height, width, channels = weights.shape
    layer, shape = _layer(node, weights.reshape(-1, channels).T), _shape(node, padding, height, width)
    if layer is None or shape is None or height * width > _MOST_TAPS:
        return None
    second = None if pointwise is None else _layer(pointwise, _content(pointwise))
    if pointwise is not None and second is None:
        return None
    last, wide = pointwise or node, rounded_up(channels)
    outputs, found = last.output().shape[3], layer.requantization
    operators = _sizes(node, pointwise, pixels=shape.pixels, depth=wide, channels=outputs)
    strategy = rule(operators)
    if strategy.kernels is not Kernels.PACKED or shape.left >= shape.reach_x or shape.top >= shape.reach_y:
        return None
    planes = height == width == _PLANES and shape.dilation_x == 1 and shape.stride_x in _PLANE_STRIDES
    pack = packing.plane_numbers if planes else packing.depthwise_numbers
    numbers = pack(layer.matrix.T, layer.biases, found)
    final = second.requantization if second else found
    shape = replace(
        with_planes(shape, wide) if planes else with_ring(shape, wide),
        channels=outputs,
        low=final.low,
        high=final.high,
        tile=strategy.tile,
        steps=wide // 2,
        taps=height if planes else height * width,
        numbers=len(numbers),
        fan_out=channels // node.input().shape[3],
        middle_low=found.low,
        middle_high=found.high,
    )
    constants = [("shape", shape.words()), ("numbers", numbers)]
    name = f"kernel_{'planes' if planes else 'depthwise'}"
    if second is not None:
        constants += _gemm_constants(second, strategy)
        name = f"{name}_pair_{found.how.value}_{final.how.value}_{second.layout(strategy).value}"
    else:
        name = f"{name}_{found.how.value}"
    return Kernel(
        function=name,
        inputs=((padding or node).input().index,),
        constants=tuple(constants),
        scratch_words=shape.scratch_words,
        in_place=shape.may_replace(),
    )


def is_pointwise(node: Node) -> bool:
    """Whether a convolution looks at single pixels, each once."""
    return (
        node.operator.name == "CONV_2D"
        and node.input(1).shape[1:3] == (1, 1)
        and node.input(1).shape[3] == node.input().shape[3]
        and node.option("StrideH") == node.option("StrideW") == 1
    )


def _gemm(
    node: Node, padding: Node | None, shape: Shape, layer: _Layer, rule: Rule, *, name: str = "convolution"
) -> Kernel | None:
    depth = rounded_up(layer.matrix.shape[1])
    strategy = rule(_sizes(node, pixels=shape.pixels, depth=depth, channels=shape.channels))
    if strategy.kernels is not Kernels.PACKED:
        return None
    found = layer.requantization
    shape = replace(shape, low=found.low, high=found.high, tile=strategy.tile, steps=depth // 2)
    kept = _kept(shape)
    name = name if kept is None else "kept_convolution"
    shape = kept or shape
    return Kernel(
        function=f"kernel_{name}_{found.how.value}_{layer.layout(strategy).value}",
        inputs=((padding or node).input().index,),
        constants=(("shape", shape.words()), *_gemm_constants(layer, strategy)),
        scratch_words=shape.scratch_words,
        in_place=shape.may_replace(),
    )


def _kept(shape: Shape) -> Shape | None:
    """Return the sizes of a convolution on copied rows, where it can overwrite its input so, and not otherwise."""
    kept = with_ring(shape, shape.depth)
    possible = shape.depth % 4 == 0 and kept.left < kept.reach_x and kept.top < kept.reach_y
    gains = kept.may_replace() and not shape.may_replace() and kept.scratch_words < shape.scratch_words + _pays(shape)
    return kept if possible and gains else None


def _pays(shape: Shape) -> int:
    """Return how many words may be spent on working in place."""
    return shape.height * shape.width * shape.depth // 8


def _gemm_constants(layer: _Layer, strategy: Strategy) -> list[tuple[str, packing.Words]]:
    kind = layer.layout(strategy)
    return [
        ("weights", packing.gemm_weights(layer.matrix, kind)),
        ("parameters", packing.gemm_parameters(layer.biases, layer.requantization, kind)),
    ]


def _sizes(*nodes: Node | None, pixels: int, depth: int, channels: int) -> Sizes:
    names = tuple(node.operator.name for node in nodes if node is not None)
    return Sizes(operators=names, pixels=pixels, depth=depth, channels=channels)


def _content(node: Node) -> Integers:
    weights = np.asarray(node.content(1), np.int64)
    return weights.reshape(len(weights), -1)


def _layer(node: Node, matrix: Integers) -> _Layer | None:
    """Return what is computed of each channel; None where no kernel is exact for it."""
    x, y, channels = node.input(), node.output(), len(matrix)
    biases = bias(node, 2, channels) - x.zero_point * matrix.sum(1)
    low, high = x.limits
    least = biases + np.minimum(matrix * low, matrix * high).sum(1)
    most = biases + np.maximum(matrix * low, matrix * high).sum(1)
    scales = np.resize(node.input(1).by_slice().scales, channels).tolist()
    pairs = [quantize_multiplier(x.scale * scale / y.scale) for scale in scales]
    ends = zip(least.tolist(), most.tolist(), pairs, strict=True)
    sums = [Channel(least=a, most=b, multiplier=m, shift=s) for a, b, (m, s) in ends]
    limits = activation_limits(node.option("FusedActivationFunction"), y)
    found = requantization(sums, y.zero_point, limits)
    if found is None:
        return None
    largest = np.maximum(np.abs(least), np.abs(most))
    return _Layer(matrix=matrix, biases=biases, requantization=found, largest=largest)


def _shape(node: Node, padding: Node | None, height: int, width: int) -> Shape | None:
    """Return the sizes of a convolution, the ones before it that pad included; None where those pad with a number."""
    x, before = (padding or node).input(), [0] * 8
    if padding is not None:
        given = padding.optional(2)
        if given is not None and padding.content(2).reshape(-1).tolist() != [node.input().zero_point]:
            return None
        before = padding.content(1).reshape(-1).tolist()
        if any(before[:2] + before[6:]):
            return None
    shape = windowed_shape(node, x, *windows(node, height, width))
    return replace(shape, top=shape.top + before[2], left=shape.left + before[4])


def windowed_shape(node: Node, x: Tensor, rows: Window, columns: Window) -> Shape:
    """Return the sizes of what slides a filter over the image ``x``."""
    return replace(
        plain_shape(x.shape[0], x.shape[1:], node.output().shape[1:], node),
        kernel_height=rows.size,
        kernel_width=columns.size,
        stride_y=rows.stride,
        stride_x=columns.stride,
        dilation_y=rows.dilation,
        dilation_x=columns.dilation,
        top=rows.before,
        left=columns.before,
    )


def plain_shape(batches: int, x: tuple[int, ...], y: tuple[int, ...], node: Node) -> Shape:
    """Return the sizes of a pointwise convolution from [height, width, depth] to such an output."""
    return Shape(
        batches=batches,
        height=x[0],
        width=x[1],
        depth=x[2],
        rows=y[0],
        columns=y[1],
        channels=y[2],
        kernel_height=1,
        kernel_width=1,
        stride_y=1,
        stride_x=1,
        dilation_y=1,
        dilation_x=1,
        top=0,
        left=0,
        zero_point=node.input().zero_point,
        low=-128,
        high=127,
        tile=1,
        steps=0,
    )


def _by_colours(weights: Integers) -> Integers:
    """Return weights of three rows of three pixels of three channels in the order of ``spread_colours``."""
    lines = weights.reshape(len(weights), 3, 9)
    return np.concatenate([lines[:, :, :8].reshape(len(weights), -1), lines[:, :, 8]], axis=1)


def _by_stretches(weights: Integers, shape: Shape) -> Integers:
    """Return weights [channels, height, width, depth] as a matrix, each stretch filled up to whole words."""
    rows = weights.reshape(len(weights), -1, shape.stretch)
    whole = np.zeros((*rows.shape[:2], rounded_up(shape.stretch)), np.int64)
    whole[:, :, : shape.stretch] = rows
    return whole.reshape(len(weights), -1)
