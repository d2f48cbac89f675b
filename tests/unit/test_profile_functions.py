"""Time by function and by chain of calls, of made-up regions."""

from hypothesis import given
from hypothesis import strategies as st

from harness.profile.functions import Kind, function_times, kind_of, stacks
from harness.profile.symbols import NO_SYMBOLS, Functions, Symbol
from harness.session import Counts
from harness.trace import Cost, Node, Trace

NAMES = ["run", "kernel", "memcpy", "tail", "mcuprof::(anonymous namespace)::Kernel<0, R>::marked"]
NAMELESS = f"(no symbol, after {NAMES[-1]})"
FUNCTIONS = Functions(
    Symbol(name=name, address=0x100 * (place + 1), size=0x80, is_function=True, in_flash=True)
    for place, name in enumerate(NAMES)
)
RUN, KERNEL, MEMCPY, TAIL, MARKED = (0x100 * (place + 1) for place in range(len(NAMES)))


def cost(node, address, cycles):
    return Cost(node=node, address=address, counts=Counts(cycles=cycles, instructions=cycles // 2))


def trace(nodes, costs):
    whole = Counts(cycles=sum(c.counts.cycles for c in costs), instructions=sum(c.counts.instructions for c in costs))
    return Trace(whole=whole, nodes=tuple(nodes), costs=tuple(costs))


NODES = (
    Node(number=1, parent=0, entry=RUN), Node(number=2, parent=1, entry=MARKED), Node(number=3, parent=2, part=0),
    Node(number=4, parent=3, entry=KERNEL), Node(number=5, parent=4, entry=MEMCPY),
    Node(number=6, parent=1, entry=MEMCPY),
)  # fmt: skip
COSTS = (
    cost(0, 0x900, 2), cost(1, RUN, 20), cost(1, RUN + 8, 4), cost(2, MARKED, 6), cost(3, MARKED + 4, 8),
    cost(4, KERNEL, 100), cost(4, TAIL, 10), cost(5, MEMCPY, 30), cost(6, MEMCPY, 12),
)  # fmt: skip


def test_functions_within_operators_and_outside_of_them():
    found = function_times(trace(NODES, COSTS), FUNCTIONS, lambda counts: counts.cycles)
    assert [(time.name, time.kind, time.ticks) for time in found[:5]] == [
        ("kernel", Kind.OPERATOR, 100), ("memcpy", Kind.MEMORY, 30), ("run", Kind.RUNTIME, 24),
        ("memcpy", Kind.RUNTIME, 12), ("tail", Kind.OPERATOR, 10),
    ]  # fmt: skip
    assert ("(no symbol, after mcuprof::(anonymous namespace)::Kernel<0, R>::marked)", 2) in [
        (time.name, time.ticks) for time in found
    ]


def test_chains_of_calls():
    found = stacks(trace(NODES, COSTS), FUNCTIONS, {0: "#0 CONV_2D"}, lambda counts: counts.cycles)
    assert {stack.frames: stack.ticks for stack in found} == {
        ("inference", NAMELESS): 2,
        ("inference", "run"): 30,  # what marks a kernel is no frame of the program, and its cost is its caller's
        ("inference", "run", "memcpy"): 12,
        ("inference", "run", "#0 CONV_2D"): 8,
        ("inference", "run", "#0 CONV_2D", "kernel"): 100,
        ("inference", "run", "#0 CONV_2D", "kernel", "tail"): 10,  # jumped to in place of a return
        ("inference", "run", "#0 CONV_2D", "kernel", "memcpy"): 30,
    }
    assert found[0].frames[2] == "#0 CONV_2D", "operators come first, in their order"


def test_functions_by_instructions():
    found = function_times(trace(NODES, COSTS), FUNCTIONS, lambda counts: counts.instructions)
    assert (found[0].name, found[0].ticks) == ("kernel", 50)


@st.composite
def regions(draw):
    nodes = []
    for number in range(1, draw(st.integers(1, 8))):
        parent = draw(st.integers(0, number - 1))
        if draw(st.booleans()):
            nodes.append(Node(number=number, parent=parent, part=number))
        else:
            nodes.append(Node(number=number, parent=parent, entry=draw(st.sampled_from([RUN, KERNEL, MEMCPY, TAIL]))))
    places = st.integers(0, len(nodes))
    costs = draw(st.lists(st.builds(cost, places, st.integers(0, 0x700), st.integers(0, 1000)), max_size=20))
    return trace(nodes, costs)


@given(regions())
def test_functions_and_chains_add_up_to_the_region(region):
    def ticks(counts):
        return counts.cycles

    assert sum(time.ticks for time in function_times(region, FUNCTIONS, ticks)) == region.whole.cycles
    assert sum(stack.ticks for stack in stacks(region, FUNCTIONS, {}, ticks)) == region.whole.cycles


def test_kinds_of_functions():
    assert kind_of("__aeabi_memcpy4") is kind_of("memset") is kind_of("arm_memcpy_s8") is Kind.MEMORY
    for name in ("tflite::MultiplyByQuantizedMultiplier", "gemmlowp::RoundingDivideByPOT<long>", "fixed_shift_right"):
        assert kind_of(name) is Kind.REQUANTIZATION
    assert kind_of("arm_nn_requantize") is Kind.REQUANTIZATION
    assert kind_of("memcpy_of_mine") is kind_of("op_conv_2d") is Kind.OPERATOR


def test_names_of_one_function_and_places_between_functions():
    def function(name, address, size):
        return Symbol(name=name, address=address, size=size, is_function=True, in_flash=True)

    data = Symbol(name="table", address=0x1F0, size=4, is_function=False, in_flash=True)
    found = Functions(
        [
            function("__aeabi_memcpy", 0x100, 0x20),
            function("memcpy", 0x100, 0x20),
            function("by_hand", 0x200, 0),
            data,
        ]
    )
    assert found.at(0x11E) == "memcpy"
    assert found.at(0x120) == "(no symbol, after memcpy)"
    assert found.at(0x80) == "(no symbol, before memcpy)"
    assert found.at(0x1F0) == "(no symbol, after memcpy)"
    assert Functions([data]).at(0x1F0) == NO_SYMBOLS
    assert found.at(0x4000) == "by_hand", "where a size is not known, a function ends where the next one begins"
