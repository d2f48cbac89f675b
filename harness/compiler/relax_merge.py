"""A Relax function → one function of TIR that computes all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tvm
from tvm import relax, tirx

if TYPE_CHECKING:
    from harness.models import Array

Node = Any
"""A function, binding or expression of Relax; TVM's package has no types."""

_WHOLE = "whole"


@dataclass(frozen=True, kw_only=True)
class Merged:
    """A function of TIR; its parameters are the inputs, the constants, the outputs."""

    function: tirx.PrimFunc
    inputs: int
    """How many there are."""
    constants: tuple[Array, ...]


def simplify(module: tvm.IRModule) -> tvm.IRModule:
    """Return the module with each operator a function of TIR, and computed as far as it does not depend on inputs."""
    transforms = relax.transform
    for one in (transforms.LegalizeOps(), transforms.FoldConstant(), transforms.CanonicalizeBindings()):
        module = one(module)
    return transforms.DeadCodeElimination()(module)


def constant_result(module: tvm.IRModule) -> Array | None:
    """Return what a simplified module gives if that is one constant."""
    main = module["main"]
    found = {binding.var: binding.value for block in main.body.blocks for binding in block.bindings}
    result = main.body.body
    while result in found:
        result = found[result]
    return result.value.numpy() if isinstance(result, tvm.ir.GenericConst) else None


def merge(module: tvm.IRModule) -> Merged:
    """Return a simplified module as one function; raises ``NotImplementedError`` for what is no function of TIR."""
    lifter = _Lifter(module["main"])
    rest = {name: function for name, function in module.functions.items() if name.name_hint != "main"}
    builder = relax.BlockBuilder(tvm.IRModule(rest))
    whole = builder.add_func(lifter.function(), _WHOLE)
    parameters = [relax.Var(p.name, p.ty) for p in lifter.parameters]
    with builder.function("main", parameters):
        with builder.dataflow():
            result = builder.emit_output(tvm.ir.Call(whole, parameters))
        builder.emit_func_output(result)
    fused = relax.transform.FuseTIR()(builder.get())
    inputs = len(module["main"].params)
    return Merged(function=fused[_WHOLE], inputs=inputs, constants=tuple(lifter.constants))


class _Lifter:
    """Rebuilds a function as one that TVM fuses whole, with its constants as parameters."""

    def __init__(self, main: Node) -> None:
        self.constants: list[Array] = []
        self.parameters = [relax.Var(p.name, p.ty) for p in main.params]
        self._main = main
        self._values = dict(zip(main.params, self.parameters, strict=True))

    def function(self) -> Node:
        """Return the function."""
        bindings = []
        for block in self._main.body.blocks:
            for binding in block.bindings:
                value = self._value(binding.value)
                self._values[binding.var] = relax.DataflowVar(binding.var.name, binding.var.ty)
                bindings.append(relax.VarBinding(self._values[binding.var], value))
        result = relax.Var("result", self._main.ret_ty)
        bindings.append(relax.VarBinding(result, self._value(self._main.body.body)))
        body = relax.SeqExpr([relax.DataflowBlock(bindings)], result)
        return relax.Function(self.parameters, body, self._main.ret_ty).with_attr("Primitive", True)

    def _value(self, value: Node) -> Node:
        if isinstance(value, tvm.ir.GenericConst):
            self.parameters.append(relax.Var(f"constant{len(self.constants)}", value.ty))
            self.constants.append(value.value.numpy())
            return self.parameters[-1]
        if isinstance(value, relax.Var):
            return self._values[value]
        if isinstance(value, relax.Tuple):
            return relax.Tuple([self._value(one) for one in value.fields])
        if isinstance(value, relax.TupleGetItem):
            return relax.TupleGetItem(self._value(value.tuple_value), value.index)
        if isinstance(value, tvm.ir.Call) and value.op == tvm.ir.Op.get("relax.call_tir"):
            return tvm.ir.Call(value.op, [value.args[0], self._value(value.args[1])], value.attrs, value.ty_args)
        what = value.op if isinstance(value, tvm.ir.Call) else type(value).__name__
        msg = f"there is no function of TIR for {getattr(what, 'name', what)}"
        raise NotImplementedError(msg)
