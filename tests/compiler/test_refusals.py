"""What cannot be compiled is refused with a reason that names it: never a crash, never a wrong answer."""

import math
import time

import numpy as np
import pytest

from harness.compiler import declared, float_operators, operators
from harness.errors import UnsupportedError, UsageError
from tests.compiler import host
from tests.compiler.networks import Network


def dense(net=None, **changes):
    """A network of one FULLY_CONNECTED, 4 → 3; ``changes`` are put into the description of its tensors."""
    net = net or Network()
    facts = {"x": {"scale": 0.1}, "w": {"scale": 0.02}, "y": {"scale": 0.2}, "options": {}, "version": 4} | changes
    x = net.tensor((1, 4), **({"dtype": "int8"} | facts["x"]))
    weights = np.arange(12, dtype=np.int8).reshape(3, 4)
    w = net.constant(weights, **facts["w"])
    b = net.constant(np.zeros(3, np.int32), scale=0.002)
    y = net.tensor((1, 3), **({"dtype": "int8"} | facts["y"]))
    options = {"FusedActivationFunction": 0} | facts["options"]
    net.operator("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", facts["version"], **options)
    return net, x, y


def refusal(content) -> str:
    with pytest.raises((UnsupportedError, UsageError)) as caught:
        host.compile_network(content)
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("tensor", ["x", "w", "y"])
@pytest.mark.parametrize("scale", [0.0, -0.1, math.nan, math.inf])
def test_a_scale_that_is_none(tensor, scale):
    net, x, y = dense(**{tensor: {"scale": scale}})
    assert f"has the scale {scale:g}" in refusal(net.finish([x], [y])).replace("-0.10000000149011612", "-0.1")


@pytest.mark.parametrize("tensor", ["x", "y"])
@pytest.mark.parametrize("zero_point", [128, -129, 1 << 40])
def test_a_zero_point_outside_of_its_type(tensor, zero_point):
    net, x, y = dense(**{tensor: {"scale": 0.1, "zero_point": zero_point}})
    assert f"has the zero point {zero_point}, outside int8" in refusal(net.finish([x], [y]))


def test_weights_with_a_zero_point():
    net, x, y = dense(w={"scale": 0.1, "zero_point": 3})
    assert "zero point other than 0" in refusal(net.finish([x], [y]))


@pytest.mark.parametrize("tensor", ["x", "w", "y"])
def test_no_quantization(tensor):
    net, x, y = dense(**{tensor: {"scale": None}})
    assert "has no quantization parameters" in refusal(net.finish([x], [y]))


def test_several_scales_where_one_is_needed():
    net, x, y = dense(x={"scale": [0.1, 0.2, 0.3, 0.4]})
    assert "4 scales" in refusal(net.finish([x], [y]))


def test_scales_for_other_channels():
    net, x, y = dense(w={"scale": [0.1, 0.2, 0.3, 0.4], "axis": 1})
    assert "scales" in refusal(net.finish([x], [y]))


def test_scales_that_no_multiplier_can_be_made_of():
    net, x, y = dense(x={"scale": 1e30}, y={"scale": 1e-30})
    assert "out of an int32's range" in refusal(net.finish([x], [y]))


def test_an_unknown_operator_is_named_with_its_version_and_tensor():
    net = Network()
    x, y = net.tensor((1, 4), scale=0.1), net.tensor((1, 4), scale=0.1)
    net.operator("CUMSUM", [x], [y], version=2)
    said = refusal(net.finish([x], [y]))
    assert "CUMSUM version 2" in said
    assert "tensor 1 ('t1', int8 [1, 4])" in said


def test_a_version_that_is_too_new():
    net, x, y = dense(version=99)
    said = refusal(net.finish([x], [y]))
    assert "FULLY_CONNECTED version 99" in said
    assert "up to version" in said


def test_an_unknown_activation():
    net, x, y = dense(options={"FusedActivationFunction": 4})
    assert "activation" in refusal(net.finish([x], [y]))


def test_dynamic_shapes():
    net = Network()
    x, y = net.tensor((-1, 4), scale=0.1, signature=(-1, 4)), net.tensor((-1, 4), scale=0.1)
    net.operator("RELU", [x], [y])
    assert "not fixed" in refusal(net.finish([x], [y]))


def test_a_tensor_without_elements():
    net = Network()
    x, middle, y = net.tensor((1, 4), scale=0.1), net.tensor((0, 4), scale=0.1), net.tensor((1, 4), scale=0.1)
    net.operator("RELU", [x], [middle])
    net.operator("RELU", [middle], [y])
    assert "has no elements" in refusal(net.finish([x], [y]))


