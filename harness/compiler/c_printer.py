"""Lowered TIR → the text of a C99 function body.

TVM's own C generator cannot say ``const``, cannot read a constant by a macro (which processors need whose flash is a
second address space), and leaves temporaries on the stack; so the statements are printed here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tvm
from tvm import tirx
from tvm_ffi import structural_walk

from harness.compiler.c_words import C_TYPES, literal
from harness.errors import UnsupportedError

Node = Any
"""A statement or expression of TIR; TVM's package has no types."""

_BINARY = {
    "Add": "+",
    "Sub": "-",
    "Mul": "*",
    "Div": "/",
    "Mod": "%",
    "EQ": "==",
    "NE": "!=",
    "LT": "<",
    "LE": "<=",
    "GT": ">",
    "GE": ">=",
    "And": "&&",
    "Or": "||",
    "BitwiseAnd": "&",
    "BitwiseOr": "|",
    "BitwiseXor": "^",
    "LShift": "<<",
    "RShift": ">>",
}
# Operators that need no parentheses around an operand of the same kind on the left.
_ASSOCIATIVE = {"+": "+-*", "*": "*", "&&": ("&&", "<", "<=", ">", ">=", "==", "!="), "-": "+-*"}
_ASSOCIATIVE_RIGHT = {"+": "*", "-": "*", "&&": ("<", "<=", ">", ">=", "==", "!=")}

_MOST_REGISTERS = 32
"""Elements of a buffer that may become variables: the compiler finds registers or places on the stack for them."""

_FUNCTIONS = {"tirx.fabs": "fabsf"}
"""Intrinsics that lowering leaves, and what C calls them."""


