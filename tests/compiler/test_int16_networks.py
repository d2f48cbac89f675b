"""Whole networks of int16 activations: on this machine, on an emulated Cortex-M4, as C for any compiler."""

import numpy as np
import pytest

from harness.compiler import glance
from harness.compiler.strategy import Kernels, Options
from harness.errors import UnsupportedError
from harness.models import parse
from tests.compiler import board, host
from tests.compiler.int16_networks import Layers, plain_classifier, small_classifier, small_layers
from tests.compiler.test_graph_executor import HostGraph

WORD = 4


@pytest.mark.parametrize("kernels", Kernels)
@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("network", [plain_classifier, small_classifier])
def test_a_network(network, fuse, kernels):
    content = network()
    program = host.check(content, fuse=fuse, kernels=kernels, seeds=5)
    assert program.arena_lower_bound <= program.arena_bytes <= 1.05 * program.arena_lower_bound + WORD
    seen = host.HostNetwork(program).outputs(host.random_inputs(program, 1))[0]
    assert len(np.unique(seen)) > 3, "the network gives the same for everything"


def test_layers_are_joined_as_those_of_int8_are():
    program = host.compile_network(small_classifier(), kernels=Kernels.LOOPS)
    steps = [call.operators for call in program.calls]
    assert ("PAD", "DEPTHWISE_CONV_2D") in steps
    assert ("CONV_2D", "LEAKY_RELU", "TANH") in steps


@pytest.mark.virtual
@pytest.mark.parametrize("flags", [["-O2"], ["-Os"], ["-O0"]], ids=" ".join)
def test_every_step_by_the_dsp_extension(tmp_path, flags):
    networks = [small_classifier(), plain_classifier(), *(small_layers(seed) for seed in range(12))]
    board.check([(content, host.compile_network(content)) for content in networks], tmp_path, *flags)


def test_the_graph_executor(tmp_path):
    program = host.compile_network(small_classifier())
    graph = HostGraph(program, tmp_path)
    graph.start()
    inputs = host.random_inputs(program, 3)
    expected = host.HostNetwork(program).outputs(inputs)
    for found, wanted in zip(graph.run(inputs), expected, strict=True):
        assert np.array_equal(found, wanted)


def chain(*names):
    made = Layers((1, 4, 4, 2))
    for name in names:
        made.add(name, made.shape)
    return made.finish()


@pytest.mark.parametrize("name", ["HARD_SWISH", "REDUCE_MAX", "REDUCE_MIN"])
def test_what_tflm_has_no_kernel_for_is_told_at_a_glance(name, tmp_path):
    model = parse(chain("RELU", name), tmp_path / "network.tflite")
    with pytest.raises(UnsupportedError, match=f"{name}.* is not supported for int16, only for int8"):
        glance.glance(model, Options())
    with pytest.raises(UnsupportedError, match=f"{name}.* is not supported for int16, only for int8"):
        host.compile_network(chain("RELU", name))
