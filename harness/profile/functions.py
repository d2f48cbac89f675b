"""Time by function, from the tree of calls. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from harness.profile.symbols import Functions
from harness.session import Counts
from harness.trace import Cost, Node, Trace

ROOT = "inference"
"""The frame that all others stand on."""

_MEMORY = re.compile(r"(__aeabi_)?mem(cpy|set|move|clr)\d*|arm_mem(cpy|set)\w*|bzero")
_REQUANTIZATION = re.compile(
    r"(.*::)?(MultiplyByQuantizedMultiplier\w*|SaturatingRoundingDoublingHighMul|RoundingDivideByPOT)(<.*>)?"
    r"|arm_nn_\w*requantize\w*|fixed_(scale|scale_down|scale_high|scale_wide|shift_right|shift_left|high_multiply)"
)
_MARKER = re.compile(r"mcuprof::\(anonymous namespace\)::Kernel<.*>::marked")
"""What TFLM's kernels are wrapped in to mark them: no frame of the program itself."""


class Kind(Enum):
    """What a function's time goes into."""

    OPERATOR = "operator"
    """Code of operators that is neither of the next two."""
    MEMORY = "memory"
    """Copying and filling memory, within operators."""
    REQUANTIZATION = "requantization"
    """Scaling sums down to the type of the output, where it is a function of its own."""
    RUNTIME = "runtime"
    """Everything outside of operators: an interpreter, an executor, the firmware around the call."""


@dataclass(frozen=True, kw_only=True)
class FunctionTime:
    """What a function took itself, without what it called."""

    name: str
    kind: Kind
    ticks: int


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What was taken where one function had been called by another, and so on down to ``ROOT``."""

    frames: tuple[str, ...]
    """Outermost first."""
    ticks: int


Ticks = Callable[[Counts], int]
"""Takes of two counts the one that a profile is in."""


def function_times(trace: Trace, functions: Functions, ticks: Ticks) -> tuple[FunctionTime, ...]:
    """Return the functions, what took most first. They add up to the whole region.

    A function that runs both within operators and outside of them is told twice.
    """
    nodes = {node.number: node for node in trace.nodes}
    found: dict[tuple[str, Kind], int] = {}
    for cost in trace.costs:
        name = functions.at(cost.address)
        kind = kind_of(name) if _part(cost.node, nodes) is not None else Kind.RUNTIME
        found[name, kind] = found.get((name, kind), 0) + ticks(cost.counts)
    times = [FunctionTime(name=name, kind=kind, ticks=value) for (name, kind), value in found.items()]
    return tuple(sorted(times, key=lambda time: (-time.ticks, time.name, time.kind.value)))


def stacks(trace: Trace, functions: Functions, labels: Mapping[int, str], ticks: Ticks) -> tuple[Stack, ...]:
    """Return what was taken by chain of calls, operators in the order in which they ran, what is in none last.

    ``labels`` are the frames of parts, by their index. They add up to the whole region.
    """
    nodes = {node.number: node for node in trace.nodes}
    found: dict[tuple[str, ...], int] = {}
    order: dict[tuple[str, ...], tuple[bool, int]] = {}
    for cost in trace.costs:
        frames = tuple(_frames(cost, nodes, functions, labels))
        found[frames] = found.get(frames, 0) + ticks(cost.counts)
        part = _part(cost.node, nodes)
        order.setdefault(frames, (part is None, part or 0))
    return tuple(Stack(frames=frames, ticks=found[frames]) for frames in sorted(found, key=lambda f: (order[f], f)))


def kind_of(name: str) -> Kind:
    """Return what the time of a function within an operator goes into, by its name."""
    if _MEMORY.fullmatch(name):
        return Kind.MEMORY
    return Kind.REQUANTIZATION if _REQUANTIZATION.fullmatch(name) else Kind.OPERATOR


def _above(number: int, nodes: Mapping[int, Node]) -> Iterator[Node]:
    """Yield a node and those above it."""
    while number in nodes:
        yield nodes[number]
        number = nodes[number].parent


def _part(number: int, nodes: Mapping[int, Node]) -> int | None:
    """Return the index of the part that a node lies in, or None where it lies in none."""
    return next((node.part for node in _above(number, nodes) if node.part is not None), None)


def _frames(cost: Cost, nodes: Mapping[int, Node], functions: Functions, labels: Mapping[int, str]) -> Iterator[str]:
    """Yield the frames of a cost; a function that was jumped to in place of a return stands on the one before it."""
    path = list(_above(cost.node, nodes))[::-1]
    yield ROOT
    running = ""
    for node in path:
        if node.part is not None:
            yield labels.get(node.part, f"operator {node.part}")
        elif node.entry is not None:
            running = functions.at(node.entry)
            if not _MARKER.fullmatch(running):
                yield running
    name = functions.at(cost.address)
    if name != running and not _MARKER.fullmatch(name):
        yield name
