"""The graph of a network as SVG: operators in layers from top to bottom, tensors as lines between them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise

from harness.compiler.graph import Tensor
from harness.inspection.facts import Facts, OperatorFacts
from harness.report.formats import shown_text

_WIDTH, _HEIGHT = 210, 46
_GAP, _LAYER = 28, 74
_MARGIN = 16
_LONGEST = 30
_TIMES = "\N{MULTIPLICATION SIGN}"
_COLOURS = {"CONV": 205, "FULLY_CONNECTED": 265, "MATMUL": 265, "POOL": 25, "MEAN": 25, "SOFTMAX": 0, "LOGISTIC": 0}
"""Hues of families of operators, by a part of their name; what has none of them is grey."""


@dataclass(frozen=True, kw_only=True)
class _Node:
    title: str
    below: str
    tip: str
    kind: str
    hue: int | None
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    layer: int = 0
    x: float = 0.0

    @property
    def y(self) -> float:
        return _MARGIN + self.layer * _LAYER


@dataclass(frozen=True, kw_only=True)
class _Edge:
    source: int
    target: int
    tensor: int


def draw(facts: Facts) -> str:
    """Return the picture as one SVG element; text and lines have the colour of what is around it."""
    nodes = [*_inputs(facts), *(_operator(operator, facts) for operator in facts.operators), *_outputs(facts)]
    edges = _edges(nodes)
    nodes = _spread(_layered(nodes, edges), edges)
    width = max((node.x for node in nodes), default=0.0) + _WIDTH + 3 * _MARGIN
    height = max((node.y for node in nodes), default=0.0) + _HEIGHT + _MARGIN
    name = escape(shown_text(facts.model.name))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" font-family="sans-serif" font-size="12" fill="currentColor">',
        f"<title>The graph of {name}: {len(facts.operators)} operators</title>",
        *(_line(nodes[edge.source], nodes[edge.target], facts.tensor(edge.tensor)) for edge in edges),
        *map(_box, nodes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _inputs(facts: Facts) -> Iterator[_Node]:
    for index in facts.graph.inputs:
        yield _interface("input", facts.tensor(index), reads=(), writes=(index,))


def _outputs(facts: Facts) -> Iterator[_Node]:
    for index in facts.graph.outputs:
        yield _interface("output", facts.tensor(index), reads=(index,), writes=())


def _interface(what: str, tensor: Tensor, *, reads: tuple[int, ...], writes: tuple[int, ...]) -> _Node:
    return _Node(
        title=what, below=shape(tensor), tip=tensor.name, kind="interface", hue=None, reads=reads, writes=writes
    )


def _operator(operator: OperatorFacts, facts: Facts) -> _Node:
    hue = next((hue for part, hue in _COLOURS.items() if part in operator.name), None)
    made = ", ".join(shape(facts.tensor(index)) for index in operator.writes)
    known = "unknown" if operator.macs is None else f"{operator.macs:,}"
    return _Node(
        title=operator.name,
        below=made,
        tip=f"operator {operator.index}, version {operator.version}: {known} MACs, "
        f"{operator.parameters:,} parameters, {operator.alive_bytes:,} B of activations",
        kind="custom" if operator.custom else "operator",
        hue=hue,
        reads=operator.reads,
        writes=operator.writes,
    )


def shape(tensor: Tensor) -> str:
    """Return shape and type of a tensor in few words, such as ``1x8x8x8 int8`` with signs for times."""
    sizes = _TIMES.join("?" if length < 0 else str(length) for length in tensor.shape) or "scalar"
    return f"{sizes} {tensor.dtype}"


def _edges(nodes: Sequence[_Node]) -> list[_Edge]:
    writer = {index: place for place, node in enumerate(nodes) for index in node.writes}
    return [
        _Edge(source=writer[index], target=place, tensor=index)
        for place, node in enumerate(nodes)
        for index in dict.fromkeys(node.reads)
        if index in writer and writer[index] < place
    ]


def _layered(nodes: Sequence[_Node], edges: Sequence[_Edge]) -> list[_Node]:
    """Put each node below all that it reads."""
    layers = [0] * len(nodes)
    for edge in sorted(edges, key=lambda edge: edge.target):
        layers[edge.target] = max(layers[edge.target], layers[edge.source] + 1)
    return [replace(node, layer=layer) for node, layer in zip(nodes, layers, strict=True)]


def _spread(nodes: list[_Node], edges: Sequence[_Edge]) -> list[_Node]:
    """Put the nodes of a layer side by side, each near what it reads; lines of the layer's passers-by have room."""
    sources: dict[int, list[int]] = {}
    for edge in edges:
        sources.setdefault(edge.target, []).append(edge.source)
    found = list(nodes)
    for layer in sorted({node.layer for node in nodes}):
        places = [place for place, node in enumerate(nodes) if node.layer == layer]
        wanted = {
            place: sum(found[source].x for source in sources.get(place, [])) / max(len(sources.get(place, [])), 1)
            for place in places
        }
        free = 0.0
        for place in sorted(places, key=lambda place: wanted[place]):
            x = max(free, wanted[place])
            found[place] = replace(found[place], x=x)
            free = x + _WIDTH + _GAP
    return [replace(node, x=node.x + _MARGIN) for node in found]


def _line(source: _Node, target: _Node, tensor: Tensor) -> str:
    """Draw a line from box to box; one that passes layers goes round the boxes in between, on their right."""
    start, end = (source.x + _WIDTH / 2, source.y + _HEIGHT), (target.x + _WIDTH / 2, target.y)
    points = [start, end]
    if target.layer > source.layer + 1:
        side = max(source.x, target.x) + _WIDTH + _GAP / 2
        points = [start, (side, start[1] + _LAYER - _HEIGHT), (side, end[1] - _LAYER + _HEIGHT), end]
    path = f"M{points[0][0]:.0f} {points[0][1]:.0f}"
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + y1) / 2
        path += f" C{x0:.0f} {middle:.0f} {x1:.0f} {middle:.0f} {x1:.0f} {y1:.0f}"
    tip = escape(f"{shown_text(tensor.name)}: {shape(tensor)}")
    return f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity="0.5"><title>{tip}</title></path>'


def _box(node: _Node) -> str:
    fill = "none" if node.hue is None else f"hsl({node.hue} 70% 50% / 0.2)"
    radius = _HEIGHT / 2 if node.kind == "interface" else 5
    dash = ' stroke-dasharray="5 3"' if node.kind == "custom" else ""
    middle = node.x + _WIDTH / 2
    return (
        f"<g><title>{escape(shown_text(node.tip))}</title>"
        f'<rect x="{node.x:.0f}" y="{node.y:.0f}" width="{_WIDTH}" height="{_HEIGHT}" rx="{radius:.0f}" '
        f'fill="{fill}" stroke="currentColor"{dash}/>'
        f'<g text-anchor="middle"><text x="{middle:.0f}" y="{node.y + 19:.0f}" font-weight="bold">{_cut(node.title)}'
        f'</text><text x="{middle:.0f}" y="{node.y + 36:.0f}">{_cut(node.below)}</text></g></g>'
    )


def _cut(text: str) -> str:
    shown = shown_text(text)
    return escape(shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…")