def test_a_huge_tensor():
    net = Network()
    x = net.tensor((1, 1 << 15), scale=0.1)
    y = net.tensor((1 << 15, 1 << 15), scale=0.1)
    net.operator("RELU", [x], [y])
    assert "more than any microcontroller holds" in refusal(net.finish([x], [y]))


def test_an_output_that_nothing_writes():
    net, x, _ = dense()
    lost = net.tensor((1, 3), scale=0.1)
    assert "nothing writes it" in refusal(net.finish([x], [lost]))


def test_operators_out_of_order():
    net = Network()
    x, late, y = net.tensor((1, 4), scale=0.1), net.tensor((1, 4), scale=0.1), net.tensor((1, 4), scale=0.1)
    net.operator("RELU", [late], [y])
    net.operator("RELU", [x], [late])
    assert "which nothing has written before it" in refusal(net.finish([x], [y]))


def test_a_tensor_written_twice():
    net = Network()
    x, y = net.tensor((1, 4), scale=0.1), net.tensor((1, 4), scale=0.1)
    net.operator("RELU", [x], [y])
    net.operator("RELU", [x], [y])
    assert "is there already" in refusal(net.finish([x], [y]))


def test_weights_that_are_computed():
    net = Network()
    x, w, y = net.tensor((1, 4), scale=0.1), net.tensor((3, 4), scale=0.1), net.tensor((1, 3), scale=0.1)
    net.operator("FULLY_CONNECTED", [x, w, -1], [y], "FullyConnectedOptions", FusedActivationFunction=0)
    assert "only a constant is supported there" in refusal(net.finish([x, w], [y]))


def test_shapes_that_do_not_match():
    net = Network()
    x, y = net.tensor((1, 5), scale=0.1), net.tensor((1, 3), scale=0.1)
    w = net.constant(np.zeros((3, 4), np.int8), scale=0.1)
    net.operator("FULLY_CONNECTED", [x, w, -1], [y], "FullyConnectedOptions", FusedActivationFunction=0)
    assert "shapes do not match" in refusal(net.finish([x], [y]))


@pytest.mark.parametrize("shape", [(1, 5, 4, 2), (1, 4, 4, 3), (2, 4, 4, 2), (1, 4, 2)])
def test_an_output_of_another_shape_than_the_convolution_gives(shape):
    net = Network()
    x, y = net.tensor((1, 4, 4, 3), scale=0.1), net.tensor(shape, scale=0.1)
    w = net.constant(np.zeros((2, 3, 3, 3), np.int8), scale=0.1)
    net.operator(
        "CONV_2D", [x, w, -1], [y], "Conv2DOptions", Padding=0, StrideH=1, StrideW=1, DilationHFactor=1,
        DilationWFactor=1, FusedActivationFunction=0,
    )  # fmt: skip
    assert "CONV_2D" in refusal(net.finish([x], [y])) or "tensor 1" in refusal(net.finish([x], [y]))


