"""How a function of TIR of any number of stages is computed, of which no more is known than what they compute."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import tvm
import tvm_ffi
from tvm import s_tir, tirx

from harness.compiler.relax_merge import Merged

if TYPE_CHECKING:
    from harness.models import Array

Stage = Any
"""A block in a schedule, which goes on naming it while that changes; TVM's package has no types."""
Node = Any
"""A statement, an expression, a loop or the block of a stage as it is now."""

_CHOICE = ("prim.if_then_else", "tirx.if_then_else")
"""The call that only computes what it chooses."""
_LARGEST = float(np.finfo(np.float32).max)
"""A maximum starts from minus this."""


def arrange(merged: Merged) -> Merged:
    """Return the function scheduled.

    From the last stage to the first: what is cheap, or read once for each element, is computed where it is read; what
    else there is (sums, exponentials that are read twice) is computed in the innermost loop of its readers where no
    element is computed twice, so that a sum which is read by one element is a number in a register.
    """
    plan = s_tir.Schedule(merged.function)
    blocks = plan.get_child_blocks(plan.get_sblock("root"))
    constants = _pack(plan, blocks, merged)
    stages, kept = [], []
    for block in blocks:
        if not _gives_result(plan.get(block), plan.mod["main"]):
            stages.append(block)
        elif _reduces(plan, block) and not plan.get_consumers(block):
            stages.append(block)
            kept.append(plan.cache_write(block, 0, "global"))
        else:
            kept.append(block)
    for block in reversed(stages):
        if not _reduces(plan, block) and (_cheap(plan, block) or _read_once(plan, block)):
            plan.compute_inline(block)
        else:
            _place(plan, block)
            kept.append(block)
    if len(kept) == 1 and _in_order(plan.get(kept[0])) and (loops := plan.get_loops(kept[0])):
        plan.fuse(*loops)
    for block in kept:
        if _reduces(plan, block):
            plan.decompose_reduction(block, _first_reduction(plan, block))
    return replace(merged, function=_skip_padding(plan.mod["main"]), constants=tuple(constants))


def _pack(plan: s_tir.Schedule, stages: list[Stage], merged: Merged) -> list[Array]:
    """Lay the constants of sums out in the order in which they are read, and return them."""
    constants = list(merged.constants)
    for number, data in enumerate(constants):
        parameter = plan.mod["main"].params[merged.inputs + number]
        reads = [
            (stage, place)
            for stage in stages
            for place, read in enumerate(plan.get(stage).reads)
            if read.source.same_as(parameter)
        ]
        if len(reads) != 1 or not _reduces(plan, reads[0][0]):
            continue
        stage, place = reads[0]
        order = _order(plan.get(stage), place)
        if order is not None:
            plan.transform_layout(stage, ("read", place), _transposition(order))
            constants[number] = np.ascontiguousarray(data.transpose(order))
    return constants


def _transposition(order: list[int]) -> tirx.IndexMap:
    return tirx.IndexMap.from_func(lambda *axes: [axes[axis] for axis in order], ndim=len(order))


def _order(block: Node, place: int) -> list[int] | None:
    """Return the dimensions of what a stage reads in the order of its loops, None where one is not just a loop's."""
    axes = [axis.var for axis in block.iter_vars]
    places = []
    for dimension in block.reads[place].region:
        found = [place for place, variable in enumerate(axes) if dimension.min.same_as(variable)]
        if not found and int(dimension.extent) != 1:
            return None
        places.append(found[0] if found else -1)
    return sorted(range(len(places)), key=places.__getitem__)


def _place(plan: s_tir.Schedule, stage: Stage) -> None:
    """Compute a stage in the innermost loop around all its readers where each element is still computed once."""
    runs = _runs(plan, stage)
    for loop in reversed(_common_loops(plan, plan.get_consumers(stage))):
        trial = plan.copy()
        try:
            trial.compute_at(stage, loop, preserve_unit_loops=True)
        except s_tir.schedule.ScheduleError:
            continue
        if _runs(trial, stage) <= runs:
            plan.compute_at(stage, loop, preserve_unit_loops=True)
            return


def _common_loops(plan: s_tir.Schedule, stages: list[Stage]) -> list[Node]:
    """Return the loops around all of these stages, from the outside in, without those of their sums."""
    common = _outer_loops(plan, stages[0])
    for stage in stages[1:]:
        pairs = list(zip(common, _outer_loops(plan, stage), strict=False))
        same = [plan.get(a).same_as(plan.get(b)) for a, b in pairs]
        common = common[: same.index(False) if False in same else len(same)]
    return common


