"""A call of a micro-kernel, as the function of a group of operators."""

from __future__ import annotations

from dataclasses import dataclass

from tvm import te, tirx

from harness.compiler.graph import Graph, Operator
from harness.compiler.kernel import Parameter, Role, dims
from harness.compiler.microkernels.packing import Words


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """What a group of operators is computed by."""

    function: str
    """Of the header: called with inputs, constants, the output, scratch memory where there is some, and numbers."""
    inputs: tuple[int, ...]
    """The network's tensors that it reads."""
    constants: tuple[tuple[str, Words], ...] = ()
    """Names and contents."""
    scratch_words: int = 0
    numbers: tuple[int, ...] = ()
    in_place: bool | None = False
    """Whether the output may take the memory of the first input; None where the operator's pattern tells."""


def function(kernel: Kernel, operators: tuple[Operator, ...], graph: Graph) -> tuple[list[Parameter], tirx.PrimFunc]:
    """Return the parameters and the function of TIR that calls ``kernel`` in place of ``operators``."""
    parameters = []
    for number, index in enumerate(kernel.inputs):
        tensor = graph.tensors[index]
        placeholder = te.placeholder(dims(tensor), tensor.dtype, f"x{number}")
        parameters.append(Parameter(role=Role.INPUT, placeholder=placeholder, tensor=index))
    for name, data in kernel.constants:
        placeholder = te.placeholder(data.shape, "int32", name)
        parameters.append(Parameter(role=Role.CONSTANT, placeholder=placeholder, data=data))
    output = graph.tensors[operators[-1].outputs[0]]
    result = _extern(kernel, [p.placeholder for p in parameters], dims(output), output.dtype)
    parameters.append(Parameter(role=Role.OUTPUT, placeholder=result, tensor=output.index))
    return parameters, te.create_prim_func([p.placeholder for p in parameters])


def _extern(kernel: Kernel, inputs: list[te.Tensor], shape: tuple[int, ...], dtype: str) -> te.Tensor:
    """Return the output of a call; scratch memory is an output that nobody reads, so that it is planned as one."""
    shapes, types = [shape], [dtype]
    if kernel.scratch_words:
        shapes.append((kernel.scratch_words,))
        types.append("int32")
    buffers = [tirx.decl_buffer(t.shape, t.dtype, t.op.name) for t in inputs]
    names = ("y", "scratch")

    def call(ins: list[tirx.Buffer], outs: list[tirx.Buffer]) -> tirx.PrimExpr:
        pointers = [b.access_ptr("r") for b in ins] + [b.access_ptr("w") for b in outs]
        return tirx.call_extern("int32", kernel.function, *pointers, *kernel.numbers)

    made = te.extern(
        shapes,
        inputs,
        call,
        name="y",
        dtype=types,
        in_buffers=buffers,
        out_buffers=[tirx.decl_buffer(s, t, n) for s, t, n in zip(shapes, types, names, strict=False)],
    )
    return made[0] if isinstance(made, list) else made
