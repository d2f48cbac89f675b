"""How a group of operators is computed: which loops, and where each intermediate value lives."""

from __future__ import annotations

from collections.abc import Sequence

from tvm import s_tir, te, tirx


def schedule(parameters: Sequence[te.Tensor], *, elementwise: bool) -> tirx.PrimFunc:
    """Return the scheduled function of the parameters, inputs first.

    What only moves or maps elements is computed where it is read; a sum is computed just before the element that
    needs it, so that it is one number in a register. ``elementwise`` says that all tensors have the same shape
    and are read in the same order; then one loop runs over all elements.
    """
    plan = s_tir.Schedule(te.create_prim_func(list(parameters)))
    blocks = plan.get_child_blocks(plan.get_sblock("root"))
    last = [block for block in blocks if not plan.get_consumers(block)]
    sums = []
    for block in blocks:
        if block in last or not plan.get_consumers(block):
            continue
        if _reduces(plan, block):
            sums.append(block)
        else:
            plan.compute_inline(block)
    if elementwise and len(last) == 1 and not sums:
        plan.fuse(*plan.get_loops(last[0]))
    for block in reversed(sums):
        _place(plan, block, last[0])
    for block in last:
        if _reduces(plan, block):
            plan.decompose_reduction(block, _first_reduction(plan, block))
    return plan.mod["main"]


def _reduces(plan: s_tir.Schedule, block: s_tir.schedule.SBlockRV) -> bool:
    return any(axis.iter_type == tirx.IterVar.CommReduce for axis in plan.get(block).iter_vars)


def _place(plan: s_tir.Schedule, block: s_tir.schedule.SBlockRV, last: s_tir.schedule.SBlockRV) -> None:
    """Compute a sum right inside the loops of the last block that give its place."""
    kept = sum(axis.iter_type == tirx.IterVar.DataPar for axis in plan.get(block).iter_vars)
    loops = plan.get_loops(last)[:kept]
    if loops:
        plan.compute_at(block, loops[-1], preserve_unit_loops=True)
    plan.decompose_reduction(block, _first_reduction(plan, block))


def _first_reduction(plan: s_tir.Schedule, block: s_tir.schedule.SBlockRV) -> s_tir.schedule.LoopRV:
    """Return the outermost loop of a block's sum."""
    axes = plan.get(block).iter_vars
    count = sum(axis.iter_type == tirx.IterVar.CommReduce for axis in axes)
    return plan.get_loops(block)[-count]
