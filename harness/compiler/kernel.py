"""What an operator is lowered with: ``Node`` gives it tensors to compute with, ``operator`` says what it is for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from tvm import te

from harness.compiler.graph import ABSENT, Graph, Operator, Tensor
from harness.errors import UnsupportedError

if TYPE_CHECKING:
    from harness.models import Array


class Pattern(Enum):
    """How the elements of an operator's output depend on its input; decides what can be joined or done in place."""

    VIEW = "view"
    """The same elements in the same order under another shape: costs nothing."""
    ELEMENTWISE = "elementwise"
    """Each output element reads the element at the same place, or one that was broadcast to it."""
    PADDING = "padding"
    """Each output element is an element of the input or a constant."""
    REDUCTION = "reduction"
    """Sums over many elements for each output element; the elements before and after it can join."""
    OPAQUE = "opaque"
    """Anything else: a function of its own."""


class Role(Enum):
    """What a parameter of a generated function is."""

    INPUT = "input"
    CONSTANT = "constant"
    OUTPUT = "output"
    WORKSPACE = "workspace"


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of a group's function while it is built."""

    role: Role
    placeholder: te.Tensor
    tensor: int | None = None
    """Index of the network's tensor; None for a constant that an operator has made, such as a table."""
    data: Array | None = field(default=None, repr=False)
    """Content of a constant."""


class Body:
    """The function of one group of operators while it is built: its parameters, and what has been computed."""

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self.computed: dict[int, te.Tensor] = {}

    def tensor(self, tensor: Tensor) -> te.Tensor:
        """Return a tensor of the network: computed in this body, a constant, or an input of the function."""
        if tensor.index not in self.computed:
            name = f"x{sum(p.role is Role.INPUT for p in self.parameters)}"
            if tensor.data is not None:
                self.computed[tensor.index] = self.constant(tensor.data, f"{name}_data", tensor.index)
            else:
                placeholder = te.placeholder(dims(tensor), tensor.dtype, name)
                self.parameters.append(Parameter(role=Role.INPUT, placeholder=placeholder, tensor=tensor.index))
                self.computed[tensor.index] = placeholder
        return self.computed[tensor.index]

    def constant(self, data: Array, name: str, tensor: int | None = None) -> te.Tensor:
        """Return a constant, which the function reads from flash; ``tensor`` is the index of one of the network."""
        taken = {p.placeholder.op.name for p in self.parameters}
        unique = next(n for n in (name, *(f"{name}{i}" for i in range(2, 1 << 16))) if n not in taken)
        placeholder = te.placeholder(data.shape or (1,), str(data.dtype), unique)
        content = np.ascontiguousarray(data)
        made = Parameter(role=Role.CONSTANT, placeholder=placeholder, tensor=tensor, data=content)
        self.parameters.append(made)
        return placeholder


class Node:
    """An operator in its network, about to become part of a function."""

    def __init__(self, operator: Operator, graph: Graph, body: Body) -> None:
        self.operator = operator
        self._graph = graph
        self._body = body

    def input(self, place: int = 0) -> Tensor:
        """Return what the network says of an input; raises ``UnsupportedError`` where it is not given."""
        found = self.optional(place)
        if found is None:
            msg = f"{self.operator} has no input {place}"
            raise UnsupportedError(msg)
        return found

    def optional(self, place: int) -> Tensor | None:
        """Return what the network says of an input that may be left out."""
        inputs = self.operator.inputs
        if place >= len(inputs) or inputs[place] == ABSENT:
            return None
        return self._graph.tensors[inputs[place]]

    def output(self, place: int = 0) -> Tensor:
        """Return what the network says of an output; raises ``UnsupportedError`` where there is none."""
        if place >= len(self.operator.outputs):
            msg = f"{self.operator} has no output {place}"
            raise UnsupportedError(msg)
        return self._graph.tensors[self.operator.outputs[place]]

    def option(self, name: str) -> int:
        """Return an integer of the options table; raises ``UnsupportedError`` where the table is not there."""
        if name not in self.operator.options:
            msg = f"{self.operator} has no {name} among its options"
            raise UnsupportedError(msg)
        return int(self.operator.options[name])

    def read(self, place: int = 0) -> te.Tensor:
        """Return the elements of an input, in its shape; a scalar has the shape (1,)."""
        return self._body.tensor(self.input(place))

    def constant(self, data: Array, name: str) -> te.Tensor:
        """Return a constant that is read from flash on the board, such as packed weights or a table."""
        return self._body.constant(data, name)

    def content(self, place: int) -> Array:
        """Return the content of an input that has to be a constant; raises ``UnsupportedError`` where it is none."""
        tensor = self.input(place)
        if tensor.data is None:
            msg = f"{self.operator} takes {tensor} from another operator; only a constant is supported there"
            raise UnsupportedError(msg)
        return tensor.data

    def require(self, condition: object, why: str) -> None:
        """Raise ``UnsupportedError`` that names the operator unless ``condition`` holds."""
        if not condition:
            msg = f"{self.operator}: {why}"
            raise UnsupportedError(msg)

    def require_types(self, *dtypes: str, inputs: Sequence[int] = (0,), outputs: Sequence[int] = (0,)) -> None:
        """Raise ``UnsupportedError`` unless inputs and outputs all have one of these element types."""
        for tensor in [self.input(i) for i in inputs] + [self.output(i) for i in outputs]:
            self.require(tensor.dtype in dtypes, f"{tensor} is not of type {' or '.join(dtypes)}")

    def require_activations(self, *, inputs: Sequence[int] = (0,)) -> None:
        """Raise ``UnsupportedError`` unless inputs and output are all int8, or int16 with a zero point of 0."""
        first, *others = [self.input(i) for i in inputs] + [self.output()]
        self.require(first.dtype in ("int8", "int16"), f"{first} is not of type int8 or int16")
        for tensor in others:
            self.require(tensor.dtype == first.dtype, f"{tensor} is not of type {first.dtype} as {first} is")
        for tensor in (first, *others):
            centred = tensor.zero_point == 0 or tensor.dtype == "int8"
            self.require(centred, f"{tensor} has the zero point {tensor.zero_point}; that of an int16 has to be 0")


def dims(tensor: Tensor) -> tuple[int, ...]:
    """Return the shape to compute in: that of the tensor, (1,) for a scalar."""
    return tensor.shape or (1,)


Compute = Callable[[Node], "te.Tensor | list[te.Tensor]"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How one operator of the schema is lowered."""

    name: str
    versions: int
    """The newest version of the operator that is known here; newer ones may mean something else."""
    pattern: Pattern
    compute: Compute
    types: tuple[str, ...] | None = None
    """The element types of its first input that TFLM has it for, where they are few enough to be told beforehand."""


RULES: dict[str, Rule] = {}


def operator(
    name: str, pattern: Pattern, *, versions: int, types: tuple[str, ...] | None = None
) -> Callable[[Compute], Compute]:
    """Mark a function as the lowering of the operator ``name``, in its versions 1 to ``versions``.

    ``types`` are those of its first input where there are no others.
    """

    def register(compute: Compute) -> Compute:
        RULES[name] = Rule(name=name, versions=versions, pattern=pattern, compute=compute, types=types)
        return compute

    return register
