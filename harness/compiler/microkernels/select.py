"""Which groups of operators have a micro-kernel."""

from __future__ import annotations

from collections.abc import Sequence

from harness.compiler.graph import Graph, Operator
from harness.compiler.kernel import Body, Node
from harness.compiler.microkernels import convolution
from harness.compiler.microkernels.kernel import Kernel
from harness.compiler.strategy import Rule
from harness.errors import UnsupportedError

_PADDING = ("PAD", "PADV2")


def select(operators: Sequence[Operator], graph: Graph, rule: Rule) -> Kernel | None:
    """Return the micro-kernel that computes these operators as one; None where there is none.

    Operators that cannot be computed at all have none either; they are refused where they are lowered.
    """
    nodes = [Node(operator, graph, Body()) for operator in operators]
    padding = nodes.pop(0) if len(nodes) > 1 and nodes[0].operator.name in _PADDING else None
    try:
        return _select(nodes, padding, rule)
    except (UnsupportedError, ValueError, IndexError):
        return None


def _select(nodes: list[Node], padding: Node | None, rule: Rule) -> Kernel | None:
    first, names = nodes[0], tuple(node.operator.name for node in nodes)
    types = {first.input().dtype, first.output().dtype, nodes[-1].output().dtype}
    if not nodes or types != {"int8"} or not set(names) <= {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}:
        return None
    if names == ("FULLY_CONNECTED",) and padding is None:
        return convolution.dense(first, rule)
    if (
        names == ("DEPTHWISE_CONV_2D", "CONV_2D")
        and convolution.is_pointwise(nodes[1])
        and first.input().shape[3] > 1
    ):
        return convolution.depthwise(first, padding, nodes[1], rule)
    if names == ("CONV_2D",) or (names == ("DEPTHWISE_CONV_2D",) and first.input().shape[3] == 1):
        return convolution.convolution(first, padding, rule)
    if names == ("DEPTHWISE_CONV_2D",):
        return convolution.depthwise(first, padding, None, rule)
    return None
