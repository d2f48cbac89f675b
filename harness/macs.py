"""How many multiplications and additions (MACs) an operator does, by the shapes of its tensors. Pure.

What is multiplied with padding counts too, as in published counts of networks.
"""

from __future__ import annotations

import math

from harness.compiler.graph import Graph, Operator

_UNCOUNTED = frozenset(
    {
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        "BIDIRECTIONAL_SEQUENCE_RNN",
        "CONV_3D",
        "CONV_3D_TRANSPOSE",
        "CUSTOM",
        "LSTM",
        "RNN",
        "SVDF",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        "UNIDIRECTIONAL_SEQUENCE_RNN",
    }
)
"""Operators that multiply and add, and that are not counted here."""


def macs(operator: Operator, graph: Graph) -> int | None:
    """Return the MACs of an operator: 0 where it is not made of them, None where they are not known."""
    if operator.name in _UNCOUNTED:
        return None
    inputs = [graph.tensors[index].shape if index >= 0 else () for index in operator.inputs]
    output = math.prod(graph.tensors[operator.outputs[0]].shape) if operator.outputs else 0
    try:
        return _count(operator, inputs, output)
    except (IndexError, ValueError):  # too few inputs or dimensions: no board runs such a network
        return None


def _count(operator: Operator, inputs: list[tuple[int, ...]], output: int) -> int:
    """Return the MACs; ``output`` is how many elements are given. Filters lie as TFLite's schema has them."""
    match operator.name:
        case "CONV_2D":
            _, height, width, channels = inputs[1]  # those of one group
            return output * height * width * channels
        case "DEPTHWISE_CONV_2D":
            _, height, width, _ = inputs[1]
            return output * height * width
        case "FULLY_CONNECTED":
            _, depth = inputs[1]
            return output * depth
        case "TRANSPOSE_CONV":
            channels, height, width, _ = inputs[1]
            return math.prod(inputs[2]) * height * width * channels
        case "BATCH_MATMUL":
            return output * inputs[0][-2 if operator.options.get("AdjX") else -1]
        case _:
            return 0
