"""What there is to choose: whatever schedule is sampled and whatever strategy is taken, the bytes are TFLM's."""

import random
from pathlib import Path

import pytest
from tvm import s_tir

from harness import models
from harness.compiler import flatbuffer, space, traces
from harness.compiler.build import build, grouped
from harness.compiler.choices import Choice
from harness.compiler.compute import expressions
from harness.compiler.strategy import Kernels, Options, Strategy, Weights, others, rule
from harness.tuning.network import TunedGroup, groups
from tests.compiler import host, test_convolutions, test_movement, test_pooling, test_softmax
from tests.compiler.networks import Network, small_network
from tests.compiler.small_networks import KINDS, small

BY_RULE = rule(Options())


def found(content, *, fuse=True, by=BY_RULE):
    graph = flatbuffer.read(models.parse(content, Path("network.tflite")))
    groups = grouped(graph, fuse=fuse, rule=by)
    return graph, [expressions(whole, groups.graph) for whole in groups.groups]


def sampled(group, generator):
    """Return a group's choice with a plan and decisions at random."""
    plans = space.plans(group.function, elementwise=group.elementwise)
    trace = generator.choice(plans).trace
    for step in list(trace.insts):
        if step.kind.name == "SampleCategorical":
            trace = trace.with_decision(step, generator.randrange(len(step.attrs[0])), True)
    plan = s_tir.Schedule(group.function)
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

    def compile_network(content, *, fuse=True, kernels=Kernels.PACKED):
        generator, by = random.Random(len(content)), rule(Options(kernels=kernels))
        graph, whole = found(content, fuse=fuse, by=by)
        choices = {each.key: sampled(each, generator) for each in whole}
        program = build(graph, fuse=fuse, rule=by, choices=choices)
        applied.extend(call.tuned for call in program.calls)
        return program

    monkeypatch.setattr(host, "compile_network", compile_network)
    PROOFS[what]()
    assert all(applied)
    assert len(applied) > 10


def test_a_trace_that_does_not_fit_is_left_out():
    graph, groups = found(small_network())
    generator = random.Random(1)
    convolution, softmax = groups[0], groups[-1]
    choice = sampled(convolution, generator)
    program = build(graph, fuse=True, choices={convolution.key: choice, softmax.key: choice})
    assert [call.tuned for call in program.calls] == [True, False, False, False]


def dense(scale, zero_point):
    net = Network()
    x = net.tensor((1, 8), scale=0.05, zero_point=3)
    w = net.constant(test_convolutions.np.ones((4, 8), "int8"), scale=scale)
    y = net.tensor((1, 4), scale=0.2, zero_point=zero_point)
    net.operator("FULLY_CONNECTED", [x, w, -1], [y], "FullyConnectedOptions", 4, FusedActivationFunction=0)
    return net.finish([x], [y])


def test_literals_do_not_count_for_the_key():
    assert found(dense(0.01, 5))[1][0].key == found(dense(0.02, 7))[1][0].key
    assert len({each.key for each in found(small_network())[1]}) == 4


def require_right(content, choices):
    """Fail unless a network with all these choices gives TFLM's bytes; say whether it has kernels."""
    program = build(found(content)[0], fuse=True, choices=choices)
    assert [call.tuned for call in program.calls] == [call.group in choices for call in program.calls]
    network = host.HostNetwork(program)
    for seed, extreme in enumerate(host.KINDS):
        host.compare(content, network, host.random_inputs(program, seed, extreme), label=f"{choices} {extreme}")
    return any(name.startswith("kernel_") for name in program.helpers)


@pytest.mark.parametrize("kind", KINDS)
def test_every_choice_for_a_group_with_a_kernel_gives_the_same_bytes(kind):
    generator = random.Random(kind)
    content = small(kind, generator.randint)
    groups = [each for each in found(content)[1] if each.kernel(BY_RULE) is not None]
    assert groups
    for strategy in others(Options(weights=generator.choice(list(Weights)))):
        choices = {each.key: Choice(strategy=strategy) for each in groups}
        assert require_right(content, choices) is (strategy.kernels is Kernels.PACKED)
    for _ in range(2):
        assert not require_right(content, {each.key: sampled(each, generator) for each in groups})


def test_loops_of_two_sums_compute_the_first_once_for_all_channels_of_the_second():
    pair = groups(models.load("digits"), Options(), 0)[1]
    assert pair.label == "depthwise_conv_2d_conv_2d"
    made = pair.piece(Choice(strategy=Strategy(kernels=Kernels.LOOPS)))
    begins = [
        line.index("total") for line in made.body.splitlines() if line.strip() in ("total = 0;", "total_2 = 0;")
    ]
    assert len(begins) == 2
    assert begins[0] == begins[1]  # neither is in the other's loop over channels
    assert made.temporary_bytes == 8  # the channels of a pixel


def test_a_strategy_for_which_there_is_no_kernel_leaves_the_group_to_the_rule():
    graph, groups = found(small_network())
    softmax = groups[-1]
    program = build(graph, fuse=True, choices={softmax.key: Choice(strategy=Strategy())})
    assert not program.calls[-1].tuned


def test_the_key_does_not_hang_on_what_computes_the_group():
    loops = rule(Options(kernels=Kernels.LOOPS))
    assert {each.key for each in found(small_network())[1]} == {
        each.key for each in found(small_network(), by=loops)[1]
    }


def tuned_group(content, place=0, **options):
    return TunedGroup(found(content)[1][place], Options(**options), 1, 0)


def test_strategies_are_offered_first_and_each_once():
    first, with_no_tile = tuned_group(small_network()), tuned_group(dense(0.01, 5))
    offered = [each.choice for each in first.propose()]
    assert [choice.strategy.kernels for choice in offered] == [Kernels.LOOPS] + [Kernels.PACKED] * 3
    assert first.piece(None) not in [first.piece(choice) for choice in offered]
    assert [each.choice.strategy for each in with_no_tile.propose()] == [Strategy(kernels=Kernels.LOOPS)]
    assert all(each.choice.trace is not None for each in first.propose())


def test_where_there_is_to_be_no_kernel_none_is_offered():
    assert all(
        each.choice.trace is not None for each in tuned_group(small_network(), kernels=Kernels.LOOPS).propose()
    )


def test_every_function_of_a_group_is_given_the_same_inputs():
    net = Network()
    a, b, y = (net.tensor((1, 4), scale=scale, zero_point=0) for scale in (0.01, 0.05, 0.05))
    net.operator("ADD", [a, b], [y], "AddOptions", 2, FusedActivationFunction=0)
    content = net.finish([a, b], [y])
    add, group = found(content)[1][0], tuned_group(content)
    placed = []
    for choice in (None, Choice(strategy=Strategy(kernels=Kernels.LOOPS))):
        parameters = add.computed(BY_RULE, choice).parameters
        arguments = dict(zip([p.tensor for p in parameters], group.piece(choice).arguments, strict=False))
        placed.append([arguments[index] for index in (a, b, y)])
    assert placed[0] == placed[1]
    assert [p.tensor for p in add.computed(BY_RULE).parameters][:2] == [b, a]