@pytest.mark.parametrize(
    ("field", "value"), [("StrideH", 0), ("StrideW", -1), ("DilationHFactor", 0), ("Padding", 7)]
)
def test_options_that_make_no_sense(field, value):
    net = Network()
    x, y = net.tensor((1, 4, 4, 3), scale=0.1), net.tensor((1, 4, 4, 2), scale=0.1)
    w = net.constant(np.zeros((2, 3, 3, 3), np.int8), scale=0.1)
    options = {"Padding": 0, "StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1} | {field: value}
    net.operator("CONV_2D", [x, w, -1], [y], "Conv2DOptions", FusedActivationFunction=0, **options)
    assert "CONV_2D" in refusal(net.finish([x], [y]))


def test_no_options_at_all():
    net = Network()
    x, y = net.tensor((1, 4, 4, 3), scale=0.1), net.tensor((1, 4, 4, 2), scale=0.1)
    w = net.constant(np.zeros((2, 3, 3, 3), np.int8), scale=0.1)
    net.operator("CONV_2D", [x, w, -1], [y])
    assert "among its options" in refusal(net.finish([x], [y]))


def test_other_element_types():
    net, x, y = dense(x={"dtype": "int16", "scale": 0.1})
    assert "int16" in refusal(net.finish([x], [y]))


def test_an_output_that_is_a_constant():
    net, x, y = dense()
    constant = net.constant(np.zeros((1, 3), np.int8), scale=0.1)
    assert "a constant" in refusal(net.finish([x], [y, constant]))


def test_a_view_with_two_outputs():
    net = Network()
    x, y, z = net.tensor((1, 4), scale=0.1), net.tensor((4,), scale=0.1), net.tensor((4,), scale=0.1)
    shape = net.constant(np.array([4], np.int32))
    net.operator("RESHAPE", [x, shape], [y, z], "ReshapeOptions", NewShape=[4])
    for fuse in (True, False):
        with pytest.raises(UnsupportedError, match="has 2 outputs instead of 1"):
            host.compile_network(net.finish([x], [y]), fuse=fuse)


@pytest.mark.parametrize("dilation", [1 << 15, 1 << 20, 1 << 30, (1 << 31) - 1])
def test_a_filter_that_reaches_too_far(dilation):
    net = Network()
    x, y = net.tensor((1, 4, 4, 1), scale=0.1), net.tensor((1, 4, 4, 1), scale=0.1)
    w = net.constant(np.ones((1, 3, 3, 1), np.int8), scale=0.1)
    net.operator(
        "CONV_2D",
        [x, w, -1],
        [y],
        "Conv2DOptions",
        Padding=0,
        StrideH=1,
        StrideW=1,
        DilationHFactor=dilation,
        DilationWFactor=1,
        FusedActivationFunction=0,
    )
    assert "reaches too far" in refusal(net.finish([x], [y]))


def test_sums_that_an_int32_cannot_hold():
    net = Network()
    x, y = net.tensor((1, 70000), scale=0.1), net.tensor((1, 1), scale=0.1)
    w = net.constant(np.full((1, 70000), 127, np.int8), scale=0.1)
    net.operator("FULLY_CONNECTED", [x, w, -1], [y], "FullyConnectedOptions", FusedActivationFunction=0)
    assert "do not fit an int32" in refusal(net.finish([x], [y]))


def test_a_bias_that_carries_a_sum_beyond_an_int32_wraps():
    net = Network()
    x, y = net.tensor((1, 4), scale=0.1), net.tensor((1, 2), scale=1000.0)
    w = net.constant(np.full((2, 4), 127, np.int8), scale=0.1)
    b = net.constant(np.array([(1 << 31) - 10, -(1 << 31)], np.int32), scale=0.01)
    net.operator("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", FusedActivationFunction=0)
    program = host.compile_network(net.finish([x], [y]))
    assert "fixed_wrapping_add" in program.helpers


def test_an_output_index_that_is_none():
    net, x, _ = dense()
    assert "one of its outputs is tensor -1" in refusal(net.finish([x], [-1]))


def test_a_view_of_a_constant_can_be_an_output():
    net, x, y = dense()
    data = net.constant(np.arange(4, dtype=np.int8).reshape(2, 2), scale=0.1)
    z, shape = net.tensor((4,), scale=0.1), net.constant(np.array([4], np.int32))
    net.operator("RESHAPE", [data, shape], [z], "ReshapeOptions", NewShape=[4])
    host.check(net.finish([x], [y, z]))


def test_many_elementwise_operators_in_a_row_compile_soon():
    net = Network()
    x = last = net.tensor((1, 8), scale=0.1)
    for step in range(60):
        following = net.tensor((1, 8), scale=0.1, zero_point=step % 3)
        net.operator("LEAKY_RELU", [last], [following], "LeakyReluOptions", Alpha=0.5)
        last = following
    began = time.monotonic()
    program = host.check(net.finish([x], [last]))
    assert time.monotonic() - began < 60
    assert len(program.calls) < 20


def test_a_network_that_does_nothing_gives_its_input():
    net = Network()
    x = net.tensor((1, 4), scale=0.1)
    program = host.compile_network(net.finish([x], [x]))
    array = np.array([[1, -2, 3, 4]], np.int8)
    assert np.array_equal(host.HostNetwork(program).outputs([array])[0], array)


def test_two_inputs_and_two_outputs():
    net, x, y = dense()
    net, x2, y2 = dense(net)
    host.check(net.finish([x, x2], [y2, y]))
    program = host.compile_network(net.finish([x2, x], [y, y2]))
    assert [tensor.name for tensor in program.inputs] == ["t4", "t0"]
    assert [tensor.name for tensor in program.outputs] == ["t3", "t7"]


def test_an_input_that_is_read_by_nobody_and_one_that_is_an_output():
    net, x, y = dense()
    spare = net.tensor((1, 4), scale=0.1)
    program = host.compile_network(net.finish([x, spare], [y, spare]))
    inputs = host.random_inputs(program, 0)
    assert np.array_equal(host.HostNetwork(program).outputs(inputs)[1], inputs[1])


def test_what_is_read_from_the_source_is_what_there_is():
    assert declared.integer_operators() == operators.supported()
    assert declared.types() == operators.types()
    assert declared.float_operators() == set(float_operators.supported())
