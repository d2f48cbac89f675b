"""What PAD, CONCATENATION, SPLIT, TRANSPOSE, SLICE, STRIDED_SLICE and RESIZE_NEAREST_NEIGHBOR refuse."""

import numpy as np
import pytest

from harness.errors import UnsupportedError
from tests.compiler import host
from tests.compiler.networks import Network


def ints(*values):
    return np.array(values, np.int32)


def refused(name, x, constants, outputs, options, *, first=False, dtype="int8", **fields):
    """Fail unless an operator on ``x`` and constants is refused with a sentence that names it.

    ``constants`` that are None become tensors of the network's; ``first`` puts them in front of ``x``.
    """
    net = Network()
    data = net.tensor(x, scale=0.1)
    inputs, places = [data], []
    for values in constants:
        if values is None:
            inputs.append(net.tensor((1,), "int32"))
            places.append(inputs[-1])
        else:
            places.append(net.constant(values, scale=0.1) if values.dtype == np.int8 else net.constant(values))
    ys = [net.tensor(shape, dtype, scale=0.1) for shape in outputs]
    net.operator(name, [*places, data] if first else [data, *places], ys, options, **fields)
    with pytest.raises(UnsupportedError, match=rf"operator 0 \({name}, ") as found:
        host.compile_network(net.finish(inputs, ys or inputs))
    return str(found.value)


@pytest.mark.parametrize(
    ("pads", "out"),
    [
        (ints(1, 1, 1, 1).reshape(2, 2), (4, 4)),
        (ints(0, 2, 2, 0).reshape(2, 2), (5, 4)),
        (ints(0, 1).reshape(1, 2), (3, 3)),
        (ints(-1, 1, 0, 0).reshape(2, 2), (2, 3)),
        (np.array([[0, 0], [0, 1]], np.int64), (2, 4)),
        (None, (2, 3)),
    ],
)
def test_pad(pads, out):
    refused("PAD", (2, 3), [pads], [out], "PadOptions")


def test_pad_value():
    pads = ints(0, 1, 0, 1).reshape(2, 2)
    assert "one element" in refused("PADV2", (2, 3), [pads, ints(3)], [(3, 4)], "PadV2Options")
    assert "one element" in refused("PADV2", (2, 3), [pads, np.zeros(2, np.int8)], [(3, 4)], "PadV2Options")
    net = Network()
    x, y = net.tensor((2, 3), scale=0.1), net.tensor((3, 4), scale=0.1)
    value = net.constant(np.zeros(1, np.int8), scale=0.2)
    net.operator("PADV2", [x, net.constant(pads), value], [y], "PadV2Options")
    with pytest.raises(UnsupportedError, match=r"PADV2.*quantized"):
        host.compile_network(net.finish([x], [y]))


@pytest.mark.parametrize(
    ("shapes", "out", "fields"),
    [
        ([(2, 3), (2, 4)], (2, 8), {"Axis": 1}),
        ([(2, 3), (3, 3)], (2, 6), {"Axis": 1}),
        ([(2, 3), (2, 3)], (2, 6), {"Axis": 2}),
        ([(2, 3), (2, 3)], (2, 6), {"Axis": -3}),
        ([(2, 3), (6,)], (2, 6), {"Axis": 1}),
        ([(2, 3), (2, 3)], (2, 6), {"Axis": 1, "FusedActivationFunction": 1}),
    ],
)
def test_concatenation(shapes, out, fields):
    net = Network()
    xs, y = [net.tensor(shape, scale=0.1) for shape in shapes], net.tensor(out, scale=0.1)
    net.operator("CONCATENATION", xs, [y], "ConcatenationOptions", **fields)
    with pytest.raises(UnsupportedError, match=r"operator 0 \(CONCATENATION, "):
        host.compile_network(net.finish(xs, [y]))


@pytest.mark.parametrize(
    "second", [{"scale": 0.2}, {"scale": 0.1, "zero_point": 1}, {"dtype": "int16", "scale": 0.1}, {}]
)
def test_concatenation_does_not_rescale(second):
    net = Network()
    xs, y = [net.tensor((2, 3), scale=0.1), net.tensor((2, 3), **second)], net.tensor((4, 3), scale=0.1)
    net.operator("CONCATENATION", xs, [y], "ConcatenationOptions", Axis=0)
    with pytest.raises(UnsupportedError, match=r"operator 0 \(CONCATENATION, "):
        host.compile_network(net.finish(xs, [y]))


