"""Small float networks: builds them operator by operator, and compares what is compiled with TFLM's interpreter."""

import math

import numpy as np

from tests.compiler import host
from tests.compiler.networks import Network

RELATIVE = 1e-5
"""By how much an element may be off, in units of the tensor's largest: C libraries differ, and the order of sums."""

SAME, VALID = 0, 1
NONE, RELU, RELU_N1_TO_1, RELU6 = range(4)


class FloatNetwork(Network):
    """A network under construction. Its methods return tensor indices; weights are random, the same every time."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self._generator = np.random.default_rng(seed)

    def weights(self, *shape: int) -> int:
        """Add random constants around 0, small enough that no sum of many grows large."""
        spread = 1.0 / math.sqrt(max(1, math.prod(shape[1:])))
        return self.constant(self._generator.normal(0.0, spread, shape).astype(np.float32))

    def ints(self, *values) -> int:
        return self.constant(np.array(values, np.int32))

    def shape(self, index: int) -> tuple:
        return self.tensors[index].shape

    def add(self, name, inputs, shape, options=None, version=1, *, dtype="float32", **fields) -> int:
        """Add an operator of one output and return that."""
        y = self.tensor(shape, dtype)
        self.operator(name, inputs, [y], options, version, **fields)
        return y

    def unary(self, name, x, options=None, **fields) -> int:
        return self.add(name, [x], self.shape(x), options, **fields)

    def binary(self, name, a, b, activation=NONE, **more) -> int:
        shape = np.broadcast_shapes(self.shape(a), self.shape(b))
        fields = {"FusedActivationFunction": activation} if name in ("ADD", "SUB", "MUL", "DIV") else {}
        table = f"{''.join(word.title() for word in name.split('_'))}Options"
        return self.add(name, [a, b], shape, table, **fields, **more)

    def _window(self, x, size, stride, padding, dilation=1):
        _, h, w, _ = self.shape(x)
        reach = (size - 1) * dilation + 1
        return [-(-n // stride) if padding == SAME else -(-(n - reach + 1) // stride) for n in (h, w)]

    def conv(self, x, channels, size=3, stride=1, padding=SAME, activation=NONE, dilation=1, *, bias=True) -> int:
        batch, _, _, depth = self.shape(x)
        w = self.weights(channels, size, size, depth)
        return self.add(
            "CONV_2D", [x, w, self.weights(channels) if bias else -1],
            (batch, *self._window(x, size, stride, padding, dilation), channels), "Conv2DOptions", 3, Padding=padding,
            StrideH=stride, StrideW=stride, DilationHFactor=dilation, DilationWFactor=dilation,
            FusedActivationFunction=activation,
        )  # fmt: skip

    def depthwise(self, x, multiplier=1, size=3, stride=1, padding=SAME, activation=NONE, dilation=1) -> int:
        batch, _, _, depth = self.shape(x)
        channels = depth * multiplier
        w = self.constant(self._generator.normal(0.0, 0.3, (1, size, size, channels)).astype(np.float32))
        return self.add(
            "DEPTHWISE_CONV_2D", [x, w, self.weights(channels)],
            (batch, *self._window(x, size, stride, padding, dilation), channels), "DepthwiseConv2DOptions", 3,
            Padding=padding, StrideH=stride, StrideW=stride, DepthMultiplier=multiplier, DilationHFactor=dilation,
            DilationWFactor=dilation, FusedActivationFunction=activation,
        )  # fmt: skip

    def pool(self, name, x, size=2, stride=2, padding=VALID, activation=NONE) -> int:
        batch, _, _, depth = self.shape(x)
        return self.add(
            name, [x], (batch, *self._window(x, size, stride, padding), depth), "Pool2DOptions", Padding=padding,
            StrideH=stride, StrideW=stride, FilterHeight=size, FilterWidth=size, FusedActivationFunction=activation,
        )  # fmt: skip

    def dense(self, x, units, activation=NONE, *, bias=True, keep=False) -> int:
        shape, depth = self.shape(x), self.shape(x)[-1] if keep else math.prod(self.shape(x)[1:])
        out = (*shape[:-1], units) if keep else (shape[0], units)
        return self.add(
            "FULLY_CONNECTED", [x, self.weights(units, depth), self.weights(units) if bias else -1], out,
            "FullyConnectedOptions", KeepNumDims=keep, FusedActivationFunction=activation,
        )  # fmt: skip

    def reshape(self, x, *shape) -> int:
        return self.add("RESHAPE", [x, self.ints(*shape)], shape, "ReshapeOptions", NewShape=list(shape))

    def pad(self, x, *pads, value=None) -> int:
        shape = [before + size + after for (before, after), size in zip(pads, self.shape(x), strict=True)]
        if value is None:
            return self.add("PAD", [x, self.ints(*pads)], shape, "PadOptions")
        number = self.constant(np.array([value], np.float32))
        return self.add("PADV2", [x, self.ints(*pads), number], shape, "PadV2Options")

    def reduce(self, name, x, *axes, keep=False) -> int:
        sizes = [1 if axis in axes else size for axis, size in enumerate(self.shape(x))]
        shape = [size for axis, size in enumerate(sizes) if keep or axis not in axes]
        return self.add(name, [x, self.ints(*axes)], shape, "ReducerOptions", KeepDims=keep)

    def concatenate(self, axis, *inputs) -> int:
        shape = list(self.shape(inputs[0]))
        shape[axis] = sum(self.shape(x)[axis] for x in inputs)
        return self.add("CONCATENATION", inputs, shape, "ConcatenationOptions", Axis=axis)

    def softmax(self, x, beta=1.0) -> int:
        return self.unary("SOFTMAX", x, "SoftmaxOptions", Beta=beta)


def check(content: bytes, *, fuse: bool, kinds=host.KINDS):
    """Fail unless every tensor that is materialised is TFLM's within ``RELATIVE``; return the program."""
    program = host.compile_network(content, fuse=fuse)
    network = host.HostNetwork(program)
    for kind in kinds:
        inputs = host.random_inputs(program, 1, kind)
        found = network.run(inputs)
        expected = host.reference_tensors(content, inputs, found)
        for index, array in found.items():
            assert array.dtype == expected[index].dtype
            right = expected[index].ravel().astype(np.float64)
            worst = float(np.abs(array.ravel() - right).max())
            largest = float(np.abs(right).max())
            assert worst <= RELATIVE * largest, f"{kind}: tensor {index} {array.shape} is off by {worst} of {largest}"
    return program
