"""Time by operator of the network. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.compiler.graph import Graph, Operator
from harness.macs import macs


@dataclass(frozen=True, kw_only=True)
class Work:
    """What there is to do: one operator of a network, or several that are taken together."""

    name: str
    """Name of the tensor that the last of them gives."""
    type: str
    """Names in the TFLite schema, joined by ``+``."""
    output_shape: tuple[int, ...]
    dtype: str
    """numpy's name of the element type that is computed with: the first input's."""
    macs: int | None
    """None where they are not known."""


@dataclass(frozen=True, kw_only=True)
class OperatorTime:
    """What an operator took, or several that are computed as one."""

    places: tuple[int, ...]
    """Where the operators are in the network, from 0, in the order in which they are computed."""
    work: Work
    ticks: int

    @property
    def ticks_per_mac(self) -> float | None:
        """Ticks a MAC, or None where there are none."""
        return self.ticks / self.work.macs if self.work.macs else None


def works(graph: Graph) -> tuple[Work, ...]:
    """Return what each operator of a network has to do."""
    return tuple(_work(operator, graph) for operator in graph.operators)


def joined(some: Iterable[Work]) -> Work:
    """Return several operators as one; they are in the order in which they are computed."""
    found = list(some)
    counts = [work.macs for work in found]
    return Work(
        name=found[-1].name,
        type="+".join(work.type for work in found),
        output_shape=found[-1].output_shape,
        dtype=found[0].dtype,
        macs=None if None in counts else sum(count or 0 for count in counts),
    )


def operator_times(
    network: Sequence[Work], parts: Sequence[Sequence[int]], ticks: Sequence[int]
) -> tuple[OperatorTime, ...]:
    """Return what each part took; ``parts`` are the places of its operators in ``network``."""
    return tuple(
        OperatorTime(places=tuple(places), work=joined(network[place] for place in places), ticks=taken)
        for places, taken in zip(parts, ticks, strict=True)
    )


def _work(operator: Operator, graph: Graph) -> Work:
    output = graph.tensors[operator.outputs[0]] if operator.outputs else None
    source = next((graph.tensors[index] for index in operator.inputs if index >= 0), None)
    return Work(
        name=output.name if output else "",
        type=operator.name,
        output_shape=output.shape if output else (),
        dtype=source.dtype if source else "",
        macs=macs(operator, graph),
    )
