"""Groups of operators as tuning knows them: a key by what they compute, and schedules as traces that are applied."""

from __future__ import annotations

import hashlib
from typing import Any

from tvm import s_tir, tirx

from harness.compiler.choices import Choice

Node = Any
"""A statement or expression of TIR; TVM's package has no types."""

ERRORS = (RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError)
"""What TVM raises for a schedule that it cannot apply or lower: it has no class of its own for that."""


def key(function: tirx.PrimFunc) -> str:
    """Return 16 hexadecimal digits that stand for the structure of a function to which no schedule was applied.

    Literals in what is computed (multipliers, shifts, zero points, limits) do not count: layers that differ in
    nothing else have the same schedules, and take the same time.
    """
    plan = s_tir.Schedule(function)
    lines = [f"{buffer.name} {buffer.dtype} {list(buffer.shape)}" for buffer in function.params]
    lines += [_block(plan.get(block)) for block in plan.get_child_blocks(plan.get_sblock("root"))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _block(block: Node) -> str:
    axes = [f"{axis.var.name} {axis.dom.extent} {axis.iter_type}" for axis in block.iter_vars]
    written = [f"{each.source.name} {each.source.dtype} {list(each.source.shape)}" for each in block.writes]
    return f"{block.name_hint} {axes} {written} {dict(block.annotations)} {_shape(block.body)} {_shape(block.init)}"


def _shape(node: Node) -> str:
    """Return an expression as text, without the literals that are no index and no condition."""
    kind = type(node).__name__
    if isinstance(node, tirx.IntImm | tirx.FloatImm):
        return "#"
    if kind == "BufferStore":
        return f"{node.buffer.name}{list(node.indices)} = {_shape(node.value)}"
    if kind == "Call":
        name = str(getattr(node.op, "name", node.op))
        asked = [str(node.args[0])] if name.endswith("if_then_else") else []
        return f"{name}({', '.join([*asked, *(_shape(argument) for argument in node.args[len(asked) :])])})"
    if kind == "Cast":
        return f"{node.ty}({_shape(node.value)})"
    if hasattr(node, "a") and hasattr(node, "b"):
        return f"{kind}({_shape(node.a)}, {_shape(node.b)})"
    return str(node)


def applied(function: tirx.PrimFunc, trace: list[Any]) -> tirx.PrimFunc | None:
    """Return a function with the schedule of a trace, or None where that does not fit it."""
    plan = s_tir.Schedule(function)
    try:
        s_tir.schedule.Trace.apply_json_to_schedule(trace, plan)
    except ERRORS:
        return None
    return plan.mod["main"]


def choice(trace: Node) -> Choice:
    """Return a trace as plain data."""
    return Choice(trace=_plain(trace.as_json()))


def _plain(value: Node) -> Any:  # noqa: ANN401 (whatever JSON holds)
    """Return TVM's containers as Python's."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | int | float) or value is None:
        return value
    if hasattr(value, "value"):  # a literal of TIR
        return _plain(value.value)
    if hasattr(value, "items"):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value]
