"""Many functions for groups of operators as one sketch, in which the host calls one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from harness import sketch
from harness.boards import Board
from harness.compiler import source
from harness.compiler.build import c_names
from harness.compiler.c_printer import print_body
from harness.compiler.c_words import C_TYPES
from harness.compiler.choices import Choice
from harness.compiler.compute import Expressions
from harness.compiler.kernel import Parameter, Role
from harness.compiler.lower import lower
from harness.compiler.program import Constant, Program
from harness.compiler.strategy import Rule
from harness.errors import ToolFailedError
from harness.sketch import Sketch

IMPLEMENTATION = "candidates"
_ALIGNMENT = 8


@dataclass(frozen=True, kw_only=True)
class Span:
    """Where a tensor lies while a function is tried."""

    offset: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A function to try, as C."""

    parameters: tuple[str, ...]
    """Their declarations."""
    body: str = field(repr=False)
    helpers: frozenset[str]
    arguments: tuple[str | Constant, ...] = field(repr=False)
    """A constant, or an address in the arena as C."""
    outputs: tuple[Span, ...]
    input_bytes: int
    """All inputs lie at the begin of the arena."""
    temporary_bytes: int
    arena_bytes: int

    @property
    def constants(self) -> list[Constant]:
        """What it reads from flash."""
        return [argument for argument in self.arguments if isinstance(argument, Constant)]


def piece(group: Expressions, rule: Rule, choice: Choice | None) -> Piece:
    """Return a group as C, computed as it was chosen or else by ``rule``.

    Raises ``ToolFailedError`` where what was chosen does not fit it.
    """
    wanted = group.computed(rule, choice)
    if wanted.tuned is not (choice is not None):
        msg = f"what was chosen does not fit the function: {choice}"
        raise ToolFailedError(msg)
    names = c_names(wanted.parameters)
    constants = frozenset(n for n, p in zip(names, wanted.parameters, strict=True) if p.role is Role.CONSTANT)
    printed = print_body(lower({"function": wanted.function})["function"], names, constants)
    layout = _Layout()
    for parameter, name in sorted(zip(wanted.parameters, names, strict=True), key=lambda pair: _rank(pair[0])):
        layout.add(parameter, name)
    within = layout.end
    for temporary in printed.temporaries:
        layout.place(temporary.name, temporary.dtype, temporary.elements)
    order = [*names, *(temporary.name for temporary in printed.temporaries)]
    return Piece(
        parameters=tuple(
            f"{'const ' if name in layout.read_only else ''}{C_TYPES[layout.dtypes[name]]} *{name}" for name in order
        ),
        body=printed.body,
        helpers=printed.calls,
        arguments=tuple(layout.arguments[name] for name in order),
        outputs=tuple(layout.outputs),
        input_bytes=layout.input_bytes,
        temporary_bytes=layout.end - within,
        arena_bytes=layout.end,
    )


def _rank(parameter: Parameter) -> tuple[int, int]:
    """Return where a parameter stands: inputs first, by the network's order, whatever the function's own is."""
    rank = [Role.INPUT, Role.OUTPUT, Role.CONSTANT, Role.WORKSPACE].index(parameter.role)
    return rank, (parameter.tensor or 0) if parameter.role is Role.INPUT else 0


class _Layout:
    """Puts tensors one behind the other: inputs first, so that all functions of a group are given the same."""

    def __init__(self) -> None:
        self.end = 0
        self.input_bytes = 0
        self.outputs: list[Span] = []
        self.arguments: dict[str, str | Constant] = {}
        self.dtypes: dict[str, str] = {}
        self.read_only: set[str] = set()

    def add(self, parameter: Parameter, name: str) -> None:
        dtype = str(parameter.placeholder.dtype)
        if parameter.role is not Role.OUTPUT:
            self.read_only.add(name)
        if parameter.data is not None:
            data = parameter.data.astype(parameter.data.dtype.newbyteorder("<"))
            self.dtypes[name] = dtype
            self.arguments[name] = Constant(name="", dtype=dtype, shape=data.shape, content=data.tobytes())
            return
        span = self.place(name, dtype, int(np.prod([int(size) for size in parameter.placeholder.shape])))
        if parameter.role is Role.OUTPUT:
            self.outputs.append(span)
        else:
            self.input_bytes = self.end

    def place(self, name: str, dtype: str, elements: int) -> Span:
        span = Span(offset=self.end, bytes=elements * np.dtype(dtype).itemsize)
        self.end += -(-span.bytes // _ALIGNMENT) * _ALIGNMENT
        self.dtypes[name] = dtype
        self.arguments[name] = f"({C_TYPES[dtype]} *)(arena + {span.offset})"
        return span


def function_name(index: int) -> str:
    """Return what the function of a piece is called in the sketch."""
    return f"candidate_{index}"


def compose(pieces: Sequence[Piece], board: Board, title: str, model_digest: str) -> Sketch:
    """Return the sketch that holds ``pieces``."""
    constants = _named(pieces)
    helpers = frozenset[str]().union(*(each.helpers for each in pieces))
    names = {(constant.dtype, constant.content): constant.name for constant in constants}
    files = {
        "network.cpp": sketch.render(
            "tuning/network.cpp.j2",
            title=title,
            pieces=pieces,
            arena_bytes=max(each.arena_bytes for each in pieces),
        ),
        "constants.c": _render("constants.c.j2", title, constants, frozenset()),
    }
    for index, each in enumerate(pieces):
        own = [replaced for replaced in constants if any(_same(replaced, other) for other in each.constants)]
        files[f"{function_name(index)}.c"] = _render(
            "candidate.c.j2",
            title,
            own,
            each.helpers,
            name=function_name(index),
            index=index,
            piece=each,
            arguments=[
                names[argument.dtype, argument.content] if isinstance(argument, Constant) else argument
                for argument in each.arguments
            ],
        )
    return sketch.compose(
        board=board,
        implementation=IMPLEMENTATION,
        title=title,
        model_digest=model_digest,
        files=files | source.kernels(_program([], helpers)),
    )


def _same(one: Constant, other: Constant) -> bool:
    return one.dtype == other.dtype and one.content == other.content


def _named(pieces: Sequence[Piece]) -> list[Constant]:
    """Return all constants, each once, with a name."""
    found = {(each.dtype, each.content): each for piece_ in pieces for each in piece_.constants}
    return [
        Constant(name=f"constant_{number}", dtype=each.dtype, shape=each.shape, content=each.content)
        for number, each in enumerate(found.values())
    ]


def _render(
    template: str, title: str, constants: Sequence[Constant], helpers: frozenset[str], **values: object
) -> str:
    common = source.common(_program(constants, helpers))
    return sketch.render(f"tuning/{template}", **common, title=title, **values)


def _program(constants: Sequence[Constant], helpers: frozenset[str]) -> Program:
    """Return what the templates of a network want to know, of a file without one."""
    return Program(
        name="candidates",
        inputs=(),
        outputs=(),
        functions=(),
        constants=tuple(constants),
        buffers=(),
        calls=(),
        helpers=tuple(sorted(helpers)),
        arena_bytes=0,
        arena_lower_bound=0,
    )
