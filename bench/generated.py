"""Networks with the shapes of published ones and random weights: for speed, which does not go with what they know."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from tests.compiler.networks import Network

_RELU = 1
_SAME, _VALID = 0, 1
_RANGE = 255
_RELU6 = 6.0
_MOBILENET = (
    *((1, 16), (2, 32), (1, 32), (2, 64), (1, 64), (2, 128)),
    *((1, 128), (1, 128), (1, 128), (1, 128), (1, 128), (2, 256), (1, 256)),
)
"""Strides of the depthwise convolutions, and channels after the pointwise ones, of a quarter of MobileNetV1."""


class _Maker:
    """Adds layers to a network; each tensor holds 0 to 6, or as much on both sides of 0 where there is no ReLU."""

    def __init__(self, *shape: int) -> None:
        self._random = np.random.default_rng(0)
        self._net = Network()
        self.input = self._net.tensor((1, *shape), scale=1 / _RANGE, zero_point=-128)

    def convolution(
        self, x: int, channels: int, size: int, stride: int = 1, *, depthwise: bool = False, relu: bool = True
    ) -> int:
        """Add a convolution with padding, and return its output."""
        _, height, width, depth = self._net.tensors[x].shape
        shape = (1, size, size, channels) if depthwise else (channels, size, size, depth)
        y = self._output((1, -(-height // stride), -(-width // stride), channels), relu=relu)
        constants = self._filters(x, y, shape, axis=3 if depthwise else 0)
        name, table = ("DEPTHWISE_CONV_2D", "DepthwiseConv2D") if depthwise else ("CONV_2D", "Conv2D")
        self._net.operator(
            name,
            [x, *constants],
            [y],
            f"{table}Options",
            3,
            Padding=_SAME,
            StrideH=stride,
            StrideW=stride,
            DilationHFactor=1,
            DilationWFactor=1,
            FusedActivationFunction=_RELU if relu else 0,
            **({"DepthMultiplier": 1} if depthwise else {}),
        )
        return y

    def add(self, a: int, b: int) -> int:
        """Add a sum with ReLU, and return it."""
        y = self._output(self._net.tensors[a].shape, relu=True)
        self._net.operator("ADD", [a, b], [y], "AddOptions", 2, FusedActivationFunction=_RELU)
        return y

    def classified(self, x: int, classes: int) -> bytes:
        """Add a mean of the image, a dense layer and a softmax, and return the file."""
        _, height, width, depth = self._net.tensors[x].shape
        before = self._net.tensors[x]
        pooled = self._net.tensor((1, 1, 1, depth), scale=before.scale, zero_point=before.zero_point)
        sizes = {"FilterHeight": height, "FilterWidth": width, "StrideH": height, "StrideW": width}
        self._net.operator("AVERAGE_POOL_2D", [x], [pooled], "Pool2DOptions", 2, Padding=_VALID, **sizes)
        scores = self._net.tensor((1, classes), scale=0.1, zero_point=0)
        constants = self._filters(pooled, scores, (classes, depth), axis=0)
        self._net.operator("FULLY_CONNECTED", [pooled, *constants], [scores], "FullyConnectedOptions", 4)
        y = self._net.tensor((1, classes), scale=1 / 256, zero_point=-128)
        self._net.operator("SOFTMAX", [scores], [y], "SoftmaxOptions", 2, Beta=1.0)
        return self._net.finish([self.input], [y])

    def _output(self, shape: tuple[int, ...], *, relu: bool) -> int:
        scale, zero_point = (_RELU6 / _RANGE, -128) if relu else (2 * _RELU6 / _RANGE, 0)
        return self._net.tensor(shape, scale=scale, zero_point=zero_point)

    def _filters(self, x: int, y: int, shape: tuple[int, ...], axis: int) -> tuple[int, int]:
        """Return weights and biases that spread the outputs over their range, a scale for each channel."""
        channels, taps = shape[axis], math.prod(shape) // shape[axis]
        weights = np.clip(self._random.normal(0, 40, shape).round(), -127, 127).astype(np.int8)
        deviation = 40 * 64 * math.sqrt(taps)
        before, after = self._net.tensors[x].scale, self._net.tensors[y].scale
        scales: npt.NDArray[np.float32] = (self._random.uniform(30, 60, channels) / deviation).astype(np.float32)
        scales = (scales * np.float32(after / before)).astype(np.float32)
        biases = self._random.normal(0, deviation / 2, channels).astype(np.int32)
        return (
            self._net.constant(weights, scale=scales, axis=axis),
            self._net.constant(biases, scale=scales * before),
        )


def mobilenet() -> bytes:
    """Return MLPerf Tiny's network for visual wake words by its shapes: MobileNetV1 of width 0.25, 96x96x3."""
    make = _Maker(96, 96, 3)
    x, channels = make.convolution(make.input, 8, 3, 2), 8
    for stride, wider in _MOBILENET:
        x = make.convolution(x, channels, 3, stride, depthwise=True)
        x, channels = make.convolution(x, wider, 1), wider
    return make.classified(x, 2)


def resnet() -> bytes:
    """Return MLPerf Tiny's network for image classification by its shapes: ResNet-8, 32x32x3."""
    make = _Maker(32, 32, 3)
    x, before = make.convolution(make.input, 16, 3), 16
    for channels in (16, 32, 64):
        stride = channels // before
        y = make.convolution(make.convolution(x, channels, 3, stride), channels, 3, relu=False)
        past = x if stride == 1 else make.convolution(x, channels, 1, stride, relu=False)
        x, before = make.add(past, y), channels
    return make.classified(x, 10)


NETWORKS: Mapping[str, Callable[[], bytes]] = {"visual_wake_words": mobilenet, "image_classification": resnet}
"""By the names that MLPerf Tiny has for what they are for."""
