"""Which groups of operators have a micro-kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.compiler.graph import Graph, Operator
from harness.compiler.kernel import Body, Node
from harness.compiler.microkernels import add, convolution, pooling, wide
from harness.compiler.microkernels.kernel import Kernel
from harness.compiler.strategy import Rule
from harness.errors import UnsupportedError

_PADDING = ("PAD", "PADV2")
_WIDE = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_Maker = Callable[[list[Node], "Node | None", Rule], "Kernel | None"]


def select(operators: Sequence[Operator], graph: Graph, rule: Rule) -> Kernel | None:
    """Return the micro-kernel that computes these operators as one; None where there is none.

    Operators that cannot be computed at all have none either; they are refused where they are lowered.
    """
    nodes = [Node(operator, graph, Body()) for operator in operators]
    padding = nodes.pop(0) if len(nodes) > 1 and nodes[0].operator.name in _PADDING else None
    maker = _MAKERS.get(tuple(node.operator.name for node in nodes))
    if maker is None:
        return None
    try:
        types = {nodes[0].input().dtype, *(node.output().dtype for node in nodes)}
        if types == {"int16"}:
            alone = padding is None and len(nodes) == 1 and nodes[0].operator.name in _WIDE
            return wide.layer(nodes[0], rule) if alone else None
        return maker(nodes, padding, rule) if types == {"int8"} else None
    except (UnsupportedError, ValueError, IndexError):
        return None


def _depthwise(nodes: list[Node], padding: Node | None, rule: Rule) -> Kernel | None:
    if nodes[0].input().shape[3] == 1:
        return convolution.convolution(nodes[0], padding, rule)
    return convolution.depthwise(nodes[0], padding, None, rule)


def _pair(nodes: list[Node], padding: Node | None, rule: Rule) -> Kernel | None:
    first, second = nodes
    if first.input().shape[3] == 1 or not convolution.is_pointwise(second):
        return None
    return convolution.depthwise(first, padding, second, rule)


def _alone(make: Callable[[Node, Rule], Kernel | None]) -> _Maker:
    """Return what computes an operator without a padding before it."""
    return lambda nodes, padding, rule: make(nodes[0], rule) if padding is None else None


_MAKERS: dict[tuple[str, ...], _Maker] = {
    ("CONV_2D",): lambda nodes, padding, rule: convolution.convolution(nodes[0], padding, rule),
    ("DEPTHWISE_CONV_2D",): _depthwise,
    ("DEPTHWISE_CONV_2D", "CONV_2D"): _pair,
    ("FULLY_CONNECTED",): _alone(convolution.dense),
    ("ADD",): _alone(add.add),
    ("AVERAGE_POOL_2D",): _alone(pooling.pool),
    ("MAX_POOL_2D",): _alone(pooling.pool),
}
