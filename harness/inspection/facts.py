"""A model → what its file says: operators, shapes, MACs, parameters, bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness import least
from harness.compiler import contents, flatbuffer
from harness.compiler.contents import Constant
from harness.compiler.graph import Graph, Operator, Tensor
from harness.errors import UnsupportedError, UsageError
from harness.macs import macs
from harness.models import Model


@dataclass(frozen=True, kw_only=True)
class OperatorFacts:
    """One operator, in the order of execution."""

    index: int
    name: str
    """Its name in the schema; of a custom operator, its own."""
    version: int
    custom: bool
    reads: tuple[int, ...]
    """Tensors that are not constant."""
    writes: tuple[int, ...]
    macs: int | None
    """None where they are not known."""
    parameters: int
    weight_bytes: int
    alive_bytes: int
    """Activations that are needed at once while it runs, with nothing fused."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a network from its file."""

    model: Model
    graph: Graph
    operators: tuple[OperatorFacts, ...]
    parameters: int
    """Elements of the constants that were learned: floats, and integers that have a scale."""
    weight_bytes: int
    """Bytes of all constants."""
    activation_bytes: int
    """Bytes of all tensors that are not constant, each counted once."""
    arena_bytes: int
    """The most activations that are needed at once, with nothing fused: no arena is smaller then."""

    @property
    def macs(self) -> int:
        """Return the MACs of the operators of which they are known."""
        return sum(operator.macs or 0 for operator in self.operators)

    @property
    def uncounted(self) -> tuple[str, ...]:
        """Return the names of the operators whose MACs are not known."""
        return tuple(dict.fromkeys(operator.name for operator in self.operators if operator.macs is None))

    def tensor(self, index: int) -> Tensor:
        """Return a tensor of the network."""
        return self.graph.tensors[index]


def of(model: Model) -> Facts:
    """Return what the file of a model says; raises ``UsageError`` where it is damaged."""
    try:
        graph = flatbuffer.outline(model)
    except UnsupportedError as error:
        raise UsageError(error.message) from error
    constants = contents.constants(model)
    names = contents.custom_names(model)
    alive = least.alive(graph, constants)
    operators = tuple(
        _operator(operator, graph, constants, names.get(operator.index), alive[operator.index])
        for operator in graph.operators
    )
    touched = {index for operator in operators for index in (*operator.reads, *operator.writes)}
    touched |= {*graph.inputs, *graph.outputs} - set(constants)
    return Facts(
        model=model,
        graph=graph,
        operators=operators,
        parameters=sum(_parameters(index, graph, constants) for index in constants),
        weight_bytes=sum(constant.nbytes for constant in constants.values()),
        activation_bytes=sum(least.size(graph, index) for index in touched),
        arena_bytes=max(alive, default=0),
    )


def _operator(
    operator: Operator, graph: Graph, constants: Mapping[int, Constant], custom: str | None, alive: int
) -> OperatorFacts:
    constant = dict.fromkeys(index for index in operator.inputs if index in constants)
    return OperatorFacts(
        index=operator.index,
        name=custom or operator.name,
        version=operator.version,
        custom=custom is not None,
        reads=tuple(index for index in operator.inputs if index >= 0 and index not in constants),
        writes=tuple(index for index in operator.outputs if index >= 0),
        macs=macs(replace(operator, name="CUSTOM") if custom else operator, graph),
        parameters=sum(_parameters(index, graph, constants) for index in constant),
        weight_bytes=sum(constants[index].nbytes for index in constant),
        alive_bytes=alive,
    )


def _parameters(index: int, graph: Graph, constants: Mapping[int, Constant]) -> int:
    tensor = graph.tensors[index]
    learned = constants[index].is_quantized or tensor.dtype.startswith("float")
    return math.prod(max(length, 0) for length in tensor.shape) if learned else 0
