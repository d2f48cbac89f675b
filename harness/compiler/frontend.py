"""Float operators → a Relax function, by TVM's own import. What that gets wrong is put right or refused here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import tflite
import tvm
from tvm import relax
from tvm.relax.frontend.tflite import from_tflite
from tvm.relax.frontend.tflite.tflite_frontend import OperatorConverter

from harness.compiler.float_operators import QUANTIZED
from harness.compiler.graph import Graph, Operator
from harness.errors import UnsupportedError
from harness.models import Model

Node = Any
"""An expression of Relax or an object of the schema; neither package has types."""

_INDICES = ("ARG_MAX", "ARG_MIN")
"""Operators that give indices, which have 64 bits in TVM."""
_LONGEST_REASON = 200


@dataclass(frozen=True, kw_only=True)
class Part:
    """Operators of a network that are imported together."""

    model: Model
    graph: Graph
    """The network; its constants need not be in the model's file."""
    operators: tuple[Operator, ...]

    @property
    def inputs(self) -> tuple[int, ...]:
        """The tensors that are neither constant nor written here, each once."""
        written = {index for operator in self.operators for index in operator.outputs}
        read = [index for operator in self.operators for index in operator.inputs if index >= 0]
        return tuple(i for i in dict.fromkeys(read) if i not in written and self.graph.tensors[i].data is None)

    @property
    def outputs(self) -> tuple[int, ...]:
        """The tensors that the last operator writes."""
        return self.operators[-1].outputs


def load(part: Part) -> tvm.IRModule:
    """Return a module whose function ``main`` takes the part's inputs and gives its outputs.

    Raises ``UnsupportedError`` that names the operator.
    """
    for operator in part.operators:
        _check(operator, part.graph)
    root = _Model(part)
    try:
        module = from_tflite(root, op_converter=partial(_Converter, part=part))
    except UnsupportedError:
        raise
    except Exception as error:  # whatever TVM throws
        msg = f"{part.operators[-1]} cannot be imported: {reason(error)}"
        raise UnsupportedError(msg) from error
    module["main"] = module["main"].without_attr("params")
    return module


def reason(error: Exception) -> str:
    """Return the line of an error's message that says what is wrong, with the error's kind."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not re.match(r"Traceback|File |at |\[|~|\^|Stack trace", line)]
    line = re.sub(r"^[\w.]*Error: ", "", told[-1] if told else "")
    kind = type(error).__name__
    return f"{kind}: {line[:_LONGEST_REASON]}" if line else kind


def _check(operator: Operator, graph: Graph) -> None:
    """Raise ``UnsupportedError`` where the import would give something else than the operator does."""
    for index in (*operator.inputs, *operator.outputs):
        tensor = graph.tensors[index]
        if index >= 0 and tensor.dtype in QUANTIZED and tensor.quantization is not None:
            what = "its weights are quantized (dynamic range)" if tensor.data is not None else "a tensor is quantized"
            msg = f"{operator} computes in float32, but {what}: {tensor}; quantize all of the model or nothing of it"
            raise UnsupportedError(msg)
    if operator.name == "SOFTMAX" and operator.options.get("Beta", 1.0) != 1.0:
        msg = f"{operator}: a beta other than 1 is not supported"
        raise UnsupportedError(msg)


def _variable(index: int) -> str:
    return f"tensor{index}"


class _Converter(OperatorConverter):  # type: ignore[misc]
    """Imports operator by operator, and holds what comes out against what the network says of it."""

    def __init__(self, *arguments: Node, part: Part) -> None:
        super().__init__(*arguments)
        self._part = part
        self._tensors = part.graph.tensors
        self._operator = part.operators[0]
        for name in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"):
            self.convert_map[name] = self._convert_view

    def check_unsupported_ops(self) -> None:
        """Leave it to ``convert_op_to_relax``, which names the operator."""

    def convert_op_to_relax(self) -> None:
        """Import all operators."""
        for place, operator in enumerate(self._part.operators):
            self._operator = operator
            try:
                found = self.convert_map[operator.name](op=self.subgraph.Operators(place))
                self._bind(self.bb.normalize(found))
            except UnsupportedError:
                raise
            except Exception as error:
                msg = f"{operator} cannot be imported: {reason(error)}"
                raise UnsupportedError(msg) from error

    def _bind(self, whole: Node) -> None:
        outputs = self._operator.outputs
        for place, index in enumerate(outputs):
            value = self.bb.normalize(whole if len(outputs) == 1 else whole[place])
            tensor = self._tensors[index]
            if self._operator.name in _INDICES:
                value = self.bb.normalize(relax.op.astype(value, tensor.dtype))
            what = f"{value.ty.dtype} {value.ty.shape}" if isinstance(value.ty, relax.TensorType) else f"{value.ty}"
            same = _static_shape(value.ty) == tensor.shape and str(value.ty.dtype) == tensor.dtype
            self._require(same, f"{tensor} is imported as {what}; this use of the operator is not supported")
            self.exp_tab.set_expr(_variable(index), value)

    def _require(self, condition: object, why: str) -> None:
        if not condition:
            msg = f"{self._operator}: {why}"
            raise UnsupportedError(msg)

    def get_input_tensors(self, op: Node) -> list[Node]:
        """Return the inputs, without those at the end that are not given; a bias is looked for by their number."""
        found = list(super().get_input_tensors(op))
        while found and found[-1].tensor_idx < 0:
            found.pop()
        return found

    def get_tensor_value(self, tensor_wrapper: Node, is_sparse: bool = False) -> Node:
        """Return the content of a constant."""
        data = self._tensors[tensor_wrapper.tensor_idx].data
        self._require(data is not None, f"it takes {self._tensors[tensor_wrapper.tensor_idx]} from another operator")
        return data

    def get_expr(self, input_tensor_idx: int) -> Node:
        """Return a tensor, constant or not."""
        data = self._tensors[input_tensor_idx].data
        if data is None or self.has_expr(input_tensor_idx):
            return super().get_expr(input_tensor_idx)
        return self.exp_tab.new_const(data, dtype=str(data.dtype))

    def _convert_view(self, op: Node) -> Node:
        """Import what only changes the shape; the shape is known, wherever the operator would take it from."""
        x, y = self._tensors[self._operator.inputs[0]], self._tensors[self._operator.outputs[0]]
        self._require(x.elements == y.elements, f"{x} and {y} do not have the same number of elements")
        return relax.op.reshape(self.get_tensor_expr(self.get_input_tensors(op)[0]), y.shape)

    def convert_fully_connected(self, op: Node) -> Node:
        """Import a FULLY_CONNECTED whose input has any shape; TVM's own way multiplies batches of matrices then."""
        x, weights, *bias = self.get_input_tensors(op)
        whole, y = self._tensors[x.tensor_idx], self._tensors[self._operator.outputs[0]]
        units, depth = self._tensors[weights.tensor_idx].shape
        self._require(not self._operator.options.get("WeightsFormat"), "shuffled weights are not supported")
        rows = whole.elements // depth
        flat = self.get_tensor_expr(x)
        if whole.shape != (rows, depth):
            flat = relax.op.reshape(flat, (rows, depth))
        total = relax.op.matmul(flat, relax.op.permute_dims(self.get_tensor_expr(weights), [1, 0]))
        if bias and bias[0].tensor_idx >= 0:
            total = relax.op.add(total, self.get_tensor_expr(bias[0]))
        made = self.convert_fused_activation_function(total, self._operator.options["FusedActivationFunction"])
        return made if y.shape == (rows, units) else relax.op.reshape(made, y.shape)


