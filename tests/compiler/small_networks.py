"""Small networks of what has kernels, with sizes that are easily got wrong: odd ones, 1, strides, edges."""

import math
from collections.abc import Callable

import numpy as np

from tests.compiler.networks import Network

Draw = Callable[[int, int], int]
"""Gives an integer between two, both included."""

KINDS = ("convolution", "colours", "depthwise", "pair", "padded", "dense", "pool", "add")


def small(kind: str, draw: Draw) -> bytes:
    """Return a network of this kind."""
    return {
        "convolution": _convolution,
        "colours": _colours,
        "depthwise": _depthwise,
        "pair": _pair,
        "padded": _padded,
        "dense": _dense,
        "pool": _pool,
        "add": _add,
    }[kind](_Maker(draw))


class _Maker:
    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.random = np.random.default_rng(draw(0, 1 << 30))
        self.net = Network()

    def tensor(self, *shape: int) -> int:
        return self.net.tensor(shape, scale=0.05, zero_point=self.draw(-128, 127))

    def channels(self) -> int:
        """Return a count of channels: whole words or not."""
        return self.draw(1, 3) * (4 if self.draw(0, 1) else 1) + self.draw(0, 1)

    def activation(self) -> int:
        """Return a fused activation; those that leave little of the range are rare, as they hide what is wrong."""
        return (0, 0, 1, 1, 3, 2)[self.draw(0, 5)]

    def filters(self, shape: tuple[int, ...], channels: int, axis: int) -> tuple[list[int], float]:
        """Return weights and biases, and how much coarser than the input the output should be.

        Small weights make small sums, which take multipliers around 1/2 and are often halfway between two outputs.
        """
        least = 1 if self.draw(0, 2) == 0 else 127
        weights = self.random.integers(-least, least + 1, shape).astype(np.int8)
        if self.draw(0, 7) == 0:
            weights[weights == 127] = -128  # beyond what two channels have room for in a word
        if self.draw(0, 3) == 0:
            weights[(slice(None),) * axis + (0,)] = 0  # a channel whose output is always the same
        scales = self.random.uniform(0.001, 0.02, channels).astype(np.float32)
        size = weights.size // channels
        bias = self.random.integers(-15 * least, 15 * least, channels).astype(np.int32)
        made = [self.net.constant(weights, scale=scales, axis=axis), self.net.constant(bias, scale=scales * 0.05)]
        return made, (0.016, 0.05)[self.draw(0, 1)] if least == 1 else 1.6 * math.sqrt(size)

    def output(self, shape: tuple[int, ...], scale: float) -> int:
        """Return an output, of which half have the zero point that ReLU gives."""
        zero_point = (-128, self.draw(-128, 127))[self.draw(0, 1)]
        return self.net.tensor(shape, scale=scale, zero_point=zero_point)

    def windowed(self, name: str, x: int, kernel: tuple[int, int], channels: int, fan_out: int = 1) -> int:
        """Add a convolution to a tensor and return its output."""
        _, height, width, depth = self.net.tensors[x].shape
        (kh, kw), padding = kernel, self.draw(0, 1)
        sy, sx, dilation = self.draw(1, 2), self.draw(1, 2), self.draw(1, 4) // 4 + 1
        if padding and ((kh - 1) * dilation + 1 > height or (kw - 1) * dilation + 1 > width):
            padding = 0
        depthwise = name == "DEPTHWISE_CONV_2D"
        shape = (1, kh, kw, channels) if depthwise else (channels, kh, kw, depth)
        constants, scale = self.filters(shape, channels, 3 if depthwise else 0)
        rows, columns = (
            math.ceil((length - (taps - 1) * dilation * padding) / stride)
            for length, taps, stride in ((height, kh, sy), (width, kw, sx))
        )
        y = self.output((self.net.tensors[x].shape[0], rows, columns, channels), scale * self.net.tensors[x].scale)
        options = {"DepthMultiplier": fan_out} if depthwise else {}
        self.net.operator(
            name, [x, *constants], [y], "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions", 3,
            Padding=padding, StrideH=sy, StrideW=sx, DilationHFactor=dilation, DilationWFactor=dilation,
            FusedActivationFunction=self.activation(), **options,
        )  # fmt: skip
        return y

    def pointwise(self, x: int, channels: int) -> int:
        shape = self.net.tensors[x].shape
        constants, scale = self.filters((channels, 1, 1, shape[3]), channels, 0)
        y = self.output((*shape[:3], channels), scale * self.net.tensors[x].scale)
        self.net.operator(
            "CONV_2D", [x, *constants], [y], "Conv2DOptions", 3, Padding=self.draw(0, 1), StrideH=1, StrideW=1,
            DilationHFactor=1, DilationWFactor=1, FusedActivationFunction=self.activation(),
        )  # fmt: skip
        return y

    def image(self, depth: int) -> int:
        return self.tensor(self.draw(1, 2), self.draw(1, 9), self.draw(1, 9), depth)

    def kernel(self) -> tuple[int, int]:
        return (3, 3) if self.draw(0, 1) else (self.draw(1, 5), self.draw(1, 5))


