"""``Graph`` → ``Program``: every group is computed in TIR, lowered, printed and called; the arena is planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from harness.compiler import flatbuffer
from harness.compiler.c_printer import print_body
from harness.compiler.c_words import C_TYPES
from harness.compiler.choices import NONE, Choices
from harness.compiler.compute import DEFAULT, Computed, expressions
from harness.compiler.fusion import Group, Groups, group, replaceable
from harness.compiler.graph import Graph, Tensor
from harness.compiler.kernel import Parameter, Role
from harness.compiler.lower import lower
from harness.compiler.microkernels.select import select
from harness.compiler.plan import Request, plan
from harness.compiler.program import Argument, Buffer, Call, Constant, Function, Interface, Place, Program
from harness.compiler.program import Parameter as Declared
from harness.compiler.strategy import Rule
from harness.errors import UnsupportedError
from harness.models import Model

_ALIGNMENT = 4


def compile_model(model: Model, *, fuse: bool, rule: Rule = DEFAULT, choices: Choices = NONE) -> Program:
    """Compile the network of ``model``: float networks by TVM's own import, others by the operators here.

    Without ``fuse`` each operator is a function of its own and nothing is done in place. ``rule`` says how a group
    of operators is computed, where ``choices``, made by tuning, do not; both are for integer networks. Raises
    ``UnsupportedError`` for what cannot be compiled.
    """
    graph = flatbuffer.read(model)
    if not graph.is_float:
        return build(graph, fuse=fuse, rule=rule, choices=choices)
    from harness.compiler.float_build import build_float

    return build_float(model, graph, fuse=fuse)


def build(graph: Graph, *, fuse: bool, rule: Rule = DEFAULT, choices: Choices = NONE) -> Program:
    """Compile an integer network; see ``compile_model``.

    Raises ``UnsupportedError`` for what cannot be compiled.
    """
    groups = grouped(graph, fuse=fuse, rule=rule)
    found = [expressions(whole, groups.graph) for whole in groups.groups]
    return assemble(groups, [each.computed(rule, choices.get(each.key)) for each in found], in_place=fuse)


def grouped(graph: Graph, *, fuse: bool, rule: Rule = DEFAULT) -> Groups:
    """Return the groups of operators of an integer network, those that have a micro-kernel together by ``rule``."""
    return group(graph, fuse=fuse, has_kernel=lambda some: select(some, graph, rule) is not None)


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
            self._allow_replacing(whole, one, arguments[-1])
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
                places=tuple(operator.index for operator in whole.operators),
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

    def _allow_replacing(self, whole: Group, one: Computed, output: Argument) -> None:
        roots = replaceable(whole, self._groups)
        if one.in_place is not None:
            roots = (self._groups.root(whole.operators[0].inputs[0]),) if one.in_place else ()
        self._replaces[output.index] = tuple(self._owner[root] for root in roots)


def c_names(parameters: Sequence[Parameter]) -> list[str]:
    """Return what the parameters are called in C: ``y`` is the output, ``y2`` the second one."""
    outputs = iter(["y", *(f"y{number}" for number in range(2, len(parameters) + 1))])
    return [next(outputs) if p.role is Role.OUTPUT else str(p.placeholder.op.name) for p in parameters]
