"""Float networks → ``Program``: imported by TVM's frontend, then lowered, printed and planned as integer ones are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from tvm import te

from harness.compiler import build, frontend, relax_merge
from harness.compiler.compute import Computed, expressions
from harness.compiler.float_operators import Way, pattern, separate, supported, way
from harness.compiler.float_schedule import arrange
from harness.compiler.frontend import Part
from harness.compiler.fusion import Group, group
from harness.compiler.graph import Graph, Tensor
from harness.compiler.kernel import Parameter, Role, dims
from harness.compiler.program import Program
from harness.errors import UnsupportedError
from harness.models import Model

if TYPE_CHECKING:
    from harness.models import Array


def build_float(model: Model, graph: Graph, *, fuse: bool) -> Program:
    """Compile ``graph``, the network of ``model``; without ``fuse`` each operator is a function of its own.

    Each group of operators is imported by itself and made one function, whatever operators of TVM's it becomes; so
    all that lies between two functions is a tensor of the network, and can be compared with the interpreter's. Raises
    ``UnsupportedError`` for what cannot be compiled.
    """
    groups = separate(group(_fold(model, graph), fuse=fuse, pattern=pattern))
    computed = [_compute(whole, groups.graph, model) for whole in groups.groups]
    with _named(f"TVM cannot lower {graph.name}"):
        return build.assemble(groups, computed, in_place=fuse)


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Turn whatever TVM throws into an ``UnsupportedError`` of one line."""
    try:
        yield
    except UnsupportedError:
        raise
    except Exception as error:
        msg = f"{what}: {frontend.reason(error)}"
        raise UnsupportedError(msg) from error


def _fold(model: Model, graph: Graph) -> Graph:
    """Return the network with what does not depend on its inputs as constants, such as weights stored in float16."""
    tensors, kept = list(graph.tensors), []
    for operator in graph.operators:
        known = replace(graph, tensors=tuple(tensors))
        found = _constant(Part(model=model, graph=known, operators=(operator,)))
        if found is None:
            kept.append(operator)
        else:
            index = operator.outputs[0]
            tensors[index] = replace(tensors[index], data=found.reshape(tensors[index].shape))
    return replace(graph, tensors=tuple(tensors), operators=tuple(kept))


def _constant(part: Part) -> Array | None:
    """Return what a part of one operator gives if that is known already."""
    operator, tensors = part.operators[0], part.graph.tensors
    if len(operator.outputs) != 1 or not operator.inputs:
        return None
    x, y = tensors[operator.inputs[0]], tensors[operator.outputs[0]]
    if operator.name == "SHAPE":
        return np.asarray(x.shape, y.dtype)
    if part.inputs:
        return None
    if operator.name == "DEQUANTIZE":
        return _dequantized(x)
    if operator.name not in supported():
        return None
    with _named(f"TVM cannot compute {operator}"):
        return relax_merge.constant_result(relax_merge.simplify(frontend.load(part)))


def _dequantized(tensor: Tensor) -> Array:
    """Return a constant that is stored in float16, or quantized as a whole, in float32."""
    data = np.asarray(tensor.data, np.float32)
    if tensor.dtype == "float16":
        return data
    return (data - np.float32(tensor.zero_point)) * np.float32(tensor.scale)


def _compute(whole: Group, graph: Graph, model: Model) -> Computed:
    """Return a group's function."""
    if way(whole, graph) is Way.RULE:
        return expressions(whole, graph).computed()
    part = Part(model=model, graph=graph, operators=whole.operators)
    with _named(f"TVM cannot lower {' and '.join(str(operator) for operator in whole.operators)}"):
        merged = arrange(relax_merge.merge(relax_merge.simplify(frontend.load(part))))
    inputs = [_parameter(Role.INPUT, graph.tensors[index], f"x{place}") for place, index in enumerate(part.inputs)]
    constants = [_constant_parameter(data, f"c{place}") for place, data in enumerate(merged.constants)]
    outputs = [_parameter(Role.OUTPUT, graph.tensors[index], "y") for index in part.outputs]
    label = "_".join(operator.name.lower() for operator in whole.operators)
    return Computed(label=label, parameters=(*inputs, *constants, *outputs), function=merged.function)


def _parameter(role: Role, tensor: Tensor, name: str) -> Parameter:
    return Parameter(role=role, placeholder=te.placeholder(dims(tensor), tensor.dtype, name), tensor=tensor.index)


def _constant_parameter(data: Array, name: str) -> Parameter:
    placeholder = te.placeholder(data.shape or (1,), str(data.dtype), name)
    return Parameter(role=Role.CONSTANT, placeholder=placeholder, data=np.ascontiguousarray(data))
