"""Which operators the compiler knows, read from its own source: importing it would import TVM and take seconds."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_RULES = _HERE / "operators"
_FLOATS = _HERE / "float_operators.py"


@cache
def integer_operators() -> dict[str, int]:
    """Return the operators that integer networks may have, with the newest version of each: those of the rules."""
    found: dict[str, int] = {}
    for path in sorted(_RULES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            rules = node.decorator_list if isinstance(node, ast.FunctionDef) else []
            found |= dict(pair for rule in rules if (pair := _rule(rule)) is not None)
    return found


def _rule(decorator: ast.expr) -> tuple[str, int] | None:
    """Return name and version of ``@operator("NAME", …, versions=N)``."""
    if not isinstance(decorator, ast.Call) or getattr(decorator.func, "id", "") != "operator":
        return None
    versions = next(word.value for word in decorator.keywords if word.arg == "versions")
    return str(ast.literal_eval(decorator.args[0])), int(ast.literal_eval(versions))


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
