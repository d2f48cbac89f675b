"""The float network and the quantized one on the host, on the same samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness import reference
from harness.accuracy.examples import Choice, Examples, choose_examples
from harness.accuracy.host import predict
from harness.accuracy.prediction import Prediction
from harness.accuracy.scores import Scored
from harness.accuracy.task import Task
from harness.datasets import open_dataset, wanted_by
from harness.errors import UnsupportedError, UsageError
from harness.models import Model
from harness.quantization import service

if TYPE_CHECKING:
    from harness.models import Array


@dataclass(frozen=True, kw_only=True)
class Side:
    """A network on the samples."""

    model: Model
    scored: Scored | None
    """None where the data have no labels."""
    by: str
    """The interpreter."""
    predictions: tuple[Prediction, ...]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Both networks."""

    task: Task | None
    before: Side
    after: Side

    @property
    def same_class(self) -> float | None:
        """Share of the samples whose largest output is the same one; None where there is one output alone."""
        pairs = list(zip(self.before.predictions, self.after.predictions, strict=True))
        if len(pairs[0][0].values) < 2:  # noqa: PLR2004 (a class is the largest of several)
            return None
        return sum(_largest(a) == _largest(b) for a, b in pairs) / len(pairs)

    @property
    def largest_difference(self) -> float:
        """Between any two output elements, in real numbers."""
        return max(
            abs(x - y)
            for a, b in zip(self.before.predictions, self.after.predictions, strict=True)
            for x, y in zip(a.values, b.values, strict=True)
        )


def run(before: Model, after: Model, path: Path, indices: tuple[int, ...], task: Task | None) -> Trial:
    """Run both on the samples ``indices`` of a data set; raises ``UsageError`` where its labels do not fit."""
    sides = []
    labelled = open_dataset(path, wanted_by(before)).labels is not None
    for what, model in (("float", before), ("quantized", after)):
        examples = _labelled(model, path, indices, task) if labelled else _plain(model, path, indices)
        sides.append((examples, _side(examples, labelled, what)))
    return Trial(task=sides[0][0].task if labelled else None, before=sides[0][1], after=sides[1][1])


def _labelled(model: Model, path: Path, indices: tuple[int, ...], task: Task | None) -> Examples:
    every = choose_examples(model, path, Choice(task=task))
    return replace(every, indices=indices, targets=every.targets[list(indices)], how=f"{len(indices):,} samples")


def _plain(model: Model, path: Path, indices: tuple[int, ...]) -> Examples:
    """Return examples of data without labels, whose outputs can be compared alone."""
    import numpy as np

    if len(model.outputs) != 1:
        msg = f"{model.name} has {len(model.outputs)} outputs; networks with one are compared"
        raise UsageError(msg)
    dataset = open_dataset(path, wanted_by(model))
    targets = np.zeros((len(indices), int(np.prod(model.outputs[0].shape))))
    return Examples(model=model, dataset=dataset, task=Task.REGRESSOR, indices=indices, targets=targets, how="")


def require_fitting(model: Model, path: Path, task: Task | None) -> None:
    """Raise ``UsageError`` where a data set or its labels do not go with ``model``, so that it cannot be tried."""
    if open_dataset(path, wanted_by(model)).labels is not None:
        choose_examples(model, path, Choice(task=task))
    else:
        _plain(model, path, ())


def _side(examples: Examples, labelled: bool, what: str) -> Side:
    """Run a network by TFLM's interpreter or, where that cannot, by LiteRT's."""
    by = reference.name()
    found = predict(examples)
    if found.scored is None:
        by = service.interpreter()
        found = predict(examples, _by_litert)
    if found.scored is None:
        msg = f"the {what} network cannot be tried: {found.by}"
        raise UnsupportedError(msg)
    scored = found.scored if labelled else None
    return Side(model=examples.model, scored=scored, by=by, predictions=found.predictions)


def _by_litert(model: Model, inputs: list[list[Array]]) -> list[list[Array]]:
    return service.outputs(model, inputs)


def _largest(prediction: Prediction) -> int:
    return max(range(len(prediction.values)), key=prediction.values.__getitem__)
