"""Which operators float networks may have, and by which of two ways each of them becomes TIR.

Those that compute with numbers are imported by TVM's frontend. Those that only move elements are lowered as in
integer networks, and so are conversions and the integer operators before or behind a float part.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from harness.compiler import operators
from harness.compiler.fusion import Group, Groups
from harness.compiler.graph import Graph, Operator
from harness.compiler.kernel import Pattern
from harness.errors import UnsupportedError

_PATTERNS = {
    Pattern.VIEW: ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"),
    Pattern.PADDING: ("PAD", "PADV2"),
    Pattern.REDUCTION: (
        *("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"),
        *("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"),
    ),
    Pattern.ELEMENTWISE: (
        *("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "FLOOR_DIV", "ADD_N"),
        *("RELU", "RELU6", "PRELU", "LEAKY_RELU", "ELU", "HARD_SWISH", "LOGISTIC", "TANH"),
        *("EXP", "LOG", "SQRT", "RSQRT", "SQUARE", "SIN", "COS", "ABS", "NEG", "FLOOR", "CEIL", "ROUND", "CAST"),
        *("GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "EQUAL", "NOT_EQUAL"),
        *("LOGICAL_AND", "LOGICAL_OR", "LOGICAL_NOT", "SELECT_V2"),
    ),
    Pattern.OPAQUE: (
        *("SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION", "ARG_MAX", "ARG_MIN", "BATCH_MATMUL"),
        *("CONCATENATION", "PACK", "SPLIT", "SPLIT_V", "UNPACK", "SLICE", "STRIDED_SLICE", "GATHER", "TRANSPOSE"),
        *("MIRROR_PAD", "BROADCAST_TO", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH"),
        *("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"),
    ),
}
"""Those that have been held against the reference interpreter. TVM imports others too, some of them wrongly."""
_PATTERN_OF = {name: pattern for pattern, names in _PATTERNS.items() for name in names}

_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")
_MOVING = (
    *("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "PAD", "PADV2", "CONCATENATION", "SPLIT", "SPLIT_V", "TRANSPOSE"),
    *("SLICE", "STRIDED_SLICE", "RESIZE_NEAREST_NEIGHBOR"),
)
"""Operators whose rule takes elements of any type."""
QUANTIZED = ("int8", "uint8", "int16")
"""Element types of quantized activations and weights."""


class Way(Enum):
    """How an operator becomes TIR."""

    IMPORT = "import"
    """By TVM's frontend."""
    RULE = "rule"
    """By the rule that integer networks have for it."""


def supported() -> tuple[str, ...]:
    """Return the operators that a float network may have."""
    return tuple(sorted(_PATTERN_OF))


def pattern(operator: Operator, graph: Graph) -> Pattern:
    """Return the pattern of an operator; raises ``UnsupportedError`` where it is not known."""
    if Way.IMPORT not in ways(operator, graph):
        return operators.rule(operator, graph).pattern
    if operator.name not in _PATTERN_OF:
        where = graph.tensors[operator.outputs[0]] if operator.outputs else "nothing"
        msg = f"{operator.name} version {operator.version}, which gives {where}, is not supported for floats"
        raise UnsupportedError(msg)
    return _PATTERN_OF[operator.name]


def ways(operator: Operator, graph: Graph) -> frozenset[Way]:
    """Return by which ways an operator can become TIR."""
    types = {graph.tensors[index].dtype for index in (*operator.inputs, *operator.outputs) if index >= 0}
    if operator.name in _CONVERSIONS or (types & set(QUANTIZED) and "float32" not in types):
        return frozenset({Way.RULE})
    return frozenset({Way.RULE, Way.IMPORT} if operator.name in _MOVING else {Way.IMPORT})


def way(whole: Group, graph: Graph) -> Way | None:
    """Return the way for all operators of a group, None where there is no common one."""
    common = frozenset.intersection(*(ways(operator, graph) for operator in whole.operators))
    return Way.RULE if Way.RULE in common else Way.IMPORT if common else None


def separate(groups: Groups) -> Groups:
    """Return the groups with those that have no common way taken apart, one operator each."""
    found: list[Group] = []
    for whole in groups.groups:
        if way(whole, groups.graph) is not None:
            found.append(whole)
        else:
            pairs = zip(whole.operators, whole.patterns, strict=True)
            found.extend(Group(operators=(operator,), patterns=(of_it,)) for operator, of_it in pairs)
    return replace(groups, groups=tuple(found))