def _outer_loops(plan: s_tir.Schedule, stage: Stage) -> list[Node]:
    axes = plan.get(stage).iter_vars
    sums = sum(axis.iter_type == tirx.IterVar.CommReduce for axis in axes)
    loops = list(plan.get_loops(stage))
    return loops[: len(loops) - sums]


def _runs(plan: s_tir.Schedule, stage: Stage) -> int:
    """Return how often a stage is run."""
    return math.prod(int(plan.get(loop).extent) for loop in plan.get_loops(stage))


def _cheap(plan: s_tir.Schedule, stage: Stage) -> bool:
    """Return whether an element is computed again rather than kept: it takes no function and no division."""
    return not any(
        isinstance(node, tirx.Div) or (isinstance(node, tvm.ir.Call) and node.op.name not in _CHOICE)
        for node in _nodes(plan.get(stage).body)
    )


def _read_once(plan: s_tir.Schedule, stage: Stage) -> bool:
    """Return whether the stages that read this one do not read it more often than it has elements."""
    buffer = plan.get(stage).writes[0].source
    reads = 0
    for reader in plan.get_consumers(stage):
        nodes = _nodes(plan.get(reader).body)
        loads = sum(isinstance(node, tvm.ir.expr.TensorLoad) and node.source.same_as(buffer) for node in nodes)
        reads += loads * _runs(plan, reader)
    return reads <= math.prod(int(size) for size in buffer.shape)


def _nodes(node: Node) -> list[Node]:
    """Return a statement or expression and all that is in it."""
    found: list[Node] = []
    tvm_ffi.structural_walk(node, found.append)
    return found


def _skip_padding(function: tirx.PrimFunc) -> tirx.PrimFunc:
    """Return the function with sums and maxima leaving out what would not change them: elements of a padding.

    ``sum = sum + (inside ? x : 0) * w`` becomes ``if (inside) sum = sum + x * w``; conditions then move out of the
    loops that they do not depend on.
    """
    return tvm_ffi.structural_map(function, (tirx.BufferStore, _conditional))


def _conditional(store: tirx.BufferStore) -> Node:
    value = store.value
    if not isinstance(value, (tirx.Add, tirx.Max)) or not _is_target(value.a, store):
        return store
    product = value.b if isinstance(value, tirx.Add) and isinstance(value.b, tirx.Mul) else None
    choice = value.b if product is None else product.a
    if not isinstance(choice, tvm.ir.Call) or choice.op.name not in _CHOICE:
        return store
    condition, inside, outside = choice.args
    if not isinstance(outside, tirx.FloatImm) or outside.value != (0.0 if isinstance(value, tirx.Add) else -_LARGEST):
        return store
    kept = inside if product is None else inside * product.b
    made = tirx.BufferStore(store.buffer, type(value)(value.a, kept), store.indices)
    for part in reversed(_conjuncts(condition)):
        made = tirx.IfThenElse(part, made, None)
    return made


def _is_target(value: Node, store: tirx.BufferStore) -> bool:
    same = isinstance(value, tvm.ir.expr.TensorLoad) and value.source.same_as(store.buffer)
    return same and tvm_ffi.structural_equal(value.indices, store.indices)


def _conjuncts(condition: Node) -> list[Node]:
    """Return the conditions that ``condition`` is the conjunction of."""
    if isinstance(condition, tirx.And):
        return [*_conjuncts(condition.a), *_conjuncts(condition.b)]
    return [condition]


def _gives_result(block: Node, function: tirx.PrimFunc) -> bool:
    return any(write.source.same_as(parameter) for write in block.writes for parameter in function.params)


def _in_order(block: Node) -> bool:
    """Return whether a stage reads tensors of its own shape only, each at the place that it writes."""
    write = block.writes[0]
    return all(_same_place(read, write) for read in block.reads)


def _same_place(read: Node, write: Node) -> bool:
    shapes = (tuple(int(size) for size in one.source.shape) for one in (read, write))
    return len(set(shapes)) == 1 and tvm_ffi.structural_equal(read.region, write.region)


def _reduces(plan: s_tir.Schedule, stage: Stage) -> bool:
    return any(axis.iter_type == tirx.IterVar.CommReduce for axis in plan.get(stage).iter_vars)


def _first_reduction(plan: s_tir.Schedule, stage: Stage) -> Node:
    """Return the outermost loop of a stage's sum."""
    return plan.get_loops(stage)[len(_outer_loops(plan, stage))]