@dataclass(frozen=True, kw_only=True)
class Temporary:
    """A buffer that a function needs while it runs and that lies in the workspace."""

    name: str
    dtype: str
    elements: int


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A function body as C."""

    body: str
    temporaries: tuple[Temporary, ...]
    calls: frozenset[str]
    """Names of the C functions that it calls."""


def print_body(function: tirx.PrimFunc, names: Sequence[str], constants: frozenset[str]) -> Printed:
    """Return the body of ``function``, its parameters called ``names`` in C.

    Those that are ``constants`` are read by a macro. Raises ``UnsupportedError`` for what cannot be written in C.
    """
    printer = _Printer(constants, _registers(function.body))
    for variable, name in zip(function.params, names, strict=True):
        printer.name(variable, name)
    printer.statement(function.body)
    printer.lines[:0] = [f"  (void){name};" for name in names if name not in printer.used]
    return Printed(
        body="\n".join(printer.lines), temporaries=tuple(printer.temporaries), calls=frozenset(printer.calls)
    )


def _elements(buffer: Node) -> int:
    return math.prod(int(size) for size in buffer.shape)


def _registers(body: Node) -> frozenset[Node]:
    """Return the small buffers whose elements can be variables: all indices into them are literals."""
    small: set[Node] = set()
    in_memory: set[Node] = set()

    def look(node: Node) -> None:
        kind = type(node).__name__
        if kind == "AllocBuffer" and 1 < _elements(node.buffer) <= _MOST_REGISTERS:
            small.add(node.buffer)
        elif kind in ("BufferStore", "TensorLoad"):
            if not all(isinstance(index, tirx.IntImm) for index in node.indices):
                in_memory.add(node.buffer if kind == "BufferStore" else node.source)
        elif kind == "Call":  # whatever takes an address
            in_memory.update(argument for argument in node.args if isinstance(argument, tirx.Var))
            if getattr(node.op, "name", "").endswith("address_of"):
                in_memory.add(node.args[0].source)

    structural_walk(body, (tvm.runtime.Object, look))
    return frozenset(small - in_memory)


class _Printer:
    def __init__(self, constants: frozenset[str], registers: frozenset[Node]) -> None:
        self.lines: list[str] = []
        self.temporaries: list[Temporary] = []
        self.calls: set[str] = set()
        self.used: set[str] = set()
        self._constants = constants
        self._names: dict[Node, str] = {}
        self._registers = registers
        self._scalars: dict[str, list[str]] = {}
        self._taken: set[str] = set()
        self._depth = 1

    def name(self, variable: Node, wanted: str) -> str:
        """Give a variable a C name that no other has."""
        self._names[variable] = self._unique("".join(c if c.isalnum() else "_" for c in wanted))
        return self._names[variable]

    def _unique(self, plain: str) -> str:
        unique, number = plain, 1
        while unique in self._taken:
            number += 1
            unique = f"{plain}_{number}"
        self._taken.add(unique)
        return unique

    def _line(self, text: str) -> None:
        self.lines.append("  " * self._depth + text)

    # Statements

    def statement(self, node: Node) -> None:
        kind = type(node).__name__
        method: Callable[[Node], None] | None = getattr(self, f"_{kind}", None)
        if method is None:
            msg = f"a statement of the kind {kind} cannot be written in C"
            raise UnsupportedError(msg)
        method(node)

    def _SeqStmt(self, node: Node) -> None:  # noqa: N802 (methods are named after TIR's classes)
        for inner in node.seq:
            self.statement(inner)

    def _DeclBuffer(self, node: Node) -> None:  # noqa: N802
        source = node.data.args[0] if isinstance(node.data, tvm.ir.Call) else node.data
        self._names[node.buffer] = self._names[source]

    def _AllocBuffer(self, node: Node) -> None:  # noqa: N802
        elements = _elements(node.buffer)
        dtype = str(node.buffer.dtype)
        name = self.name(node.buffer, node.buffer.name)
        if elements == 1:
            self._scalars[name] = [name]
            self._line(f"{C_TYPES[dtype]} {name};")
        elif node.buffer in self._registers:
            self._scalars[name] = [self._unique(f"{name}_{index}") for index in range(elements)]
            self._line(f"{C_TYPES[dtype]} {', '.join(self._scalars[name])};")
        else:
            self.temporaries.append(Temporary(name=name, dtype=dtype, elements=elements))

    def _For(self, node: Node) -> None:  # noqa: N802
        variable = self.name(node.loop_var, node.loop_var.name)
        first = self.expression(node.min)
        end = self.expression(node.extent) if first == "0" else self.expression(node.min + node.extent)
        self._line(f"for (int32_t {variable} = {first}; {variable} < {end}; ++{variable}) {{")
        self._block(node.body)
        self._line("}")

    def _IfThenElse(self, node: Node) -> None:  # noqa: N802
        self._line(f"if ({self.expression(node.condition)}) {{")
        self._block(node.then_case)
        if node.else_case is not None:
            self._line("} else {")
            self._block(node.else_case)
        self._line("}")

    def _block(self, node: Node) -> None:
        self._depth += 1
        self.statement(node)
        self._depth -= 1

    def _Bind(self, node: Node) -> None:  # noqa: N802
        value = self.expression(node.value)
        name = self.name(node.var, node.var.name)
        self._line(f"const {C_TYPES[_dtype(node.value)]} {name} = {value};")

    def _AttrStmt(self, node: Node) -> None:  # noqa: N802
        self.statement(node.body)

    def _Evaluate(self, node: Node) -> None:  # noqa: N802
        if not isinstance(node.value, tvm.tirx.IntImm):
            self._line(f"{self.expression(node.value)};")

    def _BufferStore(self, node: Node) -> None:  # noqa: N802
        self._line(f"{self._element(self._names[node.buffer], node.indices)} = {self.expression(node.value)};")

    # Expressions

    def expression(self, node: Node) -> str:
        kind = type(node).__name__
        if kind in _BINARY:
            return self._binary(_BINARY[kind], node)
        method: Callable[[Node], str] | None = getattr(self, f"_{kind}", None)
        if method is None:
            msg = f"an expression of the kind {kind} cannot be written in C"
            raise UnsupportedError(msg)
        return method(node)

    def _binary(self, sign: str, node: Node) -> str:
        left = self._operand(node.a, _ASSOCIATIVE.get(sign, ""))
        if sign == "<<" and isinstance(node.a, tvm.tirx.IntImm):
            left = f"({C_TYPES[_dtype(node)]}){left}"  # an int has 16 bits on some processors
        return f"{left} {sign} {self._operand(node.b, _ASSOCIATIVE_RIGHT.get(sign, ''))}"

    def _operand(self, node: Node, bare: Sequence[str]) -> str:
        text, sign = self.expression(node), _BINARY.get(type(node).__name__)
        return f"({text})" if (sign is not None and sign not in bare) or text.startswith("-") else text

    def _Var(self, node: Node) -> str:  # noqa: N802
        return self._names[node]

    def _IntImm(self, node: Node) -> str:  # noqa: N802
        return literal(int(node.value), _dtype(node))

    def _FloatImm(self, node: Node) -> str:  # noqa: N802
        return literal(float(node.value), _dtype(node))

    def _Cast(self, node: Node) -> str:  # noqa: N802
        inner = self.expression(node.value)
        simple = inner.replace("_", "").isalnum() or isinstance(node.value, tvm.ir.expr.TensorLoad)
        return f"({C_TYPES[_dtype(node)]}){inner}" if simple else f"({C_TYPES[_dtype(node)]})({inner})"

    def _Not(self, node: Node) -> str:  # noqa: N802
        return f"!({self.expression(node.a)})"

    def _Max(self, node: Node) -> str:  # noqa: N802
        return self._call(f"max_{_dtype(node)}", node.a, node.b)

    def _Min(self, node: Node) -> str:  # noqa: N802
        return self._call(f"min_{_dtype(node)}", node.a, node.b)

    def _Select(self, node: Node) -> str:  # noqa: N802
        return self._choice(node.condition, node.true_value, node.false_value)

    def _choice(self, condition: Node, yes: Node, no: Node) -> str:
        return f"({self.expression(condition)} ? {self.expression(yes)} : {self.expression(no)})"

    def _TensorLoad(self, node: Node) -> str:  # noqa: N802
        name = self._names[node.source]
        self.used.add(name)
        if name in self._constants:
            return f"CONST_{_dtype(node).upper()}({name}, {self.expression(node.indices[0])})"
        return self._element(name, node.indices)

    def _element(self, name: str, indices: Sequence[Node]) -> str:
        self.used.add(name)
        if name in self._scalars:
            scalars = self._scalars[name]
            return scalars[int(indices[0]) if len(scalars) > 1 else 0]
        return f"{name}[{self.expression(indices[0])}]"

    def _Call(self, node: Node) -> str:  # noqa: N802
        name = getattr(node.op, "name", "")
        if name in ("prim.if_then_else", "tirx.if_then_else"):
            return self._choice(*node.args)
        if name in ("prim.likely", "tirx.likely"):
            return self.expression(node.args[0])
        if name in ("tirx.call_pure_extern", "tirx.call_extern"):
            return self._call(str(node.args[0].value), *node.args[1:])
        if name == "tirx.address_of":
            return self._address(node.args[0])
        if name in _FUNCTIONS:
            return self._call(_FUNCTIONS[name], *node.args)
        msg = f"the intrinsic {name} cannot be written in C"
        raise UnsupportedError(msg)

    def _address(self, load: Node) -> str:
        """Return a pointer to an element: to the whole buffer, where it is the first one."""
        name, place = self._names[load.source], self.expression(load.indices[0])
        self.used.add(name)
        return name if place == "0" else f"&{name}[{place}]"

    def _call(self, name: str, *arguments: Node) -> str:
        self.calls.add(name)
        return f"{name}({', '.join(self.expression(argument) for argument in arguments)})"


def _dtype(node: Node) -> str:
    return str(node.dtype) if hasattr(node, "dtype") else str(node.ty.dtype)
