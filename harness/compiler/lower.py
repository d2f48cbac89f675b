"""Scheduled functions of TIR → functions with flat buffers and plain loops, ready to be printed as C."""

from __future__ import annotations

from functools import cache

import tvm
from tvm import s_tir, tirx


@cache
def _passes() -> tvm.ir.transform.Sequential:
    return tvm.ir.transform.Sequential(
        [
            s_tir.transform.CanonicalizeLoop(),
            s_tir.transform.LowerInitBlock(),
            s_tir.transform.PlanAndUpdateBufferAllocationLocation(),
            s_tir.transform.ConvertBlocksToOpaque(),
            s_tir.transform.CompactBufferAllocation(),
            s_tir.transform.LowerMatchBuffer(),
            s_tir.transform.StmtSimplify(),
            s_tir.transform.LowerOpaqueBlock(),
            tirx.transform.FlattenBuffer(),
            tirx.transform.NarrowDataType(32),
            s_tir.transform.LoopPartition(),
            tirx.transform.VectorizeLoop(False),
            tirx.transform.StorageRewrite(),
            s_tir.transform.HoistIfThenElse(),
            tirx.transform.UnrollLoop(),
            s_tir.transform.RenormalizeSplitPattern(),
            tirx.transform.StmtSimplify(),
            tirx.transform.RemoveNoOp(),
            s_tir.transform.RewriteUnsafeSelect(),
            tirx.transform.CommonSubexprElim(),
            tirx.transform.LowerIntrin(),
        ]
    )


def lower(functions: dict[str, tirx.PrimFunc]) -> dict[str, tirx.PrimFunc]:
    """Return the functions, by name, with everything lowered that C has no word for."""
    target = tvm.target.Target("c")
    module = tirx.transform.BindTarget(target)(tvm.IRModule(functions))
    with target:
        module = _passes()(module)
    return {variable.name_hint: function for variable, function in module.functions.items()}
