"""RESHAPE, SQUEEZE and EXPAND_DIMS: the same elements under another shape."""

from __future__ import annotations

from tvm import te

from harness.compiler.arithmetic import Expression
from harness.compiler.kernel import Node, Pattern, dims, operator
from harness.compiler.schedule import FLAT


@operator("RESHAPE", Pattern.VIEW, versions=1)
@operator("SQUEEZE", Pattern.VIEW, versions=2)
@operator("EXPAND_DIMS", Pattern.VIEW, versions=1)
def view(node: Node) -> te.Tensor:
    """Lower to a copy, for where the elements have to be in a place of their own."""
    x, y = node.input(), node.output()
    node.require(x.elements == y.elements, f"{x} and {y} do not have the same number of elements")
    node.require(x.dtype == y.dtype, f"{x} and {y} do not have the same type")
    data = node.read()
    return te.compute(dims(y), lambda *i: data(*refold(i, dims(y), dims(x))), name="y", attrs={FLAT: True})


def refold(indices: tuple[Expression, ...], shape: tuple[int, ...], other: tuple[int, ...]) -> list[Expression]:
    """Return the indices into a shape ``other`` of the element that lies at ``indices`` of ``shape``."""
    position: Expression = 0
    for index, size in zip(indices, shape, strict=True):
        position = position * size + index
    found: list[Expression] = []
    for size in reversed(other):
        found.append(position % size)
        position = position // size
    return found[::-1]
