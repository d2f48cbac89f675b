"""Read from TFLM's headers how a sketch has to use that version of the library. Pure: text in, facts out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

_SIGNAL = "tflm_signal::"
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


class Resolver(Enum):
    """How operators are registered."""

    METHODS = "methods"
    """By a method each, ``AddConv2D()``; versions are not looked at."""
    REGISTRATIONS = "registrations"
    """By ``AddBuiltin(BuiltinOperator_CONV_2D, Register_CONV_2D(), min, max)``, as in 2020."""


class DebugLog(Enum):
    """What the function ``DebugLog`` takes, through which the library hands out its text."""

    TEXT = "text"
    FORMAT = "format"
    """A printf format and a ``va_list``."""


@dataclass(frozen=True, kw_only=True)
class Operators:
    """The operators that a library can register."""

    resolver: Resolver
    builtin: Mapping[str, str]
    """Name in the TFLite schema, such as ``CONV_2D`` → C++ name of what registers it."""
    custom: Mapping[str, str]
    """The same for custom operators, by their names in models."""


def without_comments(text: str) -> str:
    """Return C++ source text without its comments."""
    return _COMMENT.sub(" ", text)


def operators(
    *, resolver_header: str, registrations_header: str, schema_header: str, signal: bool = False
) -> Operators | None:
    """Return the operators that the texts of these headers declare, or None where there is no way to register one.

    The headers are ``micro_mutable_op_resolver.h``, ``kernels/micro_ops.h`` and ``schema_generated.h``. ``signal``
    tells whether the kernels of TFLM's library for signals, which the first of them declares too, are there.
    """
    methods = _methods(without_comments(resolver_header), without="" if signal else _SIGNAL)
    if methods.builtin:
        return methods
    known = set(re.findall(r"\bBuiltinOperator_(\w+)\s*=\s*\d", schema_header))
    found = _registrations(without_comments(registrations_header))
    if not found or "AddBuiltin" not in resolver_header:
        return None
    return Operators(
        resolver=Resolver.REGISTRATIONS,
        builtin={name: cpp for name, cpp in found.items() if name in known},
        custom={name: cpp for name, cpp in found.items() if name not in known},
    )


def _methods(text: str, *, without: str) -> Operators:
    builtin: dict[str, str] = {}
    custom: dict[str, str] = {}
    for chunk in re.split(r"\bTfLiteStatus\s+(?=Add[A-Z0-9])", text)[1:]:
        head, _, body = chunk.partition("{")
        name, _, parameters = head.partition("(")
        if name in ("AddBuiltin", "AddCustom") or not _callable_without_arguments(parameters):
            continue
        if without and without in chunk:
            continue
        if code := re.search(r"\bBuiltinOperator_(\w+)", body):
            builtin.setdefault(code[1], name)
        elif label := re.search(r'\bAddCustom\(\s*"([^"]+)"', body):
            custom.setdefault(label[1], name)
    return Operators(resolver=Resolver.METHODS, builtin=builtin, custom=custom)


def _callable_without_arguments(parameters: str) -> bool:
    inside = parameters.rsplit(")", 1)[0].strip()
    return not inside or "=" in inside.split(",", 1)[0]


def _registrations(text: str) -> dict[str, str]:
    first = re.search(r"\bRegister_\w+\s*\(", text)
    if first is None:
        return {}
    scope = "::".join(re.findall(r"\bnamespace\s+(\w+)\s*\{", text[: first.start()]))
    return {name: f"{scope}::Register_{name}" for name in re.findall(r"\bRegister_(\w+)\s*\(\s*\)", text)}


def takes_error_reporter(interpreter_header: str) -> bool:
    """Tell from ``micro_interpreter.h`` whether ``MicroInterpreter`` takes an ``ErrorReporter``."""
    text = without_comments(interpreter_header)
    constructor = re.search(r"\bMicroInterpreter\s*\([^)]*tensor_arena[^)]*\)", text)
    return constructor is not None and "ErrorReporter" in constructor[0]


def debug_log(debug_log_header: str) -> DebugLog:
    """Tell from ``debug_log.h`` what ``DebugLog`` takes."""
    declared = re.search(r"\bDebugLog\s*\(([^)]*)\)", without_comments(debug_log_header))
    return DebugLog.FORMAT if declared is not None and "va_list" in declared[1] else DebugLog.TEXT


def defines_weak_debug_log(source: str) -> bool:
    """Tell whether a source of the library defines ``DebugLog`` so that a sketch can define its own instead."""
    return re.search(r"weak\b[^;{}]*\bDebugLog\s*\([^)]*\)\s*\{", without_comments(source)) is not None
