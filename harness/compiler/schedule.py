"""How a group of operators is computed: which loops, and where each intermediate value lives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm import s_tir, tirx

Block = Any
"""A block of a schedule; TVM's package has no types."""

ONCE = "once"
"""Attribute of a stage with fewer dimensions than its reader: computed once for each of its own elements."""

FLAT = "flat"
"""Attribute of a last stage whose loops become one, because it reads its elements in the order they lie in."""


def schedule(function: tirx.PrimFunc, *, elementwise: bool) -> tirx.PrimFunc:
    """Return a function with the schedule that it gets by rule; see ``arrange``."""
    plan = s_tir.Schedule(function)
    arrange(plan, elementwise=elementwise)
    return plan.mod["main"]


@dataclass(frozen=True, kw_only=True)
class Stages:
    """The blocks of a function to which no schedule was applied."""

    inlined: list[Block]
    """They only move or map elements, which can be computed where they are read."""
    placed: list[Block]
    """They sum, or are computed once for several readers."""
    last: list[Block]
    """They write the outputs."""


def stages(plan: s_tir.Schedule) -> Stages:
    """Return the blocks of ``plan``, in their order."""
    blocks = plan.get_child_blocks(plan.get_sblock("root"))
    last = [block for block in blocks if not plan.get_consumers(block)]
    inlined: list[Block] = []
    placed: list[Block] = []
    for block in blocks:
        if block not in last and plan.get_consumers(block):
            (placed if reduces(plan, block) or _taken(plan, block, ONCE) else inlined).append(block)
    return Stages(inlined=inlined, placed=placed, last=last)


def arrange(plan: s_tir.Schedule, *, elementwise: bool) -> list[Block]:
    """Give a function of a group its loops, and return the blocks that are left.

    What only moves or maps elements is computed where it is read; a sum is computed just before the element that
    needs it, so that it is one number in a register. ``elementwise`` says that all tensors have the same shape
    and are read in the same order; then one loop runs over all elements. What only moves elements and is not joined
    with anything else asks no question at each of them; see ``_without_conditions``. Of two sums, one of the other's
    outputs, the first is computed once for all elements that the second makes of it; see ``_place_two``.
    """
    found = stages(plan)
    placed, last = found.placed, found.last
    alone = not (found.inlined or placed)
    between = _between(plan, found)
    for block in found.inlined:
        if block is not between:
            plan.compute_inline(block)
    if len(last) == 1 and not placed and (_taken(plan, last[0], FLAT) or elementwise):
        plan.fuse(*plan.get_loops(last[0]))
    if alone and not any(reduces(plan, block) for block in last):
        for block in last:
            _without_conditions(plan, block)
    if between is None:
        for block in reversed(placed):
            _place(plan, block, last[0])
    else:
        _place_two(plan, found, between)
    for block in last:
        if reduces(plan, block):
            plan.decompose_reduction(block, _first_reduction(plan, block))
    return [*placed, *last]


def _taken(plan: s_tir.Schedule, block: Block, attribute: str) -> bool:
    """Return whether a block has an attribute, which is gone then."""
    found = attribute in plan.get(block).annotations
    if found:
        plan.unannotate(block, attribute)
    return found


def _without_conditions(plan: s_tir.Schedule, block: Block) -> None:
    """Take the conditions out of a block's loops where it reads from one of several places.

    A padding becomes two passes: one that fills everything, and one that copies. Other loops are split where a
    condition that is marked as ``likely`` changes, when their variable is in one.
    """
    loops = plan.get_loops(block)
    if plan.can_decompose_padding(block, loops[0]):
        plan.fuse(*plan.get_loops(plan.decompose_padding(block, loops[0])))
        return
    for loop in loops:
        if plan.get(loop).extent > 1:
            plan.annotate(loop, "pragma_loop_partition_hint", ann_val=True)


def reduces(plan: s_tir.Schedule, block: Block) -> bool:
    """Whether each element that a block writes is made of several."""
    return any(axis.iter_type == tirx.IterVar.CommReduce for axis in plan.get(block).iter_vars)


def _place(plan: s_tir.Schedule, block: Block, last: Block) -> None:
    """Compute a block right inside the loops of the last block that give its place."""
    loops = plan.get_loops(last)[: len(plan.get(block).writes[0].region)]
    if loops:
        plan.compute_at(block, loops[-1], preserve_unit_loops=True)
    if reduces(plan, block):
        plan.decompose_reduction(block, _first_reduction(plan, block))


def _between(plan: s_tir.Schedule, found: Stages) -> Block | None:
    """Return the block that is made of a sum and that nobody reads but another sum, None where there is none."""
    if len(found.placed) != 2 or len(found.last) != 1 or not all(reduces(plan, block) for block in found.placed):  # noqa: PLR2004
        return None
    first, second = (plan.get(block) for block in found.placed)

    def links(block: Block) -> bool:
        read, readers = plan.get_producers(block), plan.get_consumers(block)
        made = any(plan.get(each).same_as(first) for each in read)
        return made and len(readers) == 1 and plan.get(readers[0]).same_as(second)

    return next((block for block in found.inlined if links(block)), None)


def _place_two(plan: s_tir.Schedule, found: Stages, between: Block) -> None:
    """Compute what the second sum reads for one place at a time, all its channels, before those of the output."""
    first, second = found.placed
    loops = plan.get_loops(found.last[0])
    plan.compute_at(second, loops[-1], preserve_unit_loops=True)
    plan.compute_at(between, loops[-2], preserve_unit_loops=True)
    plan.compute_at(first, plan.get_loops(between)[-1], preserve_unit_loops=True)
    for block in found.placed:
        plan.decompose_reduction(block, _first_reduction(plan, block))


def _first_reduction(plan: s_tir.Schedule, block: Block) -> s_tir.schedule.LoopRV:
    """Return the outermost loop of a block's sum."""
    axes = plan.get(block).iter_vars
    count = sum(axis.iter_type == tirx.IterVar.CommReduce for axis in axes)
    return plan.get_loops(block)[-count]
