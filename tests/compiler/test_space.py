"""Sampled schedules: whatever plan is taken and whatever is decided in it, the bytes are TFLM's."""

import random
from pathlib import Path

import pytest
from tvm import s_tir

from harness import models
from harness.compiler import flatbuffer, space, traces
from harness.compiler.build import build, compute
from harness.compiler.fusion import group
from tests.compiler import host, test_convolutions, test_movement, test_pooling, test_softmax
from tests.compiler.networks import small_network


def grouped(content, *, fuse=True):
    graph = flatbuffer.read(models.parse(content, Path("network.tflite")))
    groups = group(graph, fuse=fuse)
    return graph, [compute(whole, groups.graph) for whole in groups.groups]


def sampled(computed, generator):
    """Return a group's choice with a plan and decisions at random."""
    plans = space.plans(computed.function, elementwise=computed.elementwise)
    trace = generator.choice(plans).trace
    for step in list(trace.insts):
        if step.kind.name == "SampleCategorical":
            trace = trace.with_decision(step, generator.randrange(len(step.attrs[0])), True)
    plan = s_tir.Schedule(computed.function)
    trace.apply_to_schedule(plan, True)
    return traces.choice(plan.trace)


PROOFS = {
    "convolution": test_convolutions.test_conv_2d,
    "depthwise": test_convolutions.test_depthwise_conv_2d,
    "dense": test_convolutions.test_fully_connected,
    "pooling": lambda: test_pooling.test_pooling("AVERAGE_POOL_2D"),
    "padding": test_movement.test_pad,
    "softmax": test_softmax.test_softmax,
}


@pytest.mark.parametrize("what", PROOFS)
def test_random_networks(what, monkeypatch):
    applied = []

    def compile_network(content, *, fuse=True):
        generator = random.Random(len(content))
        graph, groups = grouped(content, fuse=fuse)
        choices = {each.key: sampled(each, generator) for each in groups}
        program = build(graph, fuse=fuse, choices=choices)
        applied.extend(call.tuned for call in program.calls)
        return program

    monkeypatch.setattr(host, "compile_network", compile_network)
    PROOFS[what]()
    assert all(applied)
    assert len(applied) > 10


def test_a_trace_that_does_not_fit_is_left_out():
    graph, groups = grouped(small_network())
    generator = random.Random(1)
    convolution, softmax = groups[0], groups[-1]
    choice = sampled(convolution, generator)
    program = build(graph, fuse=True, choices={convolution.key: choice, softmax.key: choice})
    assert [call.tuned for call in program.calls] == [True, False, False, False]


def test_literals_do_not_count_for_the_key():
    def key(scale, zero_point):
        net = test_convolutions.Network()
        x = net.tensor((1, 8), scale=0.05, zero_point=3)
        w = net.constant(test_convolutions.np.ones((4, 8), "int8"), scale=scale)
        y = net.tensor((1, 4), scale=0.2, zero_point=zero_point)
        net.operator("FULLY_CONNECTED", [x, w, -1], [y], "FullyConnectedOptions", 4, FusedActivationFunction=0)
        return grouped(net.finish([x], [y]))[1][0].key

    assert key(0.01, 5) == key(0.02, 7)
    assert len({each.key for each in grouped(small_network())[1]}) == 4
