"""A program's buffers as blocks of memory with the names of the tensors in them, for a picture of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from harness.compiler import graph_executor
from harness.compiler.graph import Graph
from harness.compiler.program import Place, Program
from harness.layout import Block


@dataclass(frozen=True, kw_only=True)
class Span:
    """Where a buffer lies, and the steps between which it may not be overwritten."""

    offset: int
    first: int
    last: int


def arena_spans(program: Program) -> list[Span]:
    """Return the buffers as they are planned into one arena."""
    return [Span(offset=b.offset, first=b.first, last=b.last) for b in program.buffers]


def storage_spans(program: Program) -> list[Span]:
    """Return the buffers in the graph executor's storages, which are drawn one behind the other.

    They are blocks of the heap, each for itself. An input keeps its own to the end.
    """
    planned = graph_executor.storages(program)
    offsets = [0, *accumulate(planned.sizes)]
    return [
        Span(offset=offsets[storage], first=b.first, last=len(program.calls) if b.first < 0 else b.last)
        for b, storage in zip(program.buffers, planned.ids, strict=True)
    ]


def blocks(program: Program, spans: Sequence[Span], graph: Graph) -> tuple[Block, ...]:
    """Return the buffers of ``program``, the compiled ``graph``, where ``spans`` put them."""
    names = _names(program, graph)
    return tuple(
        Block(name=names.get(index, "workspace"), offset=s.offset, bytes=b.bytes, first=s.first, last=s.last)
        for index, (b, s) in enumerate(zip(program.buffers, spans, strict=True))
    )


def _names(program: Program, graph: Graph) -> dict[int, str]:
    """Return the names of the tensors that lie in buffers; the others are what operators work in."""
    found = {tensor.buffer: tensor.name for tensor in program.inputs}
    for call in program.calls:
        pairs = zip(call.arguments, program.functions[call.function].parameters, strict=True)
        written = [a.index for a, p in pairs if p.written and a.place is Place.BUFFER]
        for buffer, tensor in zip(written, call.tensors, strict=False):
            found[buffer] = graph.tensors[tensor].name
    return found
