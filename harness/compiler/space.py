"""The schedules that a group of operators may be given: what tuning searches through.

A group has a few plans (where its padding lives, which loops are outermost), and in each plan numbers are sampled:
how many output elements are summed at once, and how far loops are unrolled. A sampled plan is a trace of
MetaSchedule's, which the compiler can apply without this module.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from enum import Enum
from typing import Any

from tvm import s_tir, tirx

from harness.compiler.schedule import Stages, arrange, reduces, stages

LONGEST_UNROLLED = 64
"""Elements of the sum that a loop's body may hold after unrolling; more are code and no speed."""
_MOST_SUMS = 16
"""Sums that are kept at once: the Cortex-M has 13 registers to spare, an AVR fewer."""
_LARGEST_FACTOR = 8

Block = Any
Loop = Any


class Padding(Enum):
    """How a sum reads the padding around its input."""

    ASKED = "asked"
    """Each tap asks whether it lies outside."""
    APART = "apart"
    """The loops are split where the answer changes."""
    WHOLE = "whole"
    """The padded input is written first."""
    ROWS = "rows"
    """The rows that one row of the output needs are written before it."""


def plans(function: tirx.PrimFunc, *, elementwise: bool) -> list[s_tir.Schedule]:
    """Return the schedules to sample from, of a function to which none was applied; see ``schedule.arrange``."""
    first = s_tir.Schedule(function)
    found = stages(first)
    if not _is_sum(first, found):
        return _few_plans(function, elementwise=elementwise)
    paddings = list(Padding) if _padded(first, found) else [Padding.ASKED]
    orders = [False, True] if len(_long(first, found.last[0])) > 1 else [False]
    made = []
    for padding, channels_first in itertools.product(paddings, orders):
        plan = s_tir.Schedule(function)
        _tile(plan, stages(plan), padding, channels_first=channels_first)
        made.append(plan)
    return made


def within_limits(plan: s_tir.Schedule) -> bool:
    """Whether the sums of a sampled plan can stay in registers, and its unrolled loops stay short."""
    for block in _all_blocks(plan):
        unrolled = [plan.get(loop) for loop in plan.get_loops(block)]
        together = math.prod(int(loop.extent) for loop in unrolled if loop.kind == tirx.ForKind.UNROLLED)
        if together > (LONGEST_UNROLLED if reduces(plan, block) else _MOST_SUMS):
            return False
    return True


def _all_blocks(plan: s_tir.Schedule) -> list[Block]:
    return list(plan.get_child_blocks(plan.get_sblock("root")))


def _is_sum(plan: s_tir.Schedule, found: Stages) -> bool:
    """Whether one output is made of one sum an element."""
    one = len(found.last) == len(found.placed) == 1
    return one and reduces(plan, found.placed[0]) and not reduces(plan, found.last[0])


def _padded(plan: s_tir.Schedule, found: Stages) -> list[Block]:
    """Return the blocks that the sum reads and that hold another buffer's elements or something else."""

    def pads(block: Block) -> bool:
        value = getattr(plan.get(block).body, "value", None)
        return str(getattr(getattr(value, "op", None), "name", "")).endswith("if_then_else")

    summed = plan.get(found.placed[0])
    return [
        block
        for block in found.inlined
        if pads(block) and any(plan.get(reader).same_as(summed) for reader in plan.get_consumers(block))
    ]


def _long(plan: s_tir.Schedule, block: Block) -> list[Loop]:
    return [loop for loop in plan.get_loops(block) if int(plan.get(loop).extent) > 1]


def _few_plans(function: tirx.PrimFunc, *, elementwise: bool) -> list[s_tir.Schedule]:
    """Return the usual schedule with its innermost loops unrolled by a sampled number."""
    plan = s_tir.Schedule(function)
    for block in arrange(plan, elementwise=elementwise):
        loops = _long(plan, block)
        if loops and not plan.get(loops[-1]).annotations:  # a loop that is to be split elsewhere
            _, inner = _split(plan, loops[-1])
            plan.unroll(inner)
    return [plan]


def _tile(plan: s_tir.Schedule, found: Stages, padding: Padding, *, channels_first: bool) -> None:
    """Compute several elements of the output at once, their sums in registers."""
    total, last = found.placed[0], found.last[0]
    written = _padded(plan, found) if padding in (Padding.WHOLE, Padding.ROWS) else []
    for block in found.inlined:
        if block not in written:
            plan.compute_inline(block)
    split = [_split(plan, loop) for loop in plan.get_loops(last)]
    outer, inner = [pair[0] for pair in split], [pair[1] for pair in split]
    order = [outer[-1], *outer[:-1]] if channels_first else outer
    plan.reorder(*order, *inner)
    plan.compute_at(total, order[-1], preserve_unit_loops=True)
    _sum_together(plan, total, len(outer), len(inner))
    for loop in inner:
        plan.unroll(loop)
    for block in written:
        if padding is Padding.ROWS:
            plan.compute_at(block, outer[min(_ROW, len(outer) - 1)], preserve_unit_loops=True)
    if padding is Padding.APART:
        for loop in outer[:-1]:
            plan.annotate(loop, "pragma_loop_partition_hint", ann_val=True)


_ROW = 1
"""The loop over the rows of an image, NHWC."""


def _sum_together(plan: s_tir.Schedule, total: Block, outer: int, tile: int) -> None:
    """Put the loops over the elements of a tile inside those of the sum, and unroll them."""
    loops = plan.get_loops(total)[outer:]
    elements, taps = loops[:tile], loops[tile:]
    steps, unrolled = _split(plan, taps[-1])
    plan.reorder(*taps[:-1], steps, unrolled, *elements)
    for loop in (unrolled, *elements):
        plan.unroll(loop)
    first = plan.decompose_reduction(total, [*taps[:-1], steps][0])
    for loop in plan.get_loops(first)[outer:]:
        plan.unroll(loop)


def _split(plan: s_tir.Schedule, loop: Loop) -> Sequence[Loop]:
    """Split a loop by a sampled factor."""
    extent = int(plan.get(loop).extent)
    factors = [factor for factor in range(1, _LARGEST_FACTOR + 1) if extent % factor == 0]
    factor = plan.sample_categorical(factors, [1 / len(factors)] * len(factors))
    return list(plan.split(loop, [None, factor]))
