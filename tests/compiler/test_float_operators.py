"""The operators that float networks may have, one by one; networks that are float in part; what is refused."""

import subprocess

import numpy as np
import pytest

from harness.compiler import float_operators, source
from harness.compiler.frontend import reason
from harness.errors import UnsupportedError
from tests.compiler import host
from tests.compiler.float_networks import RELATIVE, FloatNetwork, check

UNARY = {
    "ABS": "AbsOptions", "NEG": "NegOptions", "EXP": "ExpOptions", "SQUARE": "SquareOptions",
    "HARD_SWISH": "HardSwishOptions", "LOG_SOFTMAX": "LogSoftmaxOptions", "L2_NORMALIZATION": "L2NormOptions",
    "LEAKY_RELU": "LeakyReluOptions",
} | dict.fromkeys(["SIN", "COS", "FLOOR", "CEIL", "ROUND", "RELU", "RELU6", "LOGISTIC", "TANH", "ELU"])  # fmt: skip
COMPARISONS = ("GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "EQUAL", "NOT_EQUAL")


def unary():
    net = FloatNetwork()
    x = net.tensor((2, 3, 5), "float32")
    fields = {"LEAKY_RELU": {"Alpha": 0.3}}
    outputs = [net.unary(name, x, options, **fields.get(name, {})) for name, options in UNARY.items()]
    positive = net.unary("EXP", x, "ExpOptions")
    outputs += [net.unary(name, positive) for name in ("SQRT", "RSQRT", "LOG")]
    outputs += [net.softmax(x), net.add("PRELU", [x, net.weights(1, 5)], (2, 3, 5))]
    outputs.append(net.add("ADD_N", [x, positive, x], (2, 3, 5), "AddNOptions"))
    whole = net.add("CAST", [x], (2, 3, 5), "CastOptions", dtype="int32", InDataType=0, OutDataType=2)
    outputs.append(net.add("CAST", [whole], (2, 3, 5), "CastOptions", InDataType=2, OutDataType=0))
    return net.finish([x], outputs)


def choices():
    net = FloatNetwork()
    a, b = net.tensor((2, 6), "float32"), net.tensor((2, 6), "float32")
    found = [net.binary(name, a, b, dtype="bool") for name in COMPARISONS]
    either = net.add("LOGICAL_OR", found[:2], (2, 6), dtype="bool")
    both = net.add("LOGICAL_AND", [either, found[5]], (2, 6), dtype="bool")
    neither = net.add("LOGICAL_NOT", [both], (2, 6), dtype="bool")
    chosen = net.add("SELECT_V2", [neither, a, b], (2, 6), "SelectV2Options")
    axis = net.constant(np.array(1, np.int32))
    most = net.add("ARG_MAX", [a, axis], (2,), "ArgMaxOptions", dtype="int32", OutputType=2)
    least = net.add("ARG_MIN", [b, axis], (2,), "ArgMinOptions", dtype="int32", OutputType=2)
    quotient = net.binary("FLOOR_DIV", a, net.constant(np.array([0.7], np.float32)))
    return net.finish([a, b], [*found, chosen, most, least, quotient])


def reductions():
    net = FloatNetwork()
    x = net.tensor((2, 3, 4, 5), "float32")
    names = ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN")
    outputs = [net.reduce(name, x, 1, 2) for name in names] + [net.reduce(name, x, 3, keep=True) for name in names]
    whole = net.unary("TANH", net.add("MEAN", [x, net.ints(-1, 0, 1, 2)], (), "ReducerOptions"))
    product = net.tensor((2, 5, 4), "float32")
    outputs += [
        whole,
        net.add("BATCH_MATMUL", [net.reshape(x, 2, 12, 5), product], (2, 12, 4), "BatchMatMulOptions"),
        net.add("BATCH_MATMUL", [net.reshape(x, 2, 5, 12), product], (2, 12, 4), "BatchMatMulOptions", AdjX=True),
    ]
    return net.finish([x, product], outputs)


def movements():
    net = FloatNetwork()
    x = net.tensor((1, 4, 6, 4), "float32")
    second = net.concatenate(1, x, net.weights(1, 2, 6, 4), x)
    mirrored = net.add("MIRROR_PAD", [net.reshape(x, 16, 6), net.ints([1, 1], [2, 0])], (18, 8), "MirrorPadOptions")
    halves = [net.tensor((1, 4, 3, 4), "float32") for _ in range(2)]
    net.operator("SPLIT", [net.constant(np.array(2, np.int32)), x], halves, "SplitOptions", NumSplits=2)
    parts = [net.tensor((1, size, 6, 4), "float32") for size in (1, 3)]
    along = net.constant(np.array(1, np.int32))
    net.operator("SPLIT_V", [x, net.ints(1, 3), along], parts, "SplitVOptions", NumSplits=2)
    rows = [net.tensor((6, 4), "float32") for _ in range(4)]
    net.operator("UNPACK", [net.reshape(x, 4, 6, 4)], rows, "UnpackOptions", Num=4, Axis=0)
    outputs = [
        second,
        mirrored,
        net.binary("ADD", *halves),
        net.binary("SUB", parts[1], net.add("SQUEEZE", [parts[0]], (6, 4), "SqueezeOptions", SqueezeDims=[0, 1])),
        net.add("PACK", [rows[3], rows[0]], (6, 2, 4), "PackOptions", ValuesCount=2, Axis=1),
        net.pad(x, (0, 0), (1, 2), (0, 1), (0, 0), value=1.5),
        net.add("TRANSPOSE", [x, net.ints(0, 3, 1, 2)], (1, 4, 4, 6), "TransposeOptions"),
        net.add("SLICE", [x, net.ints(0, 1, 2, 0), net.ints(1, 2, -1, 4)], (1, 2, 4, 4), "SliceOptions"),
        net.add(
            "STRIDED_SLICE", [rows[3], net.ints(4, 0), net.ints(0, 4), net.ints(-2, 1)], (2, 4), "StridedSliceOptions"
        ),
        net.add("GATHER", [rows[1], net.ints(5, 0, 2)], (3, 4), "GatherOptions", Axis=0),
        net.add("BROADCAST_TO", [rows[2], net.ints(3, 6, 4)], (3, 6, 4), "BroadcastToOptions"),
        net.add("DEPTH_TO_SPACE", [x], (1, 8, 12, 1), "DepthToSpaceOptions", BlockSize=2),
        net.add("SPACE_TO_DEPTH", [x], (1, 2, 3, 16), "SpaceToDepthOptions", BlockSize=2),
        net.add("EXPAND_DIMS", [rows[0], net.constant(np.array(0, np.int32))], (1, 6, 4), "ExpandDimsOptions"),
    ]
    for options in ({}, {"HalfPixelCenters": True}, {"AlignCorners": True}):
        for kind in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"):
            table = f"{''.join(word.title() for word in kind.split('_'))}Options"
            outputs.append(net.add(kind, [x, net.ints(7, 9)], (1, 7, 9, 4), table, 3, **options))
    return net.finish([x], outputs)


NETWORKS = (unary, choices, reductions, movements)


@pytest.mark.parametrize("fuse", [True, False], ids=["fused", "alone"])
@pytest.mark.parametrize("make", NETWORKS, ids=lambda make: make.__name__)
def test_operators(make, fuse):
    check(make(), fuse=fuse, kinds=("random", "alternating"))


@pytest.mark.parametrize("make", NETWORKS, ids=lambda make: make.__name__)
def test_c_has_no_double_and_no_warning(make, tmp_path):
    for name, text in source.files(host.compile_network(make()), "test").items():
        (tmp_path / name).write_text(text)
    flags = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-Wdouble-promotion", "-Wfloat-conversion"]
    done = subprocess.run(
        ["cc", *flags, "-O2", "-c", tmp_path / "model.c", "-o", tmp_path / "model.o"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[:2000]


def test_every_operator_is_tested():
    """All that can be imported, except for what test_float_networks has in its networks."""
    elsewhere = {
        *("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"),
        *("MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "PAD"),
    }
    programs = [host.compile_network(make(), fuse=False) for make in NETWORKS]
    here = {name for program in programs for call in program.calls for name in call.operators}
    assert set(float_operators.supported()) <= here | elsewhere


def weights_of(dtype):
    """A dense layer with a bias whose weights are stored as ``dtype`` and converted when the network runs."""
    net = FloatNetwork()
    x = net.tensor((1, 6), "float32")
    generator = np.random.default_rng(3)
    if dtype == "int8":
        stored = net.constant(generator.integers(-127, 128, (4, 6)).astype(np.int8), scale=0.01, zero_point=3)
    else:
        stored = net.constant(generator.normal(size=(4, 6)).astype(np.float16))
    weights = net.add("DEQUANTIZE", [stored], (4, 6), "DequantizeOptions")
    y = net.add("FULLY_CONNECTED", [x, weights, net.weights(4)], (1, 4), "FullyConnectedOptions")
    return net, net.finish([x], [y])


def test_halves_are_rounded_to_even():
    net = FloatNetwork()
    x = net.tensor((8,), "float32")
    content = net.finish([x], [net.unary("ROUND", x)])
    network = host.HostNetwork(host.compile_network(content))
    host.compare(content, network, [np.arange(-1.5, 2.5, 0.5).astype(np.float32)])


def test_weights_stored_as_int8():
    _, content = weights_of("int8")
    program = check(content, fuse=True)
    assert [call.operators for call in program.calls] == [("FULLY_CONNECTED",)]


def test_weights_stored_as_float16():
    net, content = weights_of("float16")
    program = host.compile_network(content)
    inputs = host.random_inputs(program, 1)
    (found,) = host.HostNetwork(program).outputs(inputs)
    right = inputs[0] @ net.tensors[1].data.astype(np.float32).T + net.tensors[3].data
    assert np.abs(found - right).max() <= RELATIVE * np.abs(right).max()
    assert program.constants[0].dtype == "float32"


def test_float_part_of_an_integer_network():
    net = FloatNetwork()
    x = net.tensor((1, 4, 4, 3), scale=0.05, zero_point=3)
    weights = net.constant(np.random.default_rng(1).integers(-127, 128, (5, 1, 1, 3)).astype(np.int8), scale=0.01)
    conv = net.tensor((1, 4, 4, 5), scale=0.02)
    fields = {"Padding": 0, "StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}
    net.operator("CONV_2D", [x, weights, -1], [conv], "Conv2DOptions", 3, **fields)
    real = net.add("DEQUANTIZE", [conv], (1, 4, 4, 5), "DequantizeOptions")
    soft = net.softmax(net.unary("RELU", real))
    back = net.tensor((1, 4, 4, 5), scale=1 / 256, zero_point=-128)
    net.operator("QUANTIZE", [soft], [back], "QuantizeOptions")
    content = net.finish([x], [back, soft])
    for fuse in (True, False):
        program = check(content, fuse=fuse)
        assert sum(len(call.operators) for call in program.calls) == 5


def test_shape_that_is_computed_from_the_input():
    net = FloatNetwork()
    x = net.tensor((2, 3, 4), "float32")
    shape = net.add("SHAPE", [x], (3,), "ShapeOptions", dtype="int32", OutType=2)
    first = net.add(
        "STRIDED_SLICE", [shape, net.ints(0), net.ints(1), net.ints(1)], (), "StridedSliceOptions", dtype="int32",
        ShrinkAxisMask=1,
    )  # fmt: skip
    rest = net.constant(np.array(-1, np.int32))
    wanted = net.add("PACK", [first, rest], (2,), "PackOptions", dtype="int32", ValuesCount=2)
    flat = net.add("RESHAPE", [net.unary("TANH", x), wanted], (2, 12), "ReshapeOptions")
    program = check(net.finish([x], [net.unary("NEG", flat)]), fuse=True)
    assert [call.operators for call in program.calls] == [("TANH",), ("NEG",)]


def test_names_and_leftovers_of_training_do_not_matter():
    """Tensors with the same name, and float tensors with scales."""
    net = FloatNetwork()
    x = net.tensor((1, 6), "float32", scale=0.5, zero_point=1)
    y = net.softmax(net.dense(net.dense(x, 5), 4))
    content = net.finish([x], [y])
    for index in range(1, len(net.tensors)):
        content = content.replace(f"t{index}\0".encode(), b"t0\0")
    check(content, fuse=True)


def refused(net, inputs, outputs) -> str:
    with pytest.raises(UnsupportedError) as found:
        host.compile_network(net.finish(inputs, outputs))
    assert "\n" not in str(found.value)
    return str(found.value)


def test_dynamic_range_weights_are_refused():
    net = FloatNetwork()
    x = net.tensor((1, 6), "float32")
    weights = net.constant(np.ones((4, 6), np.int8), scale=0.01)
    y = net.add("FULLY_CONNECTED", [x, weights, -1], (1, 4), "FullyConnectedOptions")
    assert refused(net, [x], [y]) == (
        "operator 0 (FULLY_CONNECTED, version 1) computes in float32, but its weights are quantized (dynamic range): "
        "tensor 1 ('t1', int8 [4, 6]); quantize all of the model or nothing of it"
    )


@pytest.mark.parametrize("name", ["CUMSUM", "GATHER_ND", "TRANSPOSE_CONV", "UNIDIRECTIONAL_SEQUENCE_LSTM", "CUSTOM"])
def test_unknown_operators_are_refused(name):
    net = FloatNetwork()
    x = net.tensor((2, 6), "float32")
    y = net.add(name, [x, net.ints(1)], (2, 6))
    found = refused(net, [x], [y])
    assert found == f"{name} version 1, which gives tensor 2 ('t2', float32 [2, 6]), is not supported for floats"


def test_dynamic_shapes_are_refused():
    net = FloatNetwork()
    x = net.tensor((1, 6), "float32")
    y = net.add("NEG", [net.add("TANH", [x], (-1, 6))], (1, 6))
    assert "has a shape that is not fixed" in refused(net, [x], [y])


def test_what_is_imported_as_something_else_is_refused():
    net = FloatNetwork()
    x = net.tensor((2, 6), "float32")
    y = net.add("ADD", [x, net.weights(6)], (12,), "AddOptions")
    found = refused(net, [x], [y])
    assert found.startswith("operator 0 (ADD, version 1): tensor 2 ('t2', float32 [12]) is imported as float32")


def test_what_the_import_fails_on_is_refused():
    net = FloatNetwork()
    x = net.tensor((2, 6), "float32")
    y = net.add("ADD", [x, net.weights(5)], (2, 6), "AddOptions")
    assert refused(net, [x], [y]).startswith("operator 0 (ADD, version 1) cannot be imported: ")
    net = FloatNetwork()
    x = net.tensor((2, 6), "float32")
    found = refused(net, [x], [net.softmax(x, beta=0.5)])
    assert found == "operator 0 (SOFTMAX, version 1): a beta other than 1 is not supported"


def test_reason_is_one_line():
    message = 'Traceback (most recent call last):\n  File "x.cc", line 3\nInternalError: Check failed: a == b: two\n'
    assert reason(RuntimeError(message)) == "RuntimeError: Check failed: a == b: two"
    assert reason(AssertionError()) == "AssertionError"
    assert len(reason(ValueError("x" * 1000))) < 250
