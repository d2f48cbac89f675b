"""The same samples on the host, by the reference interpreter: with the model, and with the float one before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from harness import reference
from harness.accuracy import prediction
from harness.accuracy.examples import Example, Examples
from harness.accuracy.prediction import Prediction
from harness.accuracy.scores import Scored, score
from harness.errors import UnsupportedError, UsageError, WrongOutputError
from harness.models import Model

if TYPE_CHECKING:
    from harness.models import Array

_AT_ONCE = 1 << 22
"""Bytes of inputs that are handed to the interpreter together."""

Run = Callable[[Model, list[list["Array"]]], list[list["Array"]]]
"""From a model and its inputs to its outputs."""


@dataclass(frozen=True, kw_only=True)
class OnHost:
    """What the host's interpreter makes of the samples."""

    predictions: tuple[Prediction, ...]
    """One a sample, in the order of the examples; none where it cannot run the model."""
    scored: Scored | None
    by: str
    """Name and version of the interpreter, or why it could not run the model."""


def predict(examples: Examples, run: Run = reference.outputs) -> OnHost:
    """Run the model that the examples are for."""
    return _predict(examples, examples.model, lambda example: list(example.inputs), run)


def predict_float(examples: Examples, model: Model, run: Run = reference.outputs) -> OnHost:
    """Run the float model that the examples' model was made of, on the numbers that the inputs stand for."""
    import numpy as np

    require_float(examples, model)
    shape = model.inputs[0].shape

    def inputs(example: Example) -> list[Array]:
        return [np.ascontiguousarray(real.astype(np.float32)).reshape(shape) for real in example.real]

    return _predict(examples, model, inputs, run)


def require_float(examples: Examples, model: Model) -> None:
    """Raise ``UsageError`` where ``model`` cannot be the float model of the one that the examples are for."""
    for what, found, wanted in (
        ("input", model.inputs, examples.model.inputs),
        ("output", model.outputs, examples.model.outputs),
    ):
        if len(found) != 1 or found[0].dtype != "float32":
            msg = f"{model.name} is no float model of it: one {what} of float32 is needed, and it has " + ", ".join(
                tensor.dtype for tensor in found
            )
            raise UsageError(msg)
        if math.prod(found[0].shape) != math.prod(wanted[0].shape):
            msg = (
                f"{model.name} is no float model of {examples.model.name}: its {what} is {list(found[0].shape)}, and "
                f"not {list(wanted[0].shape)}"
            )
            raise UsageError(msg)


def _predict(examples: Examples, model: Model, inputs_of: Callable[[Example], list[Array]], run: Run) -> OnHost:
    found: list[Prediction] = []
    try:
        for batch in _batches(examples):
            outputs = iter(run(model, [[window] for example in batch for window in inputs_of(example)]))
            for example in batch:
                raw = [next(outputs)[0].tobytes() for _ in example.inputs]
                found.append(prediction.of(example.index, raw, example.real, model.outputs[0], examples.task))
        scored = score(examples.task, examples.targets, found)
    except (UnsupportedError, WrongOutputError) as error:
        return OnHost(predictions=(), scored=None, by=error.message)
    return OnHost(predictions=tuple(found), scored=scored, by=reference.name())


def _batches(examples: Examples) -> Iterator[list[Example]]:
    """Yield the examples, so many at once that the inputs stay small."""
    size = max(1, examples.tensor.nbytes * examples.dataset.windows)
    stream = examples.read()
    while batch := list(islice(stream, max(1, _AT_ONCE // size))):
        yield batch
