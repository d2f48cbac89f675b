"""How long the tensors of a network are needed where operators run one by one, as by an interpreter. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.compiler.graph import Graph
from harness.layout import REST, Block


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """A tensor that is computed, or an input."""

    index: int
    """In the model's file."""
    name: str
    bytes: int
    first: int
    """The operator that gives it; -1 for an input of the network."""
    last: int
    """The last operator that needs it; the number of operators for an output of the network."""

    def at(self, offset: int) -> Block:
        """Return it as a block of memory."""
        return Block(name=self.name, offset=offset, bytes=self.bytes, first=self.first, last=self.last)


def lifetimes(graph: Graph) -> list[Lifetime]:
    """Return what is needed while the network runs, constants left out."""
    first = dict.fromkeys(graph.inputs, -1)
    last: dict[int, int] = {}
    for step, operator in enumerate(graph.operators):
        first |= dict.fromkeys(operator.outputs, step)
        last |= dict.fromkeys((*operator.inputs, *operator.outputs), step)
    last |= dict.fromkeys(graph.outputs, len(graph.operators))
    tensors = [(graph.tensors[index], begins) for index, begins in first.items()]
    return [
        Lifetime(
            index=t.index, name=t.name, bytes=t.nbytes, first=begins, last=max(begins, last.get(t.index, begins))
        )
        for t, begins in tensors
    ]


def planned(found: Iterable[Lifetime], offsets: Mapping[int, int], arena: int | None) -> tuple[Block, ...]:
    """Return blocks at ``offsets``, which are by index, and what else is in an arena whose size is known."""
    blocks = [tensor.at(offsets[tensor.index]) for tensor in found if tensor.index in offsets]
    end = max((block.offset + block.bytes for block in blocks), default=0)
    if blocks and arena is not None and arena > end:
        steps = max(block.last for block in blocks)
        blocks.append(Block(name=REST, offset=end, bytes=arena - end, first=-1, last=steps))
    return tuple(blocks)


def end_to_end(found: Iterable[Lifetime]) -> list[Block]:
    """Return blocks that lie one behind the other, for nothing is planned."""
    offset, blocks = 0, []
    for tensor in found:
        blocks.append(tensor.at(offset))
        offset += tensor.bytes
    return blocks