def _convolution(make: _Maker) -> bytes:
    x = make.image(make.channels())
    return make.net.finish([x], [make.windowed("CONV_2D", x, make.kernel(), make.channels())])


def _colours(make: _Maker) -> bytes:
    x = make.image(3)
    return make.net.finish([x], [make.windowed("CONV_2D", x, (3, 3), make.channels())])


def _depthwise(make: _Maker) -> bytes:
    depth, fan_out = make.channels(), make.draw(1, 3) if make.draw(0, 1) else 1
    x = make.image(depth)
    y = make.windowed("DEPTHWISE_CONV_2D", x, make.kernel(), depth * fan_out, fan_out)
    return make.net.finish([x], [y])


def _pair(make: _Maker) -> bytes:
    depth = make.channels() + 1
    x = make.image(depth)
    middle = make.windowed("DEPTHWISE_CONV_2D", x, make.kernel(), depth)
    return make.net.finish([x], [make.pointwise(middle, make.channels())])


def _padded(make: _Maker) -> bytes:
    x = make.image(make.channels())
    before = make.net.tensors[x]
    pads = np.array(
        [[0, 0], [make.draw(0, 2), make.draw(0, 2)], [make.draw(0, 2), make.draw(0, 2)], [0, 0]], np.int32
    )
    shape = [int(size + sum(pad)) for size, pad in zip(before.shape, pads, strict=True)]
    padded = make.net.tensor(shape, scale=before.scale, zero_point=before.zero_point)
    make.net.operator("PAD", [x, make.net.constant(pads)], [padded], "PadOptions", 1)
    if make.draw(0, 1):
        return make.net.finish([x], [make.windowed("CONV_2D", padded, (2, 2), make.channels())])
    y = make.windowed("DEPTHWISE_CONV_2D", padded, (3, 3), shape[3])
    return make.net.finish([x], [y])


def _pool(make: _Maker) -> bytes:
    x = make.image(make.channels())
    (batch, height, width, depth), (sy, sx) = make.net.tensors[x].shape, (make.draw(1, 3), make.draw(1, 3))
    zero_point, sizes = make.net.tensors[x].zero_point, (make.draw(1, 4), make.draw(1, 4))
    y = make.net.tensor((batch, -(-height // sy), -(-width // sx), depth), scale=0.05, zero_point=zero_point)
    make.net.operator(
        ("AVERAGE_POOL_2D", "MAX_POOL_2D")[make.draw(0, 1)], [x], [y], "Pool2DOptions", 2, Padding=0, StrideH=sy,
        StrideW=sx, FilterHeight=sizes[0], FilterWidth=sizes[1], FusedActivationFunction=make.activation(),
    )  # fmt: skip
    return make.net.finish([x], [y])


def _add(make: _Maker) -> bytes:
    x = make.image(make.channels())
    y = make.pointwise(x, make.net.tensors[x].shape[3])
    scale = (make.net.tensors[y].scale, 0.05, 0.3)[make.draw(0, 2)]
    z = make.net.tensor(make.net.tensors[x].shape, scale=scale, zero_point=make.draw(-128, 127))
    make.net.operator("ADD", [x, y], [z], "AddOptions", 2, FusedActivationFunction=make.activation())
    return make.net.finish([x], [z])


def _dense(make: _Maker) -> bytes:
    rows, depth, units = make.draw(1, 4) // 3 + 1, make.channels() * make.draw(1, 3), make.draw(1, 9)
    x = make.tensor(rows, depth)
    constants, scale = make.filters((units, depth), units, 0)
    y = make.output((rows, units), scale * make.net.tensors[x].scale)
    make.net.operator(
        "FULLY_CONNECTED", [x, *constants], [y], "FullyConnectedOptions", 4, FusedActivationFunction=make.activation()
    )
    return make.net.finish([x], [y])
