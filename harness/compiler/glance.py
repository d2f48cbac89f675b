"""What the compiler would say of a network, as far as that can be told without TVM and within a moment."""

from __future__ import annotations

from harness.compiler import declared, flatbuffer
from harness.compiler.choices import NONE, Choices
from harness.compiler.graph import Graph, Operator
from harness.compiler.service import Outcome, compiled_before
from harness.compiler.strategy import Options
from harness.errors import UnsupportedError
from harness.least import Least, dynamic_range, interface
from harness.models import Model

_INTEGERS = frozenset({"int8", "uint8", "int16"})


def glance(model: Model, options: Options, choices: Choices = NONE) -> Outcome | None:
    """Return what came out of an earlier compilation, None where there was none.

    Raises ``UnsupportedError`` where it is plain that the network cannot be compiled.
    """
    known = compiled_before(model, options, choices)
    if known is not None and known.unsupported is not None:
        raise UnsupportedError(known.unsupported)
    if known is None:
        _require_known_operators(flatbuffer.read(model))
    return known


def least(model: Model, arena: int | None, constant_bytes: int | None) -> Least:
    """Return the memory that a network takes at least; ``arena`` and constants in bytes where they were compiled.

    What is fused leaves no tensor behind, so that all that is known before is what goes in and comes out.
    """
    graph = flatbuffer.read(model)
    weights = sum(t.nbytes for t in graph.tensors if t.data is not None and (t.quantization or t.dtype == "float32"))
    return Least(
        flash_bytes=weights if constant_bytes is None else constant_bytes,
        ram_bytes=interface(graph) if arena is None else arena,
        exact=arena is not None,
    )


def _require_known_operators(graph: Graph) -> None:
    constant = {tensor.index for tensor in graph.tensors if tensor.data is not None}
    mixed = dynamic_range(graph, constant)
    if mixed is not None:
        msg = f"{mixed} computes in floats with integer weights (dynamic range); quantize all of the model or nothing"
        raise UnsupportedError(msg)
    for operator in graph.operators:
        if graph.is_float and not _is_of_integers(operator, graph):
            if operator.name not in declared.float_operators():
                msg = f"{operator} is not supported for floats"
                raise UnsupportedError(msg)
            continue
        newest = declared.integer_operators().get(operator.name)
        if newest is None or operator.version > newest:
            known = "" if newest is None else f" (up to version {newest} is)"
            msg = f"{operator} is not supported{known}"
            raise UnsupportedError(msg)
        dtypes, dtype = declared.types().get(operator.name), _first_type(operator, graph)
        if dtypes is not None and dtype not in dtypes:
            msg = f"{operator} is not supported for {dtype}, only for {' or '.join(dtypes)}"
            raise UnsupportedError(msg)


def _first_type(operator: Operator, graph: Graph) -> str:
    return graph.tensors[operator.inputs[0]].dtype if operator.inputs and operator.inputs[0] >= 0 else ""


def _is_of_integers(operator: Operator, graph: Graph) -> bool:
    """Return whether an operator of a float network is lowered as in an integer one."""
    types = {graph.tensors[index].dtype for index in (*operator.inputs, *operator.outputs) if index >= 0}
    return operator.name in declared.conversions() or bool(types & _INTEGERS and "float32" not in types)
