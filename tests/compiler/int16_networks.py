"""Networks with int16 activations for tests: layers one after the other, as a quantizer makes them."""

import numpy as np

from tests.compiler.networks import Network

UNIT = 1 / 32768


class Layers:
    """A network that grows by layers, each on the output of the one before."""

    def __init__(self, shape, scale=UNIT, seed=0):
        self.net = Network()
        self.random = np.random.default_rng(seed)
        self.input = self.output = self.net.tensor(shape, "int16", scale=scale)

    @property
    def shape(self):
        return self.net.tensors[self.output].shape

    @property
    def scale(self):
        return self.net.tensors[self.output].scale

    def add(self, name, shape, scale=None, *, inputs=None, options=None, **fields):
        """Add an operator on the last output, or on ``inputs``."""
        y = self.net.tensor(shape, "int16", scale=scale or self.scale)
        self.net.operator(name, inputs or [self.output], [y], options, 1, **fields)
        self.output = y
        return y

    def weighted(self, name, filters, channels, shape, *, axis=0, options=None, **fields):
        """Add an operator with random weights and 64-bit biases, its output as coarse as its sums ask for."""
        scales = self.random.uniform(0.004, 0.008, channels).astype(np.float32)
        weights = self.net.constant(self.random.integers(-127, 128, filters).astype(np.int8), scale=scales, axis=axis)
        biases = self.random.integers(-1 << 20, 1 << 20, channels)
        bias = self.net.constant(biases, scale=scales * np.float32(self.scale))
        count = int(np.prod(filters)) // channels
        inputs = [self.output, weights, bias]
        return self.add(name, shape, self.scale * 0.4 * count**0.5, inputs=inputs, options=options, **fields)

    def convolution(self, channels, size=3, stride=1, activation=1):
        batch, height, width, depth = self.shape
        shape = (batch, -(-height // stride), -(-width // stride), channels)
        return self.weighted(
            "CONV_2D", (channels, size, size, depth), channels, shape, options="Conv2DOptions", Padding=0,
            StrideH=stride, StrideW=stride, DilationHFactor=1, DilationWFactor=1, FusedActivationFunction=activation,
        )  # fmt: skip

    def depthwise(self, size=3, stride=1):
        batch, height, width, depth = self.shape
        shape = (batch, -(-height // stride), -(-width // stride), depth)
        return self.weighted(
            "DEPTHWISE_CONV_2D", (1, size, size, depth), depth, shape, axis=3, options="DepthwiseConv2DOptions",
            Padding=0, StrideH=stride, StrideW=stride, DilationHFactor=1, DilationWFactor=1, DepthMultiplier=1,
            FusedActivationFunction=1,
        )  # fmt: skip

    def pool(self, name):
        batch, height, width, depth = self.shape
        return self.add(
            name, (batch, height // 2, width // 2, depth), options="Pool2DOptions", Padding=1, StrideH=2, StrideW=2,
            FilterHeight=2, FilterWidth=2,
        )  # fmt: skip

    def pad(self, pads):
        shape = tuple(before + size + after for size, (before, after) in zip(self.shape, pads, strict=True))
        return self.add("PAD", shape, inputs=[self.output, self.net.constant(np.array(pads, np.int32))])

    def mean(self, axes):
        shape = tuple(size for axis, size in enumerate(self.shape) if axis not in axes)
        inputs = [self.output, self.net.constant(np.array(axes, np.int32))]
        return self.add("MEAN", shape, self.scale / 2, inputs=inputs, options="ReducerOptions", KeepDims=False)

    def flatten(self):
        batch = self.shape[0]
        shape = (batch, int(np.prod(self.shape)) // batch)
        return self.add("RESHAPE", shape, inputs=[self.output, self.net.constant(np.array(shape, np.int32))])

    def dense(self, units):
        batch, depth = self.shape
        return self.weighted(
            "FULLY_CONNECTED", (units, depth), units, (batch, units), options="FullyConnectedOptions"
        )

    def sum(self, other, scale):
        return self.add("ADD", self.shape, scale, inputs=[self.output, other], options="AddOptions")

    def softmax(self):
        return self.add("SOFTMAX", self.shape, UNIT, options="SoftmaxOptions", Beta=1.0)

    def finish(self):
        return self.net.finish([self.input], [self.output])


def plain_classifier():
    """Separable convolutions, a dense layer and a softmax, which every TFLM has kernels for, if not for int16."""
    made = Layers((1, 8, 8, 1))
    made.convolution(6)
    made.depthwise(stride=2)
    made.convolution(9, size=1)
    made.pool("MAX_POOL_2D")
    made.flatten()
    made.dense(5)
    made.softmax()
    return made.finish()


def small_classifier():
    """A residual network of separable convolutions, from 10 by 10 pixels to 5 classes."""
    made = Layers((1, 10, 10, 3))
    before = made.convolution(7)
    made.depthwise()
    made.convolution(7, size=1, activation=0)
    made.sum(before, made.scale * 1.5)
    made.pool("MAX_POOL_2D")
    made.pad([(0, 0), (1, 0), (0, 1), (0, 0)])
    made.depthwise(stride=2)
    made.convolution(9, size=1)
    made.add("LEAKY_RELU", made.shape, options="LeakyReluOptions", Alpha=0.1)
    made.add("TANH", made.shape, UNIT)
    made.pool("AVERAGE_POOL_2D")
    made.mean((1, 2))
    made.dense(5)
    made.softmax()
    return made.finish()


def small_layers(seed):
    """Two convolutions, two depthwise ones and a dense layer, with sizes that are easily got wrong."""
    random = np.random.default_rng(seed)

    def draw(low, high):
        return int(random.integers(low, high, endpoint=True))

    made = Layers((1, draw(1, 7), draw(1, 7), draw(1, 5)), seed=seed)
    made.convolution(draw(1, 5), size=draw(1, 4), stride=draw(1, 3))
    made.depthwise(size=draw(1, 4), stride=draw(1, 2))
    made.convolution(draw(1, 8), size=1, activation=draw(0, 3))
    made.depthwise(size=draw(1, 3))
    made.flatten()
    made.dense(draw(1, 5))
    return made.finish()
