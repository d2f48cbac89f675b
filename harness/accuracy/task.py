"""What the labels of a data set ask of a network: a class, numbers, or whether it is unusual. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from harness.models import Array

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]

_PAIR = 2
_LARGEST = 1e150
"""The squares of larger numbers, and their sums, are past what a float64 holds."""


class Task(Enum):
    """What a network is for."""

    CLASSIFIER = "classifier"
    """The largest output is the class; a single output is the probability of class 1."""
    REGRESSOR = "regressor"
    """The outputs are the numbers looked for."""
    ANOMALY = "anomaly"
    """The outputs are the input again; the worse they match, the more unusual it is (label 1)."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Sizes of a network and of a sample of the data set."""

    inputs: int
    """Numbers that go in."""
    outputs: int
    """Numbers that come out."""
    windows: int
    """Inputs a sample."""


def guess(labels: Array, shape: Shape) -> Task:
    """Return what labels ask of a network, by their kind and by its shape."""
    import numpy as np

    if _one_hot(labels, shape):
        return Task.CLASSIFIER
    flat = _flat(labels)
    whole = flat.ndim == 1 and _is_whole(flat)
    binary = whole and set(np.unique(flat).tolist()) <= {0, 1}
    if binary and shape.outputs == shape.inputs and (shape.windows > 1 or shape.outputs > _PAIR):
        return Task.ANOMALY
    if whole and (binary or shape.outputs > 1):
        return Task.CLASSIFIER
    return Task.REGRESSOR


def targets(labels: Array, task: Task, shape: Shape) -> Array:
    """Return labels as a task takes them: numbers of classes, int64, or values, float64 (samples, outputs).

    Raises ``UsageError`` that names the sample where a label is no number or out of range.
    """
    import numpy as np

    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        first = int(np.argmin(np.isfinite(labels).reshape(len(labels), -1).all(axis=1)))
        msg = f"the label of sample {first} is no finite number"
        raise UsageError(msg)
    if task is Task.REGRESSOR:
        found = _flat(labels).reshape(len(labels), -1).astype(np.float64)
        large = np.flatnonzero((np.abs(found) > _LARGEST).any(axis=1))
        if large.size:
            msg = f"the label of sample {large[0]} is too large to be scored: its square is no number"
            raise UsageError(msg)
        if found.shape[1] != shape.outputs:
            msg = f"the labels have {found.shape[1]} numbers a sample, and the model gives {shape.outputs}"
            raise UsageError(msg)
        return found
    return _classes(labels, task, shape)


def _classes(labels: Array, task: Task, shape: Shape) -> Whole:
    import numpy as np

    one_hot = task is Task.CLASSIFIER and _one_hot(labels, shape)
    flat = np.argmax(labels, axis=1) if one_hot else _flat(labels)
    if flat.ndim != 1 or (flat % 1).any():
        what = f"of shape {list(labels.shape[1:])}" if flat.ndim != 1 else "that are no whole numbers"
        msg = f"a {task.value} needs one class a sample, and the data have labels {what}: is it a regressor (--task)?"
        raise UsageError(msg)
    count = _PAIR if task is Task.ANOMALY or shape.outputs == 1 else shape.outputs
    wrong = np.flatnonzero(np.less(flat, 0) | np.greater_equal(flat, count))
    if wrong.size:
        first = int(wrong[0])
        msg = f"the label of sample {first} is {int(flat[first])}, and the classes are 0 to {count - 1}"
        raise UsageError(msg)
    numbers: Whole = flat.astype(np.int64)
    return numbers


def _flat(labels: Array) -> Array:
    """Return labels of one number a sample as a plain list of them."""
    return labels.reshape(-1) if labels.size == len(labels) else labels


def _is_whole(labels: Array) -> bool:
    """Whether labels are whole numbers, of whichever type: NumPy reads classes from texts as floats."""
    import numpy as np

    return labels.dtype.kind in "iub" or bool(np.isfinite(labels).all() and not (labels % 1).any())


def _one_hot(labels: Array, shape: Shape) -> bool:
    """Whether there is a row a sample, with a one at its class and zeros elsewhere."""
    import numpy as np

    if labels.ndim != _PAIR or labels.shape[1] != shape.outputs or shape.outputs == 1:
        return False
    return bool(np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all())
