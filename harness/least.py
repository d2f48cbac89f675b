"""What a network takes at the least, and what no implementation can make of it, from its file alone. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from harness.compiler.graph import Graph, Operator

_VIEWS = frozenset({"EXPAND_DIMS", "RESHAPE", "SQUEEZE"})
"""Operators whose output may lie where their input does."""
_WITH_WEIGHTS = frozenset(
    {"BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SVDF", "TRANSPOSE_CONV"}
    | {"UNIDIRECTIONAL_SEQUENCE_LSTM"}
)
_NARROW = frozenset({"int8", "uint8", "int16"})


@dataclass(frozen=True, kw_only=True)
class Least:
    """Memory without which a network cannot run; what it takes in the end is more, and a build tells."""

    flash_bytes: int
    ram_bytes: int
    exact: bool = False
    """Whether the RAM is what was planned by a compiler, and no bound."""


def alive(graph: Graph, constant: Collection[int]) -> tuple[int, ...]:
    """Return how many bytes of activations each operator needs at once, operator by operator.

    ``constant`` holds the indices of constant tensors. Inputs of the network are there from the start, its outputs
    until the end, and all others from the operator that writes them to the last that reads them. A view shares the
    memory of what it looks at. Nothing is fused or done in place.
    """
    owner = _owners(graph, constant)
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    end = max(len(graph.operators) - 1, 0)
    touched = [(0, index) for index in graph.inputs]
    touched += [(operator.index, index) for operator in graph.operators for index in _of(operator)]
    touched += [(end, index) for index in graph.outputs]
    for step, index in touched:
        if index in constant or index < 0:
            continue
        place = owner.get(index, index)
        first[place] = min(first.get(place, step), step)
        last[place] = max(last.get(place, step), step)
    sizes = {place: max(size(graph, index) for index in _sharing(owner, place)) for place in first}
    return tuple(
        sum(sizes[place] for place in first if first[place] <= step <= last[place])
        for step in range(len(graph.operators))
    )


def bound(graph: Graph, constant: Collection[int]) -> int:
    """Return the bytes of activations that the network needs at once where no operators are fused."""
    return max(alive(graph, constant), default=0)


def interface(graph: Graph) -> int:
    """Return the bytes of the larger side of a network, its inputs or its outputs: none runs in less."""
    return max(sum(size(graph, index) for index in side) for side in (graph.inputs, graph.outputs))


def size(graph: Graph, index: int) -> int:
    """Return the size of a tensor in bytes, 0 for one whose shape or type is not known."""
    tensor = graph.tensors[index]
    unknown = tensor.dtype == "void" or any(length < 0 for length in tensor.shape)
    return 0 if unknown else tensor.nbytes


def dynamic_range(graph: Graph, constant: Collection[int]) -> Operator | None:
    """Return the first operator that computes in floats with integer weights, None where there is none."""
    for operator in graph.operators:
        if operator.name in _WITH_WEIGHTS and operator.inputs and operator.inputs[0] >= 0:
            is_float = graph.tensors[operator.inputs[0]].dtype == "float32"
            weights = [index for index in operator.inputs[1:] if index in constant]
            if is_float and any(graph.tensors[index].dtype in _NARROW for index in weights):
                return operator
    return None


def _of(operator: Operator) -> tuple[int, ...]:
    return (*operator.inputs, *operator.outputs)


def _owners(graph: Graph, constant: Collection[int]) -> dict[int, int]:
    """Return for each view the tensor in whose memory it may lie."""
    owner: dict[int, int] = {}
    for operator in graph.operators:
        if operator.name in _VIEWS and operator.inputs and operator.outputs and operator.inputs[0] not in constant:
            source = operator.inputs[0]
            owner[operator.outputs[0]] = owner.get(source, source)
    return owner


def _sharing(owner: dict[int, int], place: int) -> list[int]:
    return [place, *(index for index, of in owner.items() if of == place)]
