"""Which operators the compiler knows, read from its own source: importing it would import TVM and take seconds."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_RULES = _HERE / "operators"
_FLOATS = _HERE / "float_operators.py"


@cache
def integer_operators() -> dict[str, int]:
    """Return the operators that integer networks may have, with the newest version of each: those of the rules."""
    return {name: int(words["versions"]) for name, words in _rules().items()}


@cache
def types() -> dict[str, tuple[str, ...]]:
    """Return the operators that are there for some element types of the first input alone, with these."""
    return {name: tuple(words["types"]) for name, words in _rules().items() if "types" in words}


@cache
def _rules() -> dict[str, dict[str, Any]]:
    """Return the named arguments of each ``@operator("NAME", …, versions=N)``."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(_RULES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for rule in node.decorator_list if isinstance(node, ast.FunctionDef) else []:
                if isinstance(rule, ast.Call) and getattr(rule.func, "id", "") == "operator":
                    words = {word.arg: ast.literal_eval(word.value) for word in rule.keywords if word.arg}
                    found[str(ast.literal_eval(rule.args[0]))] = words
    return found


@cache
def float_operators() -> frozenset[str]:
    """Return the operators that a float network may have."""
    return _names("_PATTERNS")


@cache
def conversions() -> frozenset[str]:
    """Return the operators between integers and floats."""
    return _names("_CONVERSIONS")


def _names(table: str) -> frozenset[str]:
    """Return the strings in a table of ``float_operators``."""
    for node in ast.parse(_FLOATS.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == table for target in node.targets):
            return frozenset(
                part.value
                for part in ast.walk(node.value)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )
    raise LookupError(table)
