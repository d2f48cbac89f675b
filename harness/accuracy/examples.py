"""The samples of a data set that a network is tried on, with what they ask of it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from harness.accuracy.task import Shape, Task, guess, targets
from harness.datasets import Dataset, open_dataset, wanted_by
from harness.datasets.sampling import choose
from harness.datasets.values import clipped, real_input, to_input
from harness.errors import UsageError
from harness.models import Model, Tensor

if TYPE_CHECKING:
    from harness.datasets.values import Floats
    from harness.models import Array

_LOOKED_AT = 64
"""Samples whose values are held against the range of the input before the work."""
_DIGEST = 16
_NAMED = 60
"""So many characters of the names of classes are told in an error."""
_NORMAL = "normal"
_CLIPPED = 0.01
"""A share of values outside the range that needs no word: outliers are clipped when a model is quantized."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which samples the user wants, and what for."""

    samples: int | None = None
    """How many; None is all."""
    seed: int = 0
    stratified: bool = True
    """Whether each class of a classifier or anomaly detector has its share."""
    task: Task | None = None
    """None is guessed from the data."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """One sample, ready to be run."""

    index: int
    inputs: tuple[Array, ...]
    """One a window, in the model's type and shape."""
    real: tuple[Floats, ...]
    """The numbers that they stand for."""


@dataclass(frozen=True, kw_only=True)
class Examples:
    """The samples that a model is tried on."""

    model: Model
    dataset: Dataset
    task: Task
    indices: tuple[int, ...]
    targets: Array = field(repr=False)
    """Of the chosen samples, in their order; see ``task.targets``."""
    how: str
    """How they were chosen, in a few words."""

    @property
    def tensor(self) -> Tensor:
        """The model's input."""
        return self.model.inputs[0]

    def classes(self) -> tuple[str, ...]:
        """Return the names of the classes, where model or data set has them."""
        return self.dataset.classes or self.model.labels

    def digest(self) -> str:
        """Return sixteen hexadecimal digits that stand for samples and labels, as they are stored."""
        whole = hashlib.sha256(self.targets.tobytes())
        for values in self.dataset.read(self.indices):
            whole.update(values.tobytes())
        return whole.hexdigest()[:_DIGEST]

    def read(self, indices: Sequence[int] | None = None) -> Iterator[Example]:
        """Yield the samples, one after the other, all or those ``indices``, which ascend."""
        chosen = self.indices if indices is None else tuple(indices)
        form = self.dataset.form
        for index, windows in zip(chosen, self.dataset.read(chosen), strict=True):
            yield Example(
                index=index,
                inputs=tuple(to_input(window, form, self.tensor) for window in windows),
                real=tuple(real_input(window, form, self.tensor) for window in windows),
            )


def _anomalies(labels: Array, dataset: Dataset) -> Array:
    """Return 1 for what is not normal, by the names of two classes, which stand in the order of their names."""
    import numpy as np

    if dataset.classes == ("0", "1"):
        return labels
    if _NORMAL not in dataset.classes:
        named = " and ".join(map(repr, dataset.classes))
        msg = f"{dataset.path}: which class is the anomaly? The classes are {named}: call the other one {_NORMAL!r}"
        raise UsageError(msg)
    return np.asarray(labels != dataset.classes.index(_NORMAL), labels.dtype)


def choose_examples(model: Model, data: Path | None, choice: Choice) -> Examples:
    """Return the samples of ``data``, by default the .npz beside the model; raises ``UsageError``."""
    path = data or model.path.with_suffix(".npz")
    if data is None and not path.is_file():
        msg = f"there is no data set beside {model.name} ({path.name}): name one with --data"
        raise UsageError(msg)
    if len(model.outputs) != 1:
        msg = f"{model.name} has {len(model.outputs)} outputs; accuracy is of networks with one"
        raise UsageError(msg)
    dataset = open_dataset(path, wanted_by(model))
    if dataset.labels is None:
        msg = f"{path} has no labels, and without them there is nothing to be right about: an .npz needs y_data"
        raise UsageError(msg)
    sizes = [math.prod(tensor.shape) for tensor in (model.inputs[0], model.outputs[0])]
    shape = Shape(inputs=sizes[0], outputs=sizes[1], windows=dataset.windows)
    task = choice.task or guess(dataset.labels, shape)
    if task is Task.ANOMALY and shape.inputs != shape.outputs:
        msg = f"an anomaly detector gives its input again, and {model.name} gives {sizes[1]} numbers for {sizes[0]}"
        raise UsageError(msg)
    if task is Task.CLASSIFIER:
        _require_all_classes(dataset, model)
    try:
        wanted = targets(dataset.labels, task, shape)
    except UsageError as error:
        msg = f"{path}: {error.message}"
        raise UsageError(msg) from error
    if task is Task.ANOMALY and dataset.classes:
        wanted = _anomalies(wanted, dataset)
    by_class = wanted.tolist() if choice.stratified and task is not Task.REGRESSOR else None
    indices = choose(dataset.count, choice.samples, seed=choice.seed, classes=by_class)
    return Examples(
        model=model,
        dataset=dataset,
        task=task,
        indices=tuple(indices),
        targets=wanted[indices],
        how=_how(dataset.count, len(indices), choice.seed, by_class is not None) + _clipping(dataset, indices, model),
    )


def _require_all_classes(dataset: Dataset, model: Model) -> None:
    """Raise ``UsageError`` where classes have names, and which output each one is cannot be told.

    The model's own labels tell it where it has them, and nothing else does. Else the order by name does, where all
    are there.
    """
    names, outputs = dataset.classes, math.prod(model.outputs[0].shape)
    strange = [name for name in names if name not in model.labels]
    if model.labels and strange:
        msg = (
            f"{dataset.path} has the class {shorten(strange[0], _NAMED)!r}, and the labels of {model.name} are "
            f"{shorten(', '.join(model.labels), _NAMED)}: which output it is cannot be told. Name classes by these "
            "labels"
        )
        raise UsageError(msg)
    if names and not model.labels and len(names) != max(outputs, 2):
        msg = (
            f"{dataset.path} names {len(names)} classes ({shorten(', '.join(names), _NAMED)}), and {model.name} "
            f"gives {outputs} numbers without names, and which is which cannot be told: let it have all classes, or "
            "give them by number (y_data of an .npz, or the label of a .csv)"
        )
        raise UsageError(msg)


def _clipping(dataset: Dataset, indices: Sequence[int], model: Model) -> str:
    """Say how much of the data lies outside what the input can hold, where that is more than a little."""
    outside = total = 0
    for values in dataset.read(indices[:_LOOKED_AT]):
        outside += clipped(values, dataset.form, model.inputs[0])
        total += values.size
    if outside <= _CLIPPED * total:
        return ""
    return (
        f", {100 * outside / total:.0f} % of whose values lie outside the range of the model's input and are clipped"
    )


def _how(count: int, taken: int, seed: int, stratified: bool) -> str:
    if taken == count:
        return f"all {count:,} samples"
    shares = ", each class with its share" if stratified else ""
    return f"{taken:,} of {count:,} samples by seed {seed}{shares}"
