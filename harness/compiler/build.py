"""``Graph`` → ``Program``: every group is computed in TIR, lowered, printed and called; the arena is planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from tvm import te

from harness.compiler import flatbuffer, operators, traces
from harness.compiler.c_printer import print_body
from harness.compiler.c_words import C_TYPES
from harness.compiler.choices import Choices
from harness.compiler.fusion import Group, Groups, group, replaceable
from harness.compiler.graph import Graph, Tensor
from harness.compiler.kernel import Body, Node, Parameter, Pattern, Role, dims
from harness.compiler.lower import lower
from harness.compiler.plan import Request, plan
from harness.compiler.program import Argument, Buffer, Call, Constant, Function, Interface, Place, Program
from harness.compiler.program import Parameter as Declared
from harness.compiler.schedule import schedule
from harness.errors import UnsupportedError
from harness.models import Model

_ALIGNMENT = 4


def compile_model(model: Model, *, fuse: bool, choices: Choices = MappingProxyType({})) -> Program:
    """Compile the network of ``model``: float networks by TVM's own import, others by the operators here.

    Without ``fuse`` each operator is a function of its own and nothing is done in place. ``choices`` are what tuning
    has chosen for groups of operators of integer networks. Raises ``UnsupportedError`` for what cannot be compiled.
    """
    graph = flatbuffer.read(model)
    if not graph.is_float:
        return build(graph, fuse=fuse, choices=choices)
    from harness.compiler.float_build import build_float

    return build_float(model, graph, fuse=fuse)


def build(graph: Graph, *, fuse: bool, choices: Choices = MappingProxyType({})) -> Program:
    """Compile an integer network; see ``compile_model``.

    Raises ``UnsupportedError`` for what cannot be compiled.
    """
    groups = group(graph, fuse=fuse)
    computed = [compute(whole, groups.graph).scheduled(choices) for whole in groups.groups]
    return assemble(groups, computed, in_place=fuse)


@dataclass(frozen=True, kw_only=True)
class Computed:
    """A group of operators as a function of TIR."""

    label: str
    """What the C function is called."""
    parameters: tuple[Parameter, ...]
    """Inputs and constants, then outputs, in the order of the function's parameters."""
    function: Any
    key: str = ""
    """What the function computes, by its structure; see ``traces.key``. Empty where tuning does not know it."""
    tuned: bool = False
    """Whether its schedule was chosen by tuning."""
    elementwise: bool = False
    """Whether all its tensors have the same shape and are read in the same order."""

    def scheduled(self, choices: Choices) -> Computed:
        """Return the function with its schedule: the one chosen for it, else the one that it gets by rule."""
        choice = choices.get(self.key)
        chosen = traces.applied(self.function, choice) if choice else None
        if chosen is not None:
            return replace(self, function=chosen, tuned=True)
        return replace(self, function=schedule(self.function, elementwise=self.elementwise))


def compute(whole: Group, graph: Graph) -> Computed:
    """Return a group's function, which has no schedule yet.

    Raises ``UnsupportedError`` where an operator cannot take what it is given.
    """
    body = Body()
    for operator in whole.operators:
        found = operators.rule(operator, graph).compute(Node(operator, graph, body))
        results = found if isinstance(found, list) else [found]
        if len(results) != len(operator.outputs):
            msg = f"{operator} has {len(operator.outputs)} outputs instead of {len(results)}"
            raise UnsupportedError(msg)
        for index, result in zip(operator.outputs, results, strict=True):
            _require_shape(result, graph.tensors[index])
            body.computed[index] = result
    outputs = tuple(
        Parameter(role=Role.OUTPUT, placeholder=body.computed[index], tensor=index) for index in whole.outputs
    )
    parameters = (*body.parameters, *outputs)
    shapes = {tuple(int(size) for size in p.placeholder.shape) for p in parameters if p.tensor is not None}
    plain = len(shapes) == 1 and set(whole.patterns) <= {Pattern.ELEMENTWISE, Pattern.VIEW}
    function = te.create_prim_func([p.placeholder for p in parameters])
    label = "_".join(operator.name.lower() for operator in whole.operators)
    return Computed(
        label=label, parameters=parameters, function=function, key=traces.key(function), elementwise=plain
    )


