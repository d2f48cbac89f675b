"""PAD, CONCATENATION, SPLIT, TRANSPOSE, SLICE, STRIDED_SLICE and RESIZE_NEAREST_NEIGHBOR, alone and in chains."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.compiler import host
from tests.compiler.networks import Network

EXAMPLES = settings(max_examples=15)
ZERO_POINTS = st.integers(-128, 127)
TYPES = st.sampled_from(["int8", "int8", "int16", "int32"])
SIZES = st.integers(1, 5)


def shapes(most=4):
    return st.lists(SIZES, min_size=1, max_size=most).map(tuple)


def ints(*values):
    return np.array(values, np.int32)


def like(dtype, zero_point=0):
    """Return the arguments of tensors of this type."""
    if dtype == "int32":
        return {"dtype": dtype}
    return {"dtype": dtype, "scale": 0.1, "zero_point": zero_point if dtype == "int8" else 0}


def numbers(seed, shape, dtype="int8"):
    return np.asarray(np.random.default_rng(seed).integers(-100, 101, shape)).astype(dtype)


def text(program):
    return "\n".join(function.body for function in program.functions)


@EXAMPLES
@given(shapes(5), TYPES, ZERO_POINTS, st.data())
def test_pad(shape, dtype, zero_point, data):
    pads = [data.draw(st.tuples(st.integers(0, 3), st.integers(0, 3))) for _ in shape]
    net = Network()
    x = net.tensor(shape, **like(dtype, zero_point))
    amounts = net.constant(np.array(pads, np.int32))
    y = net.tensor([a + size + b for size, (a, b) in zip(shape, pads, strict=True)], **like(dtype, zero_point))
    net.operator("PAD", [x, amounts], [y], "PadOptions", 2)
    program = host.check(net.finish([x], [y]), seeds=1)
    assert "?" not in text(program) or 1 in shape


@EXAMPLES
@given(shapes(4), TYPES, ZERO_POINTS, st.integers(-128, 127), st.integers(0, 2), st.integers(0, 2))
def test_pad_with_a_number(shape, dtype, zero_point, value, before, after):
    net = Network()
    x = net.tensor(shape, **like(dtype, zero_point))
    amounts = net.constant(np.array([(before, after)] * len(shape), np.int32))
    more = {key: item for key, item in like(dtype, zero_point).items() if key != "dtype"}
    given_value = net.constant(np.array(value, dtype), **more)
    y = net.tensor([before + size + after for size in shape], **like(dtype, zero_point))
    net.operator("PADV2", [x, amounts, given_value], [y], "PadV2Options", 2)
    host.check(net.finish([x], [y]), seeds=1)


@EXAMPLES
@given(shapes(4), TYPES, ZERO_POINTS, st.lists(st.tuples(SIZES, st.booleans()), min_size=1, max_size=5), st.data())
def test_concatenation(shape, dtype, zero_point, parts, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    net, tensors, inputs = Network(), [], []
    more = {key: item for key, item in like(dtype, zero_point).items() if key != "dtype"}
    for number, (size, constant) in enumerate(parts):
        one = list(shape)
        one[axis] = size
        if constant and number:
            tensors.append(net.constant(numbers(number, one, dtype), **more))
        else:
            tensors.append(net.tensor(one, **like(dtype, zero_point)))
            inputs.append(tensors[-1])
    whole = list(shape)
    whole[axis] = sum(size for size, _ in parts)
    y = net.tensor(whole, **like(dtype, zero_point))
    net.operator("CONCATENATION", tensors, [y], "ConcatenationOptions", 2, Axis=axis)
    program = host.check(net.finish(inputs, [y]), seeds=1)
    assert "?" not in text(program)


def test_concatenation_of_a_tensor_with_itself():
    net = Network()
    x, y = net.tensor((2, 3), scale=0.1), net.tensor((2, 9), scale=0.1)
    net.operator("CONCATENATION", [x, x, x], [y], "ConcatenationOptions", 2, Axis=1)
    host.check(net.finish([x], [y]))


@EXAMPLES
@given(shapes(4), TYPES, st.integers(1, 4), st.booleans(), st.data())
def test_split(shape, dtype, count, negative, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    net = Network()
    x = net.tensor([size * count if place == axis else size for place, size in enumerate(shape)], **like(dtype))
    at = net.constant(ints(axis - len(shape) if negative else axis).reshape(() if negative else (1,)))
    parts = [net.tensor(shape, **like(dtype)) for _ in range(count)]
    net.operator("SPLIT", [at, x], parts, "SplitOptions", 2, NumSplits=count)
    host.check(net.finish([x], parts), seeds=1)


@EXAMPLES
@given(shapes(4), TYPES, st.lists(SIZES, min_size=1, max_size=4), st.booleans(), st.data())
def test_split_into_sizes(shape, dtype, sizes, rest, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    net = Network()
    whole = list(shape)
    whole[axis] = sum(sizes)
    x = net.tensor(whole, **like(dtype))
    last = [net.constant(ints(*sizes[:-1], -1 if rest else sizes[-1])), net.constant(ints(axis))]
    parts = []
    for size in sizes:
        whole[axis] = size
        parts.append(net.tensor(whole, **like(dtype)))
    net.operator("SPLIT_V", [x, *last], parts, "SplitVOptions", 2, NumSplits=len(sizes))
    host.check(net.finish([x], parts), seeds=1)


@EXAMPLES
@given(shapes(5), st.sampled_from(["int8", "int16"]), st.data())
def test_transpose(shape, dtype, data):
    order = data.draw(st.permutations(range(len(shape))))
    net = Network()
    x, y = net.tensor(shape, **like(dtype)), net.tensor([shape[axis] for axis in order], **like(dtype))
    net.operator("TRANSPOSE", [x, net.constant(ints(*order))], [y], "TransposeOptions", 2)
    host.check(net.finish([x], [y]), seeds=1)


def test_transpose_of_more_dimensions_than_the_interpreter_takes():
    shape, order = (2, 1, 3, 2, 2, 3), (5, 0, 3, 1, 4, 2)
    net = Network()
    x, y = net.tensor(shape, scale=0.1), net.tensor([shape[axis] for axis in order], scale=0.1)
    net.operator("TRANSPOSE", [x, net.constant(ints(*order))], [y], "TransposeOptions", 6)
    program = host.compile_network(net.finish([x], [y]))
    elements = numbers(0, shape)
    assert (host.HostNetwork(program).outputs([elements])[0] == elements.transpose(order)).all()


@EXAMPLES
@given(shapes(4), TYPES, st.booleans(), st.data())
def test_slice(shape, dtype, wide, data):
    begin = [data.draw(st.integers(0, size - 1)) for size in shape]
    size = [data.draw(st.integers(1, length - first)) for length, first in zip(shape, begin, strict=True)]
    to_end = [data.draw(st.booleans()) for _ in shape]
    out = [length - b if end else s for length, b, s, end in zip(shape, begin, size, to_end, strict=True)]
    kind = np.int64 if wide else np.int32
    net = Network()
    x, y = net.tensor(shape, **like(dtype)), net.tensor(out, **like(dtype))
    wanted = [-1 if end else s for s, end in zip(size, to_end, strict=True)]
    boxes = [net.constant(np.array(values, kind)) for values in (begin, wanted)]
    net.operator("SLICE", [x, *boxes], [y], "SliceOptions", 2)
    host.check(net.finish([x], [y]), seeds=1)


@st.composite
def strided(draw):
    """Return a shape, and begin, end, stride, two masks and whether the axis is dropped for each dimension."""
    shape = draw(shapes(4))
    near = st.integers(-8, 8)
    found = []
    for size in shape:
        dropped = draw(st.integers(0, 3)) == 0
        begin = draw(st.integers(-size, size - 1) if dropped else near)
        stride = 1 if dropped else draw(st.sampled_from([1, 1, 2, 3, -1, -2]))
        found.append((begin, draw(near), stride, draw(st.booleans()), draw(st.booleans()), dropped))
    return shape, found


@settings(max_examples=40)
@given(strided(), TYPES)
def test_strided_slice(chosen, dtype):
    shape, axes = chosen
    out = []
    for size, (begin, end, stride, open_begin, open_end, dropped) in zip(shape, axes, strict=True):
        picked = range(size)[slice(None if open_begin else begin, None if open_end else end, stride)]
        assume(dropped or len(picked))
        out += [] if dropped else [len(picked)]
    masks = [sum(bool(axis[place]) << number for number, axis in enumerate(axes)) for place in (3, 4, 5)]
    net = Network()
    x, y = net.tensor(shape, **like(dtype)), net.tensor(out, **like(dtype))
    numbers_ = [net.constant(ints(*(axis[place] for axis in axes))) for place in range(3)]
    net.operator(
        "STRIDED_SLICE", [x, *numbers_], [y], "StridedSliceOptions", 2,
        BeginMask=masks[0], EndMask=masks[1], ShrinkAxisMask=masks[2],
    )  # fmt: skip
    end = net.tensor((*out, 1), **like(dtype))  # the interpreter gives no output that is a scalar
    net.operator("RESHAPE", [y], [end], "ReshapeOptions")
    host.check(net.finish([x], [end]), seeds=1)


def test_strided_slice_with_the_largest_strides():
    net = Network()
    x, y = net.tensor((5, 4), scale=0.1), net.tensor((1, 1), scale=0.1)
    most = 2**31 - 1
    numbers_ = [net.constant(ints(*values)) for values in ((1, -1), (most, -most), (most, -most - 1))]
    net.operator("STRIDED_SLICE", [x, *numbers_], [y], "StridedSliceOptions", 2)
    host.check(net.finish([x], [y]))


@settings(max_examples=30)
@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)), st.tuples(st.integers(1, 20), st.integers(1, 20)),
    st.booleans(), st.booleans(), st.sampled_from(["int8", "int16"]),
)  # fmt: skip
def test_resize_nearest_neighbor(before, after, aligned, half, dtype):
    net = Network()
    x, y = net.tensor((2, *before, 3), **like(dtype)), net.tensor((2, *after, 3), **like(dtype))
    net.operator(
        "RESIZE_NEAREST_NEIGHBOR", [x, net.constant(ints(*after))], [y], "ResizeNearestNeighborOptions", 3,
        AlignCorners=aligned, HalfPixelCenters=half,
    )  # fmt: skip
    host.check(net.finish([x], [y]), seeds=1)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize(("before", "after"), [((4, 5), (8, 15)), ((8, 9), (4, 3)), ((3, 4), (3, 4))])
def test_whole_factors_need_no_table(before, after, half):
    net = Network()
    x, y = net.tensor((1, *before, 2), scale=0.1), net.tensor((1, *after, 2), scale=0.1)
    options = {"HalfPixelCenters": half}
    size = net.constant(ints(*after))
    net.operator("RESIZE_NEAREST_NEIGHBOR", [x, size], [y], "ResizeNearestNeighborOptions", 3, **options)
    assert not host.check(net.finish([x], [y]), seeds=1).constants


@settings(max_examples=20)
@given(st.integers(1, 300), st.integers(1, 700), st.booleans(), st.booleans())
def test_resize_of_long_rows(before, after, aligned, half):
    net = Network()
    x, y = net.tensor((1, 1, before, 1), scale=0.1), net.tensor((1, 1, after, 1), scale=0.1)
    net.operator(
        "RESIZE_NEAREST_NEIGHBOR", [x, net.constant(ints(1, after))], [y], "ResizeNearestNeighborOptions", 3,
        AlignCorners=aligned, HalfPixelCenters=half,
    )  # fmt: skip
    host.check(net.finish([x], [y]), seeds=1)


def padded_convolution(padding, zero_point):
    net = Network()
    x = net.tensor((1, 5, 6, 2), scale=0.05, zero_point=zero_point)
    padded = net.tensor((1, 8, 9, 2), scale=0.05, zero_point=zero_point)
    amounts = net.constant(np.array([(0, 0), (1, 2), (2, 1), (0, 0)], np.int32))
    net.operator("PAD", [x, amounts], [padded], "PadOptions", 2)
    filters = net.constant(numbers(0, (3, 3, 2, 2)), scale=[0.01, 0.02, 0.03])
    offsets = net.constant(numbers(1, (3,), "int32"), scale=[0.01, 0.02, 0.03])
    y = net.tensor((1, 4, 5, 3) if padding == 0 else (1, 3, 4, 3), scale=0.3, zero_point=4)
    net.operator(
        "CONV_2D", [padded, filters, offsets], [y], "Conv2DOptions", 3, Padding=padding, StrideH=2, StrideW=2,
        DilationHFactor=1, DilationWFactor=1,
    )  # fmt: skip
    return net.finish([x], [y])


@pytest.mark.parametrize("zero_point", [-128, 3])
@pytest.mark.parametrize("padding", [0, 1], ids=["same", "valid"])
@pytest.mark.parametrize(("fuse", "calls"), [(True, 1), (False, 2)], ids=["fused", "alone"])
def test_a_padding_joins_its_convolution(padding, zero_point, fuse, calls):
    program = host.check(padded_convolution(padding, zero_point), fuse=fuse)
    assert len(program.calls) == calls


@pytest.mark.parametrize("fuse", [True, False], ids=["fused", "alone"])
@pytest.mark.parametrize(
    "name", ["MEAN", "FULLY_CONNECTED", "MAX_POOL_2D", "AVERAGE_POOL_2D", "DEPTHWISE_CONV_2D", "ADD"]
)
def test_what_follows_a_padding(name, fuse):
    net = Network()
    x, padded = net.tensor((1, 3, 2, 2), scale=0.1, zero_point=5), net.tensor((1, 4, 4, 2), scale=0.1, zero_point=5)
    amounts = net.constant(np.array([(0, 0), (1, 0), (0, 2), (0, 0)], np.int32))
    net.operator("PAD", [x, amounts], [padded], "PadOptions", 2)
    weights = net.constant(numbers(0, (1, 3, 3, 2) if name[0] == "D" else (3, 32)), scale=0.01)
    pool = {"StrideW": 1, "StrideH": 1, "FilterWidth": 3, "FilterHeight": 3}
    conv = {"StrideW": 1, "StrideH": 1, "DepthMultiplier": 1, "DilationWFactor": 1, "DilationHFactor": 1}
    more, out, options, fields = {
        "MEAN": ([net.constant(ints(1, 2))], (1, 2), "ReducerOptions", {}),
        "FULLY_CONNECTED": ([weights, -1], (1, 3), "FullyConnectedOptions", {}),
        "MAX_POOL_2D": ([], (1, 4, 4, 2), "Pool2DOptions", pool),
        "AVERAGE_POOL_2D": ([], (1, 4, 4, 2), "Pool2DOptions", pool),
        "DEPTHWISE_CONV_2D": ([weights, net.constant(ints(5, -7))], (1, 4, 4, 2), "DepthwiseConv2DOptions", conv),
        "ADD": ([net.constant(numbers(1, (2,)), scale=0.2)], (1, 4, 4, 2), "AddOptions", {}),
    }[name]
    y = net.tensor(out, scale=0.1, zero_point=5)
    net.operator(name, [padded, *more], [y], options, 2, **fields)
    assert len(host.check(net.finish([x], [y]), fuse=fuse).calls) == (1 if fuse else 2)


@pytest.mark.parametrize("fuse", [True, False], ids=["fused", "alone"])
def test_parts_that_are_changed_and_joined_again(fuse):
    net = Network()
    x = net.tensor((1, 3, 4, 6), scale=0.1, zero_point=-3)
    parts = [net.tensor((1, 3, 4, 2), scale=0.1, zero_point=-3) for _ in range(3)]
    net.operator("SPLIT", [net.constant(ints(3)), x], parts, "SplitOptions", 2, NumSplits=3)
    total = net.tensor((1, 3, 4, 2), scale=0.1, zero_point=-3)
    net.operator("ADD", parts[:2], [total], "AddOptions", 2)
    pooled = net.tensor((1, 3, 4, 2), scale=0.1, zero_point=-3)
    net.operator("MAX_POOL_2D", [parts[1]], [pooled], "Pool2DOptions", 2, StrideW=1, StrideH=1, FilterWidth=2,
                 FilterHeight=3)  # fmt: skip
    turned = net.tensor((1, 4, 3, 2), scale=0.1, zero_point=-3)
    net.operator("TRANSPOSE", [parts[0], net.constant(ints(0, 2, 1, 3))], [turned], "TransposeOptions", 2)
    flat = net.tensor((1, 3, 4, 2), scale=0.1, zero_point=-3)
    net.operator("RESHAPE", [turned], [flat], "ReshapeOptions")
    y = net.tensor((1, 3, 4, 8), scale=0.1, zero_point=-3)
    net.operator("CONCATENATION", [flat, total, pooled, parts[0]], [y], "ConcatenationOptions", 2, Axis=3)
    host.check(net.finish([x], [y, pooled]), fuse=fuse)  # the third part is read by nobody


@pytest.mark.parametrize("fuse", [True, False], ids=["fused", "alone"])
def test_two_inputs_and_two_outputs(fuse):
    net = Network()
    a, b = net.tensor((2, 6), scale=0.1), net.tensor((3, 4), scale=0.1)
    view = net.tensor((2, 6), scale=0.1)
    net.operator("RESHAPE", [b], [view], "ReshapeOptions")
    total, both = net.tensor((2, 6), scale=0.2, zero_point=7), net.tensor((4, 6), scale=0.1)
    net.operator("ADD", [a, view], [total], "AddOptions", 2)
    net.operator("CONCATENATION", [view, a], [both], "ConcatenationOptions", 2, Axis=0)
    end = net.tensor((6, 4), scale=0.1)
    net.operator("TRANSPOSE", [both, net.constant(ints(1, 0))], [end], "TransposeOptions", 2)
    host.check(net.finish([a, b], [end, total]), fuse=fuse)


@pytest.mark.parametrize("fuse", [True, False], ids=["fused", "alone"])
def test_a_padding_that_other_operators_read(fuse):
    net = Network()
    x, padded = net.tensor((1, 3, 3, 2), scale=0.1, zero_point=5), net.tensor((1, 5, 5, 2), scale=0.1, zero_point=5)
    amounts = net.constant(np.array([(0, 0), (1, 1), (1, 1), (0, 0)], np.int32))
    net.operator("PAD", [x, amounts], [padded], "PadOptions", 2)
    pooled, total = (net.tensor((1, 5, 5, 2), scale=0.1, zero_point=5) for _ in range(2))
    net.operator("AVERAGE_POOL_2D", [padded], [pooled], "Pool2DOptions", 2, StrideW=1, StrideH=1, FilterWidth=3,
                 FilterHeight=3)  # fmt: skip
    net.operator("ADD", [pooled, padded], [total], "AddOptions", 2)
    host.check(net.finish([x], [total]), fuse=fuse)
