"""What lies where in a network's working memory, and while which steps. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

REST = "interpreter and scratch"
"""What an interpreter has in its arena beside the tensors: its own structures, and what kernels work in."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A tensor, or what an operator works in."""

    name: str
    offset: int
    """Bytes from the begin of the working memory."""
    bytes: int
    first: int
    """The step that writes it; -1 for an input of the network."""
    last: int
    """The last step that needs it; the number of steps for an output of the network."""

    def lives(self, step: int) -> bool:
        """Return whether it is needed at a step."""
        return self.first <= step <= self.last


@dataclass(frozen=True, kw_only=True)
class Peak:
    """The step at which most is needed; the first of them."""

    step: int
    bytes: int
    """What is needed there; a block that takes another's place in memory is counted once."""
    blocks: tuple[Block, ...]
    """What is needed there, the largest first."""


def peak(blocks: Sequence[Block]) -> Peak | None:
    """Return the peak of the tensors; None where none is needed."""
    best: Peak | None = None
    blocks = [block for block in blocks if block.name != REST]
    for step in sorted({block.first for block in blocks}):
        alive = [block for block in blocks if block.lives(step)]
        needed = _covered(alive)
        if best is None or needed > best.bytes:
            largest_first = sorted(alive, key=lambda block: (-block.bytes, block.offset))
            best = Peak(step=step, bytes=needed, blocks=tuple(largest_first))
    return best


def _covered(blocks: Sequence[Block]) -> int:
    """Return how many bytes lie in at least one block."""
    total = end = 0
    for block in sorted(blocks, key=lambda block: block.offset):
        total += max(0, block.offset + block.bytes - max(end, block.offset))
        end = max(end, block.offset + block.bytes)
    return total
