"""What each operator computes, one family a module. They are found by listing this package."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from harness.compiler.graph import Graph, Operator
from harness.compiler.kernel import RULES, Rule
from harness.errors import UnsupportedError


@cache
def _rules() -> dict[str, Rule]:
    for info in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{info.name}")
    return RULES


def rule(operator: Operator, graph: Graph) -> Rule:
    """Return how ``operator`` is lowered; raises ``UnsupportedError`` that names it, its version and its tensor."""
    found = _rules().get(operator.name)
    if found is None or operator.version > found.versions:
        known = "" if found is None else f" (up to version {found.versions} is)"
        where = graph.tensors[operator.outputs[0]] if operator.outputs else "nothing"
        msg = f"{operator.name} version {operator.version}, which gives {where}, is not supported{known}"
        raise UnsupportedError(msg)
    dtype = graph.tensors[operator.inputs[0]].dtype if operator.inputs and operator.inputs[0] >= 0 else ""
    if found.types is not None and dtype not in found.types:
        msg = f"{operator} is not supported for {dtype}, only for {' or '.join(found.types)}"
        raise UnsupportedError(msg)
    return found


def supported() -> dict[str, int]:
    """Return the operators that integer networks may have, with the newest version of each that is known."""
    return {name: found.versions for name, found in sorted(_rules().items())}


def types() -> dict[str, tuple[str, ...]]:
    """Return the operators that are there for some element types alone, with these."""
    return {name: found.types for name, found in _rules().items() if found.types is not None}