@pytest.mark.parametrize(
    ("axis", "outputs", "count"),
    [
        (ints(1), [(2, 2), (2, 2)], 3),
        (ints(1), [], 0),
        (ints(1), [(2, 2), (2, 3)], 2),
        (ints(0), [(1, 4), (1, 3)], 2),
        (ints(1), [(2, 4)] * 3, 3),
        (ints(2), [(2, 2), (2, 2)], 2),
        (ints(-3), [(2, 2), (2, 2)], 2),
        (ints(0, 1), [(1, 4), (1, 4)], 2),
        (None, [(1, 4), (1, 4)], 2),
    ],
)
def test_split(axis, outputs, count):
    refused("SPLIT", (2, 4), [axis], outputs, "SplitOptions", first=True, NumSplits=count)


@pytest.mark.parametrize(
    ("sizes", "axis", "outputs"),
    [
        (ints(1, 2), ints(1), [(2, 1), (2, 2)]),
        (ints(1, 4), ints(1), [(2, 1), (2, 4)]),
        (ints(-1, -1), ints(1), [(2, 2), (2, 2)]),
        (ints(5, -1), ints(1), [(2, 5), (2, 1)]),
        (ints(4), ints(1), [(2, 1), (2, 3)]),
        (ints(1, 3), ints(1), [(2, 3), (2, 1)]),
        (None, ints(1), [(2, 1), (2, 3)]),
        (ints(1, 3), None, [(2, 1), (2, 3)]),
    ],
)
def test_split_into_sizes(sizes, axis, outputs):
    refused("SPLIT_V", (2, 4), [sizes, axis], outputs, "SplitVOptions", NumSplits=2)


@pytest.mark.parametrize(
    ("order", "out"),
    [
        (ints(0, 0), (2, 2)),
        (ints(1, 2), (3, 2)),
        (ints(-1, 0), (3, 2)),
        (ints(0), (2, 3)),
        (ints(1, 0), (2, 3)),
        (None, (3, 2)),
    ],
)
def test_transpose(order, out):
    refused("TRANSPOSE", (2, 3), [order], [out], "TransposeOptions")


@pytest.mark.parametrize(
    ("begin", "size", "out"),
    [
        (ints(0, 0), ints(2, 4), (2, 4)),
        (ints(1, 1), ints(2, 2), (2, 2)),
        (ints(-1, 0), ints(1, 3), (1, 3)),
        (ints(0, 0), ints(-2, 3), (2, 3)),
        (ints(0, 3), ints(2, -1), (2, 1)),
        (ints(0), ints(2), (2, 3)),
        (ints(0, 0), ints(1, 2), (2, 1)),
        (np.zeros(2, np.float32), ints(1, 2), (1, 2)),
        (None, ints(1, 2), (1, 2)),
    ],
)
def test_slice(begin, size, out):
    refused("SLICE", (2, 3), [begin, size], [out], "SliceOptions")


@pytest.mark.parametrize(
    ("numbers", "out", "fields"),
    [
        (([0, 0], [2, 3], [1, 1]), (2, 4), {}),
        (([0, 0], [2, 3], [0, 1]), (2, 3), {}),
        (([0], [2], [1]), (2, 3), {}),
        (([2, 0], [3, 3], [1, 1]), (3,), {"ShrinkAxisMask": 1}),
        (([-3, 0], [3, 3], [-1, 1]), (3,), {"ShrinkAxisMask": 1}),
        (([0, 0], [2, 3], [1, 1]), (2, 3), {"NewAxisMask": 1}),
        (([0, 0], [2, 3], [1, 1]), (2, 3), {"EllipsisMask": 2}),
        (([0, 0], [2, 3], [1, 1]), (2, 3), {"Offset": True}),
        (([1, 2], [0, 0], [1, 1]), (1, 1), {}),
    ],
)
def test_strided_slice(numbers, out, fields):
    refused("STRIDED_SLICE", (2, 3), [ints(*values) for values in numbers], [out], "StridedSliceOptions", **fields)


def test_strided_slice_by_numbers_that_are_computed():
    refused("STRIDED_SLICE", (2,), [None, ints(1), ints(1)], [(1,)], "StridedSliceOptions")


@pytest.mark.parametrize(
    ("x", "size", "out"),
    [
        ((1, 2, 2, 1), ints(4, 4), (1, 4, 5, 1)),
        ((1, 2, 2, 1), ints(4, 4), (2, 4, 4, 1)),
        ((1, 2, 2, 1), ints(4, 4), (1, 4, 4, 2)),
        ((2, 2, 1), ints(4, 4), (4, 4, 1)),
        ((1, 2, 2, 1), ints(4), (1, 4, 4, 1)),
        ((1, 2, 2, 1), None, (1, 4, 4, 1)),
    ],
)
def test_resize_nearest_neighbor(x, size, out):
    refused("RESIZE_NEAREST_NEIGHBOR", x, [size], [out], "ResizeNearestNeighborOptions")


def test_an_output_of_another_type():
    said = refused("TRANSPOSE", (2, 3), [ints(1, 0)], [(3, 2)], "TransposeOptions", dtype="int16")
    assert "not of type int8" in said
