"""What the cycle model writes of a timed region: its parts, and the tree of calls with what each block of code cost.

Pure. The form of the lines is written down in ``harness/virtual/cycles/plugin.c``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from harness.session import Counts

_LINE = re.compile(
    r"(?P<what>region|part|call|enter|cost)(?P<numbers>(?: (?:0x)?[0-9a-f]+)*?)"
    r"(?: cycles=(?P<cycles>\d+) instructions=(?P<instructions>\d+))?"
)


class Detail(Enum):
    """What a virtual board counts of a timed region."""

    TOTALS = "totals"
    CALLS = "calls"
    """Its parts and its tree of calls as well."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node of the tree of calls; node 0, which has none above it, is the region itself and is not listed."""

    number: int
    parent: int
    entry: int | None = None
    """Address of the function that was called; None where the node is a part."""
    part: int | None = None


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What the block of code at an address took, when it was reached by the calls that a node stands for."""

    node: int
    address: int
    counts: Counts


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One timed region. The costs add up to the whole, and those below a part's node to the part."""

    whole: Counts
    parts: tuple[Counts, ...] = ()
    """In the order in which they ran."""
    nodes: tuple[Node, ...] = ()
    costs: tuple[Cost, ...] = ()


def last_region(lines: Iterable[str]) -> Trace | None:
    """Return the region that ended last in the cycle model's lines, or None where none has."""
    last = None
    for region in regions(lines):
        last = region
    return last


def regions(lines: Iterable[str]) -> Iterator[Trace]:
    """Yield the regions in the cycle model's lines, in the order in which they ended."""
    parts: list[Counts] = []
    nodes: list[Node] = []
    costs: list[Cost] = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        numbers = [int(number, 0) for number in match["numbers"].split()]
        counts = Counts(cycles=int(match["cycles"] or 0), instructions=int(match["instructions"] or 0))
        if match["what"] == "part":
            parts.append(counts)
        elif match["what"] == "call":
            nodes.append(Node(number=numbers[0], parent=numbers[1], entry=numbers[2]))
        elif match["what"] == "enter":
            nodes.append(Node(number=numbers[0], parent=numbers[1], part=numbers[2]))
        elif match["what"] == "cost":
            costs.append(Cost(node=numbers[0], address=numbers[1], counts=counts))
        else:
            yield Trace(whole=counts, parts=tuple(parts), nodes=tuple(nodes), costs=tuple(costs))
            parts, nodes, costs = [], [], []
