"""Which samples ranges are taken from, which ones the network is tried on, and whether they go with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.datasets import Dataset, open_dataset, wanted_by
from harness.datasets.sampling import choose
from harness.datasets.values import clipped, to_input
from harness.errors import UsageError
from harness.models import Model

if TYPE_CHECKING:
    from harness.models import Array

_MOST_CLIPPED = 0.1
"""A larger share of values outside the input's range is no matter of some rare values."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """Samples by their place in their data sets."""

    calibration: tuple[int, ...]
    test: tuple[int, ...]
    shared: bool = False
    """Whether they are the same samples, for there are too few to keep them apart."""


def split(count: int, *, calibration: int, test: int, tests: int | None, seed: int) -> Split:
    """Return which of ``count`` samples are taken; ``tests`` is the size of a test set of its own, if there is one.

    Without, the test samples come from what calibration leaves, and at least half are left where there are two.
    """
    if tests is not None:
        return Split(
            calibration=tuple(choose(count, calibration, seed=seed)), test=tuple(choose(tests, test, seed=seed))
        )
    if count == 1:
        return Split(calibration=(0,), test=(0,), shared=True)
    taken = choose(count, min(calibration, count // 2), seed=seed)
    left = sorted(set(range(count)) - set(taken))
    return Split(calibration=tuple(taken), test=tuple(left[place] for place in choose(len(left), test, seed=seed)))


def open_for(model: Model, path: Path) -> Dataset:
    """Return the data set at ``path``; raises ``UsageError`` where it does not go with ``model``."""
    return open_dataset(path, wanted_by(model))


def calibration_inputs(
    model: Model, dataset: Dataset, indices: tuple[int, ...], ends: tuple[float, float] | None
) -> list[Array]:
    """Return inputs to take ranges from.

    Raises ``UsageError`` where a value is no number or outside ``ends``, or where all values are the same.
    """
    import numpy as np

    inputs: list[Array] = []
    for index, windows in zip(indices, dataset.read(indices), strict=True):
        made = [to_input(window, dataset.form, model.inputs[0]) for window in windows]
        if ends is not None and any(each.min() < ends[0] or each.max() > ends[1] for each in made):
            low, high = min(float(each.min()) for each in made), max(float(each.max()) for each in made)
            msg = (
                f"{dataset.path}: the values of sample {index} go from {low:g} to {high:g}, and --range says "
                f"{ends[0]:g} to {ends[1]:g}"
            )
            raise UsageError(msg)
        inputs += made
    if all(np.ptp(each) == 0 and each.flat[0] == inputs[0].flat[0] for each in inputs):
        msg = f"{dataset.path}: all values of the calibration samples are {inputs[0].flat[0]:g}: they show no range"
        raise UsageError(msg)
    return inputs


def clipped_share(model: Model, path: Path, indices: tuple[int, ...]) -> float:
    """Return the share of the test samples' values that the input of the quantized ``model`` cannot hold.

    Raises ``UsageError`` where it is so large that the data must have another scale than those of the calibration.
    """
    tensor = model.inputs[0]
    if tensor.scale is None:
        return 0.0
    dataset = open_for(model, path)
    outside = total = 0
    for windows in dataset.read(indices):
        outside += clipped(windows, dataset.form, tensor)
        total += windows.size
    share = outside / total
    if share > _MOST_CLIPPED:
        low, high = _limits(model)
        msg = (
            f"{dataset.path}: {100 * share:.0f} % of the values of the test samples are outside {low:.4g} to "
            f"{high:.4g}, what the calibration samples have: are they scaled alike? (--range sets the input's range)"
        )
        raise UsageError(msg)
    return share


def _limits(model: Model) -> tuple[float, float]:
    import numpy as np

    tensor = model.inputs[0]
    ends = np.iinfo(tensor.dtype)
    scale, zero = tensor.scale or 1.0, tensor.zero_point or 0
    return scale * (int(ends.min) - zero), scale * (int(ends.max) - zero)
