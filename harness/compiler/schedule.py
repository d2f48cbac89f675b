"""How a group of operators is computed: which loops, and where each intermediate value lives."""

from __future__ import annotations

from collections.abc import Sequence

from tvm import s_tir, te, tirx

ONCE = "once"
"""Attribute of a stage with fewer dimensions than its reader: computed once for each of its own elements."""

FLAT = "flat"
"""Attribute of a last stage whose loops become one, because it reads its elements in the order they lie in."""


def schedule(parameters: Sequence[te.Tensor], *, elementwise: bool) -> tirx.PrimFunc:
    """Return the scheduled function of the parameters, inputs first.

    What only moves or maps elements is computed where it is read; a sum is computed just before the element that
    needs it, so that it is one number in a register. ``elementwise`` says that all tensors have the same shape
    and are read in the same order; then one loop runs over all elements. What only moves elements and is not joined
    with anything else asks no question at each of them; see ``_without_conditions``.
    """
    plan = s_tir.Schedule(te.create_prim_func(list(parameters)))
    blocks = plan.get_child_blocks(plan.get_sblock("root"))
    last = [block for block in blocks if not plan.get_consumers(block)]
    placed = []
    for block in blocks:
        if block in last or not plan.get_consumers(block):
            continue
        if _reduces(plan, block) or _taken(plan, block, ONCE):
            placed.append(block)
        else:
            plan.compute_inline(block)
    if len(last) == 1 and not placed and (_taken(plan, last[0], FLAT) or elementwise):
        plan.fuse(*plan.get_loops(last[0]))
    if len(last) == len(blocks) and not any(_reduces(plan, block) for block in last):
        for block in last:
            _without_conditions(plan, block)
    for block in reversed(placed):
        _place(plan, block, last[0])
    for block in last:
        if _reduces(plan, block):
            plan.decompose_reduction(block, _first_reduction(plan, block))
    return plan.mod["main"]


def _taken(plan: s_tir.Schedule, block: s_tir.schedule.SBlockRV, attribute: str) -> bool:
    """Return whether a block has an attribute, which is gone then."""
    found = attribute in plan.get(block).annotations
    if found:
        plan.unannotate(block, attribute)
    return found


def _without_conditions(plan: s_tir.Schedule, block: s_tir.schedule.SBlockRV) -> None:
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


def _reduces(plan: s_tir.Schedule, block: s_tir.schedule.SBlockRV) -> bool:
    return any(axis.iter_type == tirx.IterVar.CommReduce for axis in plan.get(block).iter_vars)


def _place(plan: s_tir.Schedule, block: s_tir.schedule.SBlockRV, last: s_tir.schedule.SBlockRV) -> None:
    """Compute a block right inside the loops of the last block that give its place."""
    loops = plan.get_loops(last)[: len(plan.get(block).writes[0].region)]
    if loops:
        plan.compute_at(block, loops[-1], preserve_unit_loops=True)
    if _reduces(plan, block):
        plan.decompose_reduction(block, _first_reduction(plan, block))


def _first_reduction(plan: s_tir.Schedule, block: s_tir.schedule.SBlockRV) -> s_tir.schedule.LoopRV:
    """Return the outermost loop of a block's sum."""
    axes = plan.get(block).iter_vars
    count = sum(axis.iter_type == tirx.IterVar.CommReduce for axis in axes)
    return plan.get_loops(block)[-count]
