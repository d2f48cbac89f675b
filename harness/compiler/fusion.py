"""Which operators become one function, and which need none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from harness.compiler import operators
from harness.compiler.graph import Graph, Operator
from harness.compiler.kernel import Pattern, dims

Single = Callable[[Sequence[Operator]], bool]
"""Whether operators have one kernel together."""

_IMAGE_RANK = 4
_LONGEST = 8
"""Elementwise operators in a group: TVM's passes take twice as long for each that is computed within the next."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Operators that run as one function, at the place of the last one."""

    operators: tuple[Operator, ...]
    patterns: tuple[Pattern, ...]

    @property
    def outputs(self) -> tuple[int, ...]:
        """The tensors that it writes."""
        return self.operators[-1].outputs


@dataclass(frozen=True, kw_only=True)
class Groups:
    """A network as the functions that run it."""

    graph: Graph
    """The network with what could be computed now as constants."""
    groups: tuple[Group, ...]
    views: dict[int, int] = field(default_factory=dict)
    """Tensors that are other tensors under another shape."""

    def root(self, tensor: int) -> int:
        """Return the tensor that ``tensor`` is a view of, or itself."""
        while tensor in self.views:
            tensor = self.views[tensor]
        return tensor


def integer_pattern(operator: Operator, graph: Graph) -> Pattern:
    """Return the pattern of an operator of an integer network; raises ``UnsupportedError`` where it is not known."""
    return operators.rule(operator, graph).pattern


def _no_kernel(_: Sequence[Operator]) -> bool:
    return False


def group(
    graph: Graph,
    *,
    fuse: bool,
    pattern: Callable[[Operator, Graph], Pattern] = integer_pattern,
    has_kernel: Single = _no_kernel,
) -> Groups:
    """Return the functions that run ``graph``; without ``fuse`` each operator is a function of its own.

    Operators with a kernel are joined with those that it computes, too, and with no others. Raises
    ``UnsupportedError`` for an operator that is not known.
    """
    singles = [Group(operators=(operator,), patterns=(pattern(operator, graph),)) for operator in graph.operators]
    if not fuse:
        return Groups(graph=graph, groups=tuple(singles))
    tensors = list(graph.tensors)
    uses = Counter(index for operator in graph.operators for index in operator.inputs)
    uses.update(graph.outputs)
    views: dict[int, int] = {}
    found: list[Group] = []
    for alone in singles:
        single, operator = alone, alone.operators[0]
        source, result = operator.inputs[:1], operator.outputs[:1]
        if single.patterns == (Pattern.VIEW,) and _same_content(graph, operator):
            data = tensors[source[0]].data
            if data is None:
                views[result[0]] = source[0]
                continue
            if result[0] not in graph.outputs:
                tensors[result[0]] = replace(tensors[result[0]], data=data.reshape(tensors[result[0]].shape))
                continue
        partner = _partner(single, found, uses, graph, has_kernel)
        if partner is not None:
            found.remove(partner)
            single = Group(
                operators=partner.operators + single.operators, patterns=partner.patterns + single.patterns
            )
        found.append(single)
    return Groups(graph=replace(graph, tensors=tuple(tensors)), groups=tuple(found), views=views)


def _same_content(graph: Graph, view: Operator) -> bool:
    """Whether a view can be had for nothing: what is wrong with one that cannot is told when it is lowered."""
    if not view.inputs or len(view.outputs) != 1 or view.inputs[0] < 0:
        return False
    a, b = graph.tensors[view.inputs[0]], graph.tensors[view.outputs[0]]
    return a.elements == b.elements and a.dtype == b.dtype


def _partner(single: Group, found: list[Group], uses: Counter[int], graph: Graph, has_kernel: Single) -> Group | None:
    """Return the group whose only use is to feed ``single`` and that can be computed within it."""
    operator, pattern = single.operators[0], single.patterns[0]
    for candidate in reversed(found):
        outputs = candidate.outputs
        if len(outputs) != 1 or uses[outputs[0]] != 1 or outputs[0] not in operator.inputs:
            continue
        if outputs[0] == operator.inputs[0] and has_kernel((*candidate.operators, operator)):
            return candidate
        if has_kernel(candidate.operators):
            continue
        if pattern is Pattern.ELEMENTWISE:
            joins = set(candidate.patterns) <= {Pattern.REDUCTION, Pattern.ELEMENTWISE, Pattern.PADDING}
            same = dims(graph.tensors[outputs[0]]) == dims(graph.tensors[operator.outputs[0]])
            short = candidate.patterns.count(Pattern.ELEMENTWISE) < _LONGEST
            if joins and same and short:
                return candidate
        if pattern is Pattern.REDUCTION and candidate.patterns == (Pattern.PADDING,):
            image = len(graph.tensors[outputs[0]].shape) == _IMAGE_RANK
            if image and outputs[0] == operator.inputs[0]:
                return candidate
    return None


def replaceable(whole: Group, groups: Groups) -> tuple[int, ...]:
    """Return the tensors whose memory the group's output may take: each element is read before it is overwritten."""
    graph = groups.graph
    if len(whole.outputs) != 1:
        return ()
    output = graph.tensors[whole.outputs[0]]
    within = {index for operator in whole.operators for index in operator.outputs}
    kept, candidates = set(), []
    for operator, pattern in zip(whole.operators, whole.patterns, strict=True):
        for index in operator.inputs:
            if index < 0 or index in within or graph.tensors[index].data is not None:
                continue
            tensor = graph.tensors[index]
            fits = dims(tensor) == dims(output) and tensor.nbytes == output.nbytes
            if pattern is Pattern.ELEMENTWISE and fits:
                candidates.append(groups.root(index))
            else:
                kept.add(groups.root(index))
    return tuple(index for index in dict.fromkeys(candidates) if index not in kept)