def _require_shape(result: te.Tensor, tensor: Tensor) -> None:
    shape = tuple(int(size) for size in result.shape)
    if shape != dims(tensor) or str(result.dtype) != tensor.dtype:
        msg = f"{tensor} does not have the shape and type that its operator gives: {list(shape)} {result.dtype}"
        raise UnsupportedError(msg)


def assemble(groups: Groups, computed: list[Computed], *, in_place: bool) -> Program:
    """Return the program that runs ``computed``, one function a group, in this order."""
    lowered = lower({f"f{number}": one.function for number, one in enumerate(computed)})
    maker = _Maker(groups)
    for number, one in enumerate(computed):
        maker.add(one, lowered[f"f{number}"], groups.groups[number], in_place=in_place)
    return maker.finish()


class _Maker:
    """Collects functions, constants and buffers, each kept once."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._graph = groups.graph
        self._functions: dict[tuple[tuple[Declared, ...], str], Function] = {}
        self._constants: dict[tuple[str, bytes], Constant] = {}
        self._buffers: list[Buffer] = []
        self._replaces: dict[int, tuple[int, ...]] = {}
        self._owner: dict[int, int] = {}
        self._calls: list[Call] = []
        self._helpers: set[str] = set()
        for index in self._graph.inputs:
            self._new_buffer(self._graph.tensors[index], -1)

    def add(self, one: Computed, lowered: Any, whole: Group, *, in_place: bool) -> None:  # noqa: ANN401
        """Add a call of a lowered function."""
        step = len(self._calls)
        names = c_names(one.parameters)
        constants = frozenset(n for n, p in zip(names, one.parameters, strict=True) if p.role is Role.CONSTANT)
        printed = print_body(lowered, names, constants)
        self._helpers |= printed.calls
        declared = [
            Declared(name=name, dtype=str(p.placeholder.dtype), written=p.role is Role.OUTPUT)
            for name, p in zip(names, one.parameters, strict=True)
        ]
        arguments = [self._argument(p, one.label, step) for p in one.parameters]
        if in_place:
            self._allow_replacing(whole, arguments[-1])
        for temporary in printed.temporaries:
            declared.append(Declared(name=temporary.name, dtype=temporary.dtype, written=True))
            size = temporary.elements * np.dtype(temporary.dtype).itemsize
            arguments.append(self._buffer(temporary.dtype, (temporary.elements,), size, step))
        function = self._function(one.label, tuple(declared), printed.body)
        self._calls.append(
            Call(
                function=function,
                arguments=tuple(arguments),
                operators=tuple(operator.name for operator in whole.operators),
                tensors=whole.outputs,
                group=one.key,
                tuned=one.tuned,
            )
        )

    def finish(self) -> Program:
        """Plan the arena and return the program."""
        outputs = [self._groups.root(index) for index in self._graph.outputs]
        for index in outputs:
            if index not in self._owner:
                msg = f"{self._graph.tensors[index]} is an output of the network and a constant"
                raise UnsupportedError(msg)
            self._use(self._owner[index], len(self._calls))
        requests = [
            Request(size=b.bytes, first=b.first, last=b.last, replaces=self._replaces.get(number, ()))
            for number, b in enumerate(self._buffers)
        ]
        widest = max((np.dtype(b.dtype).itemsize for b in self._buffers), default=1)
        planned = plan(requests, alignment=max(_ALIGNMENT, widest))
        buffers = [replace(b, offset=offset) for b, offset in zip(self._buffers, planned.offsets, strict=True)]
        return Program(
            name=self._graph.name,
            inputs=tuple(self._interface(index) for index in self._graph.inputs),
            outputs=tuple(self._interface(index) for index in self._graph.outputs),
            functions=tuple(self._functions.values()),
            constants=tuple(self._constants.values()),
            buffers=tuple(buffers),
            calls=tuple(self._calls),
            helpers=tuple(sorted(self._helpers)),
            arena_bytes=planned.size,
            arena_lower_bound=planned.lower_bound,
        )

    def _interface(self, index: int) -> Interface:
        tensor = self._graph.tensors[index]
        whole = tensor.quantization if tensor.quantization and len(tensor.quantization.scales) == 1 else None
        return Interface(
            name=tensor.name,
            dtype=tensor.dtype,
            shape=tensor.shape,
            buffer=self._owner[self._groups.root(index)],
            scale=whole.scales[0] if whole else None,
            zero_point=whole.zero_points[0] if whole else None,
        )

    def _argument(self, parameter: Parameter, label: str, step: int) -> Argument:
        if parameter.data is not None:
            return self._constant(parameter, label)
        if parameter.tensor is None:
            msg = "a parameter is neither a tensor nor a constant"
            raise ValueError(msg)
        root = self._groups.root(parameter.tensor)
        if parameter.role is Role.OUTPUT:
            return self._new_buffer(self._graph.tensors[root], step)
        self._use(self._owner[root], step)
        return Argument(place=Place.BUFFER, index=self._owner[root])

    def _constant(self, parameter: Parameter, label: str) -> Argument:
        data = parameter.data
        if data is None:
            raise ValueError
        little = data.astype(data.dtype.newbyteorder("<"))
        key = (str(data.dtype), little.tobytes())
        if key not in self._constants:
            name = f"{label}_{parameter.placeholder.op.name}_{len(self._constants)}"
            self._constants[key] = Constant(name=name, dtype=str(data.dtype), shape=data.shape, content=key[1])
        return Argument(place=Place.CONSTANT, index=list(self._constants).index(key))

    def _function(self, label: str, parameters: tuple[Declared, ...], body: str) -> int:
        key = (parameters, body)
        label = f"op_{label}"  # operators are called as C's own functions are, such as tanh
        if key not in self._functions:
            number = sum(f.name == label or f.name.startswith(f"{label}_v") for f in self._functions.values())
            name = f"{label}_v{number + 1}" if number else label
            self._functions[key] = Function(name=name, parameters=parameters, body=body)
        return list(self._functions).index(key)

    def _new_buffer(self, tensor: Tensor, step: int) -> Argument:
        made = self._buffer(tensor.dtype, tensor.shape, tensor.nbytes, step)
        self._owner[tensor.index] = made.index
        return made

    def _buffer(self, dtype: str, shape: tuple[int, ...], size: int, step: int) -> Argument:
        if dtype not in C_TYPES:
            msg = f"a tensor of type {dtype} cannot be written in C"
            raise UnsupportedError(msg)
        self._buffers.append(Buffer(dtype=dtype, shape=shape, bytes=size, offset=0, first=step, last=max(step, 0)))
        return Argument(place=Place.BUFFER, index=len(self._buffers) - 1)

    def _use(self, buffer: int, step: int) -> None:
        found = self._buffers[buffer]
        self._buffers[buffer] = replace(found, last=max(found.last, step))

    def _allow_replacing(self, whole: Group, output: Argument) -> None:
        self._replaces[output.index] = tuple(self._owner[root] for root in replaceable(whole, self._groups))


def c_names(parameters: Sequence[Parameter]) -> list[str]:
    """Return what the parameters are called in C: ``y`` is the output, ``y2`` the second one."""
    outputs = iter(["y", *(f"y{number}" for number in range(2, len(parameters) + 1))])
    return [next(outputs) if p.role is Role.OUTPUT else str(p.placeholder.op.name) for p in parameters]
