"""``Program`` → C files: a network that runs with one call, for any C99 compiler."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from harness import __version__, sketch
from harness.boards import Board
from harness.compiler.c_words import C_TYPES, literal
from harness.compiler.program import Argument, Call, Constant, Function, Interface, Place, Program
from harness.errors import UnsupportedError
from harness.sketch import Markers

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEAR_BYTES = 60_000
"""What an AVR reads of its flash by 16-bit addresses, with room for what else lies there."""

_NEEDS = {
    "fixed_scale": ("fixed_scale_down",),
    "fixed_scale_down": ("fixed_high_multiply", "fixed_shift_right"),
    "fixed_logistic": ("fixed_interpolate",),
    "fixed_tanh": ("fixed_interpolate",),
    "fixed_reciprocal": ("fixed_leading_zeros", "fixed_high_multiply", "fixed_shift_left"),
}
_LINE = 110


def files(program: Program, title: str, prefix: str = "model", *, markers: Markers = Markers.NONE) -> dict[str, str]:
    """Return ``<prefix>.c`` and ``<prefix>.h``, which run the network by ``<prefix>_invoke()``."""
    values = _values(program, title, prefix) | {"markers": markers is Markers.OPERATORS}
    return {
        f"{prefix}.c": sketch.render("tvm/model.c.j2", **values),
        f"{prefix}.h": sketch.render("tvm/model.h.j2", **values),
    } | kernels(program)


def kernels(program: Program) -> dict[str, str]:
    """Return the header of micro-kernels, where the program calls one."""
    if not _has_kernels(program):
        return {}
    wide = any(name.startswith("kernel_wide_") for name in program.helpers)
    return {"kernels.h": sketch.render("tvm/kernels.h.j2", version=__version__, wide=wide)}


def _has_kernels(program: Program) -> bool:
    return any(name.startswith("kernel_") for name in program.helpers)


def example(program: Program, title: str, prefix: str = "model") -> str:
    """Return a ``main.c`` that runs the network of ``files`` once and prints what it gives."""
    return sketch.render("tvm/main.c.j2", **_values(program, title, prefix))


def require_readable(program: Program, board: Board) -> None:
    """Raise ``UnsupportedError`` where the board's processor cannot reach all constants."""
    if board.is_avr and program.constant_bytes > _NEAR_BYTES:
        msg = (
            f"the network has {program.constant_bytes:,} bytes of constants; an AVR reads them by 16-bit "
            f"addresses, which reach {_NEAR_BYTES:,} bytes"
        )
        raise UnsupportedError(msg)


def _values(program: Program, title: str, prefix: str) -> dict[str, object]:
    word = max((np.dtype(b.dtype).itemsize for b in program.buffers), default=1)
    arena_type = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t", 8: "uint64_t"}[max(4, word)]
    return common(program) | {
        "title": title,
        "prefix": prefix,
        "header": f"{prefix}.h",
        "arena_type": arena_type,
        "arena_words": max(1, math.ceil(program.arena_bytes / max(4, word))),
        "calls": [
            {"function": program.functions[call.function].name, "arguments": _arguments(program, call)}
            for call in program.calls
        ],
        "input_offsets": [program.buffers[tensor.buffer].offset for tensor in program.inputs],
        "output_offsets": [program.buffers[tensor.buffer].offset for tensor in program.outputs],
    }


def common(program: Program) -> dict[str, object]:
    """Return what every template of a compiled network needs: functions, constants, helpers and interfaces."""
    dtypes = {constant.dtype for constant in program.constants}
    return {
        "version": __version__,
        "program": program,
        "functions": [_function(function, program) for function in program.functions],
        "constants": [_constant(constant) for constant in program.constants],
        "constant_bytes": program.constant_bytes,
        "near_bytes": _NEAR_BYTES,
        "helpers": _closure(program.helpers),
        "has_kernels": _has_kernels(program),
        "dtypes": [(dtype, C_TYPES[dtype]) for dtype in C_TYPES if dtype in dtypes],
        "dtypes_all": list(C_TYPES.items()),
        "uses_math": any(b.dtype.startswith("float") for b in program.buffers),
        "inputs": [_interface(tensor) for tensor in program.inputs],
        "outputs": [_interface(tensor) for tensor in program.outputs],
    }


def _closure(names: Iterable[str]) -> list[str]:
    """Return the helpers with all that they need themselves."""
    found = list(names)
    found += ["fixed_scale"] if any(name.startswith("kernel_") for name in found) else []
    for name in found:
        found.extend(more for more in _NEEDS.get(name, ()) if more not in found)
    return found


def _function(function: Function, program: Program) -> Mapping[str, str]:
    constants = _constant_parameters(function, program)
    declared = []
    for parameter in function.parameters:
        const = "" if parameter.written else "const "
        fixed = constants.get(parameter.name)
        declared.append(f"{const if fixed is None else 'const '}{C_TYPES[parameter.dtype]} *{parameter.name}")
    return {"name": function.name, "parameters": ", ".join(declared), "body": function.body}


def _constant_parameters(function: Function, program: Program) -> Mapping[str, int]:
    """Return the parameters that are constants."""
    call = next(c for c in program.calls if program.functions[c.function] is function)
    pairs = zip(function.parameters, call.arguments, strict=True)
    return {p.name: a.index for p, a in pairs if a.place is Place.CONSTANT}


def _arguments(program: Program, call: Call) -> list[str]:
    return [_argument(program, argument) for argument in call.arguments]


def _argument(program: Program, argument: Argument) -> str:
    if argument.place is Place.CONSTANT:
        return program.constants[argument.index].name
    buffer = program.buffers[argument.index]
    return f"ARENA({C_TYPES[buffer.dtype]}, {buffer.offset})"


def _constant(constant: Constant) -> Mapping[str, object]:
    data = np.frombuffer(constant.content, np.dtype(constant.dtype).newbyteorder("<"))
    return {
        "name": constant.name,
        "type": C_TYPES[constant.dtype],
        "elements": len(data),
        "text": _wrapped(literal(value, constant.dtype) for value in data.tolist()),
    }


def _wrapped(literals: Iterable[str]) -> str:
    lines, line = [], ""
    for word in literals:
        if len(line) + len(word) > _LINE:
            lines.append(line)
            line = ""
        line += f" {word}," if line else f"  {word},"
    return "\n".join([*lines, line])


def _interface(tensor: Interface) -> Mapping[str, object]:
    return {
        "name": tensor.name,
        "dtype": tensor.dtype,
        "type": C_TYPES[tensor.dtype],
        "shape": list(tensor.shape),
        "bytes": math.prod(tensor.shape) * np.dtype(tensor.dtype).itemsize,
        "scale": tensor.scale,
        "zero_point": tensor.zero_point,
    }