def _static_shape(found: Node) -> tuple[int, ...] | None:
    """Return the shape of a tensor's type, None where it is not known before the network runs."""
    if not isinstance(found, relax.TensorType) or not isinstance(found.shape, relax.ShapeExpr):
        return None
    sizes = found.shape.values
    return tuple(int(size) for size in sizes) if all(isinstance(size, tvm.tirx.IntImm) for size in sizes) else None


# The import reads the file through these: only the part's operators are there, each tensor has a name of its own (by
# names it tells them apart), and none is quantized (float tensors may have leftovers of training).


class _Model(tflite.Model):  # type: ignore[misc]
    def __init__(self, part: Part) -> None:
        super().__init__()
        found = tflite.Model.GetRootAsModel(part.model.data, 0)
        self.Init(found._tab.Bytes, found._tab.Pos)
        self._part = part

    def Subgraphs(self, j: int) -> Node:  # noqa: N802 (the schema's names)
        """Return a subgraph."""
        return _SubGraph(super().Subgraphs(j), self._part)


class _SubGraph(tflite.SubGraph):  # type: ignore[misc]
    def __init__(self, found: Node, part: Part) -> None:
        super().__init__()
        self.Init(found._tab.Bytes, found._tab.Pos)
        self._part = part

    def Tensors(self, j: int) -> Node:  # noqa: N802
        """Return a tensor."""
        return _Tensor(super().Tensors(j), int(j), self._part.graph.tensors[j].shape)

    def Operators(self, j: int) -> Node:  # noqa: N802
        """Return an operator of the part."""
        return super().Operators(self._part.operators[j].index)

    def OperatorsLength(self) -> int:  # noqa: N802
        """Return how many operators the part has."""
        return len(self._part.operators)

    def Inputs(self, j: int) -> int:  # noqa: N802
        """Return a tensor that the part reads."""
        return self._part.inputs[j]

    def InputsLength(self) -> int:  # noqa: N802
        """Return how many tensors the part reads."""
        return len(self._part.inputs)

    def InputsAsNumpy(self) -> Node:  # noqa: N802
        """Return the tensors that the part reads."""
        return np.asarray(self._part.inputs, np.int32)

    def OutputsAsNumpy(self) -> Node:  # noqa: N802
        """Return the tensors that the part gives."""
        return np.asarray(self._part.outputs, np.int32)


class _Tensor(tflite.Tensor):  # type: ignore[misc]
    def __init__(self, found: Node, index: int, shape: Sequence[int]) -> None:
        super().__init__()
        self.Init(found._tab.Bytes, found._tab.Pos)
        self._index = index
        self._shape = shape

    def Name(self) -> bytes:  # noqa: N802
        """Return a name that no other tensor has."""
        return _variable(self._index).encode()

    def ShapeAsNumpy(self) -> Node:  # noqa: N802
        """Return the shape, for a scalar too."""
        return np.asarray(self._shape, np.int32)

    def Quantization(self) -> None:  # noqa: N802
        """Return nothing."""
