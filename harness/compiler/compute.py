"""A group of operators → a function of TIR: by a micro-kernel, or by loops with a schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm import te, tirx

from harness.compiler import operators, traces
from harness.compiler.choices import Choice
from harness.compiler.fusion import Group
from harness.compiler.graph import Graph, Tensor
from harness.compiler.kernel import Body, Node, Parameter, Pattern, Role, dims
from harness.compiler.microkernels.kernel import Kernel
from harness.compiler.microkernels.kernel import function as call
from harness.compiler.microkernels.select import select
from harness.compiler.schedule import schedule
from harness.compiler.strategy import Kernels, Options, Rule
from harness.compiler.strategy import rule as default_rule
from harness.errors import UnsupportedError

DEFAULT = default_rule(Options())


@dataclass(frozen=True, kw_only=True)
class Computed:
    """A group of operators as a function of TIR."""

    label: str
    """What the C function is called."""
    parameters: tuple[Parameter, ...]
    """Inputs and constants, then outputs, in the order of the function's parameters."""
    function: Any
    in_place: bool | None = None
    """Whether the output may take the memory of the first input; None where the operators' patterns tell."""
    key: str = ""
    """What the function computes, by its structure; see ``traces.key``. Empty where tuning does not know it."""
    tuned: bool = False
    """Whether tuning chose how it is computed."""


@dataclass(frozen=True, kw_only=True)
class Expressions:
    """What a group of operators computes; how is still to be said."""

    label: str
    key: str
    parameters: tuple[Parameter, ...]
    """Of the loops; a micro-kernel has the same tensors and other constants."""
    function: Any
    """The loops, to which no schedule was applied."""
    elementwise: bool
    """Whether all its tensors have the same shape and are read in the same order."""
    whole: Group
    graph: Graph

    def kernel(self, rule: Rule) -> Kernel | None:
        """Return the micro-kernel that ``rule`` gives it, None where it is to be loops."""
        return select(self.whole.operators, self.graph, rule)

    def computed(self, rule: Rule = DEFAULT, choice: Choice | None = None) -> Computed:
        """Return the function as it was chosen, and by ``rule`` where nothing was or what was does not fit it."""
        chosen = None if choice is None else self._chosen(choice)
        if chosen is not None:
            return chosen
        kernel = self.kernel(rule)
        return self._loops() if kernel is None else self._calling(kernel)

    def _chosen(self, choice: Choice) -> Computed | None:
        if choice.trace is not None:
            scheduled = traces.applied(self.function, choice.trace)
            return None if scheduled is None else self._made(self.parameters, scheduled, tuned=True)
        strategy = choice.strategy
        if strategy is None:
            return None
        if strategy.kernels is Kernels.LOOPS:
            return self._loops(tuned=True)
        kernel = self.kernel(lambda _: strategy)
        return None if kernel is None else self._calling(kernel, tuned=True)

    def _loops(self, *, tuned: bool = False) -> Computed:
        return self._made(self.parameters, schedule(self.function, elementwise=self.elementwise), tuned=tuned)

    def _calling(self, kernel: Kernel, *, tuned: bool = False) -> Computed:
        parameters, function = call(kernel, self.whole.operators, self.graph)
        return self._made(tuple(parameters), function, in_place=kernel.in_place, tuned=tuned)

    def _made(
        self,
        parameters: tuple[Parameter, ...],
        function: tirx.PrimFunc,
        *,
        in_place: bool | None = None,
        tuned: bool,
    ) -> Computed:
        return Computed(
            label=self.label, parameters=parameters, function=function, in_place=in_place, key=self.key, tuned=tuned
        )


def expressions(whole: Group, graph: Graph) -> Expressions:
    """Return what a group computes; raises ``UnsupportedError`` where an operator cannot take what it is given."""
    body = Body()
    for operator in whole.operators:
        found = operators.rule(operator, graph).compute(Node(operator, graph, body))
        results = found if isinstance(found, list) else [found]
        if len(results) != len(operator.outputs):
            msg = f"{operator} has {len(operator.outputs)} outputs instead of {len(results)}"
            raise UnsupportedError(msg)
        for index, result in zip(operator.outputs, results, strict=True):
            _require_shape(result, graph.tensors[index])
            body.computed[index] = result
    outputs = tuple(
        Parameter(role=Role.OUTPUT, placeholder=body.computed[index], tensor=index) for index in whole.outputs
    )
    parameters = (*body.parameters, *outputs)
    shapes = {tuple(int(size) for size in p.placeholder.shape) for p in parameters if p.tensor is not None}
    function = te.create_prim_func([p.placeholder for p in parameters])
    return Expressions(
        label="_".join(operator.name.lower() for operator in whole.operators),
        key=traces.key(function),
        parameters=parameters,
        function=function,
        elementwise=len(shapes) == 1 and set(whole.patterns) <= {Pattern.ELEMENTWISE, Pattern.VIEW},
        whole=whole,
        graph=graph,
    )


def _require_shape(result: te.Tensor, tensor: Tensor) -> None:
    shape = tuple(int(size) for size in result.shape)
    if shape != dims(tensor) or str(result.dtype) != tensor.dtype:
        msg = f"{tensor} does not have the shape and type that its operator gives: {list(shape)} {result.dtype}"
        raise UnsupportedError(msg)
