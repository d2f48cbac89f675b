"""PAD, CONCATENATION, SPLIT and TRANSPOSE: elements of the inputs in other places, of any element type."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tvm import te, tirx

from harness.compiler.arithmetic import Expression
from harness.compiler.graph import Tensor
from harness.compiler.kernel import Node, Pattern, operator


@operator("PAD", Pattern.PADDING, versions=4)
@operator("PADV2", Pattern.PADDING, versions=4)
def pad(node: Node) -> te.Tensor:
    """Lower a padding with zeros or, in its second form, with a number: pads int32 [rank, 2], before and after."""
    x = node.input()
    pads = integers(node, 1)
    node.require(len(pads) == 2 * len(x.shape), f"{node.input(1)} does not have two numbers a dimension of {x}")
    node.require(min(pads) >= 0, f"its pads are {pads}; one that cuts elements off is not supported")
    before, after = pads[::2], pads[1::2]
    require_output(node, tuple(a + size + b for a, size, b in zip(before, x.shape, after, strict=True)), x.dtype)
    data, value = node.read(), tirx.const(_pad_value(node), x.dtype)

    def element(*i: Expression) -> Expression:
        places = [index - first for index, first in zip(i, before, strict=True)]
        inside = [place >= 0 for place, first in zip(places, before, strict=True) if first]
        inside += [place < size for place, size, last in zip(places, x.shape, after, strict=True) if last]
        found = data(*places)
        return tirx.if_then_else(tirx.all(*inside), found, value) if inside else found

    return te.compute(node.output().shape, element, name="y")


def _pad_value(node: Node) -> float:
    """Return the element that is put around the input: the one that means 0, or the third input's only one."""
    y, given = node.output(), node.optional(2)
    if given is None:
        return y.zero_point if y.dtype in ("int8", "uint8") and y.quantization else 0
    node.require(given.elements == 1 and given.dtype == y.dtype, f"{given} is not one element of type {y.dtype}")
    same = y.dtype != "int8" or _parameters(given) == _parameters(y)
    node.require(same, f"{given} is not quantized as {y} is")
    value: float = node.content(2).item()
    return value


@operator("CONCATENATION", Pattern.OPAQUE, versions=4)
def concatenation(node: Node) -> te.Tensor:
    """Lower a concatenation along one axis of tensors that are quantized alike; nothing is rescaled."""
    y = node.output()
    inputs = [node.input(place) for place in range(len(node.operator.inputs))]
    node.require(inputs, "it has no inputs")
    axis = resolved(node, node.option("Axis"), len(y.shape))
    node.require(not node.option("FusedActivationFunction"), "a fused activation is not supported")
    for x in inputs:
        alike = x.dtype == y.dtype and len(x.shape) == len(y.shape)
        node.require(alike, f"{x} does not have the type and number of dimensions of {y}")
        node.require(_without(x.shape, axis) == _without(y.shape, axis), f"{x} does not fit {y} beside axis {axis}")
        _require_same_parameters(node, x, y)
    sizes = [x.shape[axis] for x in inputs]
    require_output(node, _with(y.shape, axis, sum(sizes)), y.dtype)
    reads = [node.read(place) for place in range(len(inputs))]
    ends = np.cumsum(sizes).tolist()

    def element(*i: Expression) -> Expression:
        found = None
        for data, size, end in reversed(list(zip(reads, sizes, ends, strict=True))):
            here = data(*_with(i, axis, i[axis] - (end - size)))
            # The loop over the axis is split where a condition that is marked so changes: one loop an input.
            found = here if found is None else tirx.if_then_else(tirx.likely(i[axis] < end), here, found)
        return found

    return te.compute(y.shape, element, name="y")


def _require_same_parameters(node: Node, x: Tensor, y: Tensor) -> None:
    """Raise ``UnsupportedError`` unless the elements of ``x`` mean the same in ``y``, as TFLM has it."""
    if y.dtype == "int8":
        node.require(_parameters(x) == _parameters(y), f"{x} and {y} are quantized differently")
    elif y.dtype == "int16":
        centred = all(tensor.quantization is None or tensor.zero_point == 0 for tensor in (x, y))
        node.require(centred, f"{x} or {y} has a zero point other than 0")


