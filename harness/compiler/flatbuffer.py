"""A .tflite file → ``Graph``. What the compiler cannot take is refused here or by the operator that meets it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from harness.compiler.graph import ABSENT, Graph, Operator, Quantization, Tensor
from harness.errors import UnsupportedError
from harness.models import Model, builtin_code, element_type

if TYPE_CHECKING:
    from harness.models import Array

_MAX_ELEMENTS = 1 << 26
"""Larger tensors fit no microcontroller, and would make a compiler run out of memory."""


def read(model: Model) -> Graph:
    """Return the network of ``model``; raises ``UnsupportedError`` with the reason where that cannot be done."""
    return _guarded(model, lambda: _checked(_graph(model, _tensor)))


def outline(model: Model) -> Graph:
    """Return the network of ``model`` without the content of its tensors, whether or not it can be compiled.

    Raises ``UnsupportedError`` where the file is damaged.
    """
    return _guarded(model, lambda: _graph(model, _plain))


def _guarded(model: Model, graph: Callable[[], Graph]) -> Graph:
    try:
        return graph()
    except UnsupportedError:
        raise
    # The flatbuffers package reads at whatever offset the file names; a bad one shows as one of these.
    except (struct.error, ValueError, IndexError, TypeError, OverflowError, KeyError, AttributeError) as error:
        msg = f"{model.name} is damaged: {error}"
        raise UnsupportedError(msg) from error


def _graph(model: Model, tensor_of: Callable[[Any, Any, int], Tensor]) -> Graph:
    import tflite

    root = tflite.Model.GetRootAsModel(model.data, 0)
    subgraph = root.Subgraphs(0)
    tensors = tuple(tensor_of(root, subgraph.Tensors(i), i) for i in range(subgraph.TensorsLength()))
    operators = tuple(_operator(root, subgraph.Operators(i), i) for i in range(subgraph.OperatorsLength()))
    return Graph(
        name=model.name,
        tensors=tensors,
        operators=operators,
        inputs=_indices(subgraph.InputsAsNumpy()),
        outputs=_indices(subgraph.OutputsAsNumpy()),
    )


def _checked(graph: Graph) -> Graph:
    """Return ``graph``; raises ``UnsupportedError`` where a tensor is read before it is there, or written twice."""
    there = {tensor.index for tensor in graph.tensors if tensor.data is not None} | {ABSENT}
    for index in graph.inputs:
        if index in there:
            msg = f"{graph.tensors[index]} is an input of the network twice, or a constant too"
            raise UnsupportedError(msg)
        there.add(index)
    for operator in graph.operators:
        for index in operator.inputs:
            if index not in there:
                msg = f"{operator} reads {graph.tensors[index]}, which nothing has written before it"
                raise UnsupportedError(msg)
        for index in operator.outputs:
            if index in there:
                msg = f"{operator} writes tensor {index}, which is there already"
                raise UnsupportedError(msg)
            there.add(index)
    for index in graph.outputs:
        if index not in there:
            msg = f"{graph.tensors[index]} is an output of the network, and nothing writes it"
            raise UnsupportedError(msg)
    return graph


def _indices(vector: Any) -> tuple[int, ...]:  # noqa: ANN401 (the schema's classes carry no types)
    return () if isinstance(vector, int) else tuple(int(index) for index in vector)


def _plain(_root: Any, tensor: Any, index: int) -> Tensor:  # noqa: ANN401
    shape = tuple(int(tensor.Shape(i)) for i in range(tensor.ShapeLength()))
    name = (tensor.Name() or b"").decode(errors="replace")
    return Tensor(index=index, name=name, shape=shape, dtype=element_type(tensor.Type()))


def _tensor(root: Any, tensor: Any, index: int) -> Tensor:  # noqa: ANN401
    plain = _plain(root, tensor, index)
    shape = plain.shape
    signature = tuple(int(tensor.ShapeSignature(i)) for i in range(tensor.ShapeSignatureLength()))
    if any(size < 0 for size in shape):
        msg = f"{plain} has a shape that is not fixed (signature {list(signature or shape)})"
        raise UnsupportedError(msg)
    if 0 in shape:
        msg = f"{plain} has no elements"
        raise UnsupportedError(msg)
    if plain.elements > _MAX_ELEMENTS:
        msg = f"{plain} has {plain.elements:,} elements: more than any microcontroller holds"
        raise UnsupportedError(msg)
    if tensor.Sparsity() is not None:
        msg = f"{plain} is stored sparsely, which no operator here reads"
        raise UnsupportedError(msg)
    if tensor.IsVariable():
        msg = f"{plain} is a variable that keeps its value between runs, which no operator here does"
        raise UnsupportedError(msg)
    return replace(
        plain,
        quantization=_quantization(tensor.Quantization(), plain),
        data=_content(root.Buffers(tensor.Buffer()), plain),
    )


def _quantization(found: Any, tensor: Tensor) -> Quantization | None:  # noqa: ANN401
    if found is None or found.ScaleLength() == 0:
        return None
    scales = tuple(float(found.Scale(i)) for i in range(found.ScaleLength()))
    zero_points = tuple(int(found.ZeroPoint(i)) for i in range(found.ZeroPointLength())) or (0,) * len(scales)
    axis = int(found.QuantizedDimension())
    if len(zero_points) != len(scales):
        msg = f"{tensor} has {len(scales)} scales and {len(zero_points)} zero points"
        raise UnsupportedError(msg)
    return Quantization(scales=scales, zero_points=zero_points, axis=axis)


def _content(buffer: Any, tensor: Tensor) -> Array | None:  # noqa: ANN401
    import numpy as np

    if buffer.DataLength() == 0:
        return None
    if tensor.dtype == "void":
        msg = f"{tensor} is a constant of an element type that is not known here"
        raise UnsupportedError(msg)
    raw = bytes(buffer.DataAsNumpy())
    if len(raw) != tensor.nbytes:
        msg = f"{tensor} has {len(raw):,} bytes of content instead of {tensor.nbytes:,}"
        raise UnsupportedError(msg)
    return np.frombuffer(raw, tensor.dtype).reshape(tensor.shape)


def _operator(root: Any, operator: Any, index: int) -> Operator:  # noqa: ANN401
    code = root.OperatorCodes(operator.OpcodeIndex())
    number = builtin_code(code)
    return Operator(
        index=index,
        name=_operator_names().get(number, f"BUILTIN_{number}"),
        version=int(code.Version()),
        inputs=_indices(operator.InputsAsNumpy()),
        outputs=_indices(operator.OutputsAsNumpy()),
        options=_options(operator),
    )


def _options(operator: Any) -> dict[str, int | float | bool]:  # noqa: ANN401
    import tflite

    table, kind = operator.BuiltinOptions(), operator.BuiltinOptionsType()
    if table is None or kind == 0:
        return {}
    options = getattr(tflite, _option_names()[kind])()
    options.Init(table.Bytes, table.Pos)
    return {name: getattr(options, name)() for name in _scalar_fields(_option_names()[kind])}


@cache
def _scalar_fields(options: str) -> tuple[str, ...]:
    """Return the names of the getters that take nothing and read one number of a class of options."""
    from inspect import Parameter, isfunction, signature

    import tflite

    skipped = ("Init", "GetRootAs", "AsNumpy", "IsNone", "Length")
    found = []
    for name, member in vars(getattr(tflite, options)).items():
        if not isfunction(member) or any(word in name for word in skipped) or not name[0].isupper():
            continue
        needed = [p for p in signature(member).parameters.values() if p.default is Parameter.empty]
        if len(needed) == 1:
            found.append(name)
    return tuple(found)


@cache
def _operator_names() -> dict[int, str]:
    import tflite

    return {value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}


@cache
def _option_names() -> dict[int, str]:
    import tflite

    return {value: name for name, value in vars(tflite.BuiltinOptions).items() if isinstance(value, int)}
