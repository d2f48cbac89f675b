"""The original network and the converted one on the same random inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.convert.report import Port, Report
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.models import Array

_COMPARED = 8
_OPEN_BATCH = 1


@dataclass(frozen=True, kw_only=True)
class Source:
    """An input or output of the original network."""

    name: str
    shape: tuple[int, ...]
    """Of an output empty: it shows when the network is run."""
    channels_last: bool = False
    """Whether the converted network may have its axis 1 as the last."""
    found: str | None = None
    """Its name in the converted network's signature; None where it is found by its place."""


@dataclass(frozen=True, kw_only=True)
class Original:
    """A network in its own framework."""

    inputs: tuple[Source, ...]
    outputs: tuple[Source, ...]
    run: Callable[[list[Array]], list[Array]]
    """From inputs to outputs, in the original's layout."""


def fixed(name: str, shape: Sequence[int | None]) -> tuple[int, ...]:
    """Return a shape with its open batch set to one; raises ``UsageError`` where another axis is open."""
    sizes = [_OPEN_BATCH if place == 0 and size is None else size for place, size in enumerate(shape)]
    if any(size is None or size < 1 for size in sizes):
        shown = ", ".join("?" if size is None or size < 1 else str(size) for size in shape)
        msg = (
            f"the input {name!r} has the shape [{shown}], and only the first axis (the batch) may be open: give the "
            "others a size when the model is exported"
        )
        raise UsageError(msg)
    return tuple(size for size in sizes if size is not None)


def compare(original: Original, made: Path, *, kind: str, converter: str) -> Report:
    """Run both on random inputs; raises ``UsageError`` where their inputs or outputs do not correspond."""
    import numpy as np

    converted = _Converted(made, original)
    inputs = [converted.input_port(place) for place in range(len(original.inputs))]
    outputs: list[Port] = []
    difference = largest = 0.0
    for values in _draws(inputs, _COMPARED):
        wanted = [np.asarray(array) for array in original.run(values)]
        given = converted.run([np.transpose(v, port.permutation) for v, port in zip(values, inputs, strict=True)])
        if len(wanted) != len(given):
            msg = f"the original has {len(wanted)} outputs, and the converted network {len(given)}"
            raise UsageError(msg)
        outputs = outputs or [_output_port(*each) for each in zip(original.outputs, wanted, given, strict=True)]
        for port, first, second in zip(outputs, wanted, given, strict=True):
            difference = max(difference, _difference(np.transpose(first, port.permutation), second))
            largest = max(largest, float(np.max(np.abs(first.astype(np.float64)), initial=0.0)))
    return Report(
        kind=kind,
        converter=converter,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        compared=_COMPARED,
        largest_difference=difference,
        largest_output=largest,
    )


def _draws(inputs: Sequence[Port], count: int) -> Iterator[list[Array]]:
    """Yield inputs in the original's layout: numbers from 0 to 1 and normal ones in turn; of integers 0 and 1."""
    import numpy as np

    random = np.random.default_rng(0)
    for number in range(count):
        values: list[Array] = []
        for port in inputs:
            if not port.dtype.startswith("float"):
                values.append(random.integers(0, 2, port.source_shape).astype(port.dtype))
            elif number % 2:
                values.append(random.standard_normal(port.source_shape).astype(port.dtype))
            else:
                values.append(random.random(port.source_shape).astype(port.dtype))
        yield values


def _difference(wanted: Array, found: Array) -> float:
    """Return the largest difference; infinite where shapes differ, or one alone is not a number."""
    import numpy as np

    if wanted.shape != found.shape:
        return float("inf")
    first, second = wanted.astype(np.float64), found.astype(np.float64)
    if (np.isfinite(first) != np.isfinite(second)).any():
        return float("inf")
    return float(np.max(np.abs(np.nan_to_num(first) - np.nan_to_num(second)), initial=0.0))


def _permutations(rank: int, *, channels_last: bool) -> list[tuple[int, ...]]:
    same = tuple(range(rank))
    return [(0, *same[2:], 1), same] if channels_last and rank > 2 else [same]  # noqa: PLR2004 (batch and channels)


def _output_port(source: Source, wanted: Array, given: Array) -> Port:
    """Return an output with the order of axes by which it comes nearest."""
    import numpy as np

    orders = _permutations(wanted.ndim, channels_last=source.channels_last)
    best = min(orders, key=lambda order: _difference(np.transpose(wanted, order), given))
    return Port(
        name=source.name,
        source_shape=tuple(map(int, wanted.shape)),
        shape=tuple(map(int, given.shape)),
        dtype=str(given.dtype),
        permutation=best,
    )


class _Converted:
    """The .tflite in LiteRT's interpreter, its tensors in the original's order."""

    def __init__(self, made: Path, original: Original) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._interpreter = Interpreter(
            model_path=str(made),
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self._interpreter.allocate_tensors()
        signatures = self._interpreter._get_full_signature_list()
        named = next(iter(signatures.values())) if signatures else {"inputs": {}, "outputs": {}}
        self._sources = original.inputs
        self._inputs = _ordered(self._interpreter.get_input_details(), original.inputs, named["inputs"])
        self._outputs = _ordered(self._interpreter.get_output_details(), original.outputs, named["outputs"])

    def input_port(self, place: int) -> Port:
        import numpy as np

        source, detail = self._sources[place], self._inputs[place]
        shape = tuple(int(size) for size in detail["shape"])
        for order in _permutations(len(source.shape), channels_last=source.channels_last):
            if tuple(source.shape[axis] for axis in order) == shape:
                dtype = str(np.dtype(detail["dtype"]))
                return Port(name=source.name, source_shape=source.shape, shape=shape, dtype=dtype, permutation=order)
        msg = f"its input {source.name!r} is {list(source.shape)}, and {list(shape)} in the converted network"
        raise UsageError(msg)

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        import numpy as np

        for detail, values in zip(self._inputs, inputs, strict=True):
            self._interpreter.set_tensor(detail["index"], np.ascontiguousarray(values))
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(detail["index"]) for detail in self._outputs]


def _ordered(details: list[dict[str, Any]], sources: Sequence[Source], named: dict[str, int]) -> list[dict[str, Any]]:
    """Return the tensors in the order of ``sources``: by the signature's names, else by their own, else by place."""
    if len(details) != len(sources):
        msg = f"the original has {len(sources)} inputs or outputs where the converted network has {len(details)}"
        raise UsageError(msg)
    by_index = {detail["index"]: detail for detail in details}
    by_name = {str(detail["name"]).removeprefix("serving_default_").removesuffix(":0"): detail for detail in details}
    if all(source.found in named for source in sources):
        return [by_index[named[str(source.found)]] for source in sources]
    if all(source.name in by_name for source in sources):
        return [by_name[source.name] for source in sources]
    return details