@operator("SPLIT", Pattern.OPAQUE, versions=4)
def split(node: Node) -> list[te.Tensor]:
    """Lower a split into equal parts: axis int32 of one element, data."""
    x, count = node.input(1), len(node.operator.outputs)
    axis = _axis(node, 0, x)
    given = node.operator.options.get("NumSplits", count)
    node.require(given == count and count > 0, f"it has {count} outputs for {given} parts")
    node.require(x.shape[axis] % count == 0, f"axis {axis} of {x} cannot be split into {count} equal parts")
    return _parts(node, 1, axis, [x.shape[axis] // count] * count)


@operator("SPLIT_V", Pattern.OPAQUE, versions=2)
def split_v(node: Node) -> list[te.Tensor]:
    """Lower a split into parts of given sizes, one of which may be -1 for what is left: data, sizes, axis."""
    x, sizes = node.input(), integers(node, 1, "int32", "int64")
    axis = _axis(node, 2, x)
    node.require(len(sizes) == len(node.operator.outputs), f"it has {len(sizes)} sizes for its outputs")
    left = x.shape[axis] - sum(size for size in sizes if size != -1)
    sizes = [left if size == -1 else size for size in sizes]
    fits = min(sizes) > 0 and sum(sizes) == x.shape[axis]
    node.require(fits, f"axis {axis} of {x} cannot be split into parts of {sizes}")
    return _parts(node, 0, axis, sizes)


def _parts(node: Node, place: int, axis: int, sizes: Sequence[int]) -> list[te.Tensor]:
    """Return an input's parts along an axis, whose sizes make up the whole of it."""
    x, data = node.input(place), node.read(place)

    def part(number: int, size: int) -> te.Tensor:
        shape, first = _with(x.shape, axis, size), sum(sizes[:number])
        require_output(node, shape, x.dtype, number)
        return te.compute(shape, lambda *i: data(*_with(i, axis, i[axis] + first)), name=f"y{number}")

    return [part(number, size) for number, size in enumerate(sizes)]


@operator("TRANSPOSE", Pattern.OPAQUE, versions=6)
def transpose(node: Node) -> te.Tensor:
    """Lower a permutation of the dimensions: output dimension i is input dimension permutation[i], int32 [rank]."""
    x, order = node.input(), integers(node, 1)
    node.require(sorted(order) == list(range(len(x.shape))), f"{order} is no permutation of the dimensions of {x}")
    require_output(node, tuple(x.shape[axis] for axis in order), x.dtype)
    data = node.read()
    return te.compute(
        node.output().shape, lambda *i: data(*(i[order.index(axis)] for axis in range(len(order)))), name="y"
    )


def integers(node: Node, place: int, *dtypes: str) -> list[int]:
    """Return the content of a constant input as a flat list; its type is one of ``dtypes``, int32 unless told.

    Raises ``UnsupportedError`` for an input that is no constant or of another type.
    """
    tensor, wanted = node.input(place), dtypes or ("int32",)
    node.require(tensor.dtype in wanted, f"{tensor} is not of type {' or '.join(wanted)}")
    return [int(value) for value in np.asarray(node.content(place)).reshape(-1)]


def resolved(node: Node, axis: int, rank: int) -> int:
    """Return an axis as a number from 0 to ``rank`` - 1, where negative ones count from the end."""
    node.require(-rank <= axis < rank, f"its axis {axis} is none of {rank} dimensions")
    return axis % rank


def require_output(node: Node, shape: tuple[int, ...], dtype: str, place: int = 0) -> None:
    """Raise ``UnsupportedError`` unless an output has this shape and type."""
    y = node.output(place)
    node.require(y.shape == shape, f"{y} does not have the shape {list(shape)} that its inputs and options give")
    node.require(y.dtype == dtype, f"{y} is not of type {dtype} as its input is")


def _axis(node: Node, place: int, x: Tensor) -> int:
    given = integers(node, place)
    node.require(len(given) == 1, f"{node.input(place)} is not one axis")
    return resolved(node, given[0], len(x.shape))


def _parameters(tensor: Tensor) -> tuple[float, int] | None:
    return None if tensor.quantization is None else (tensor.scale, tensor.zero_point)


def _with(items: Sequence[Expression], place: int, item: Expression) -> tuple[Expression, ...]:
    return (*items[:place], item, *items[place + 1 :])


def _without(items: Sequence[int], place: int) -> tuple[int, ...]:
    return (*items[:place], *items[place + 1 :])
