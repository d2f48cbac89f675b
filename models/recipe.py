"""What a bundled model is made from: its samples, its network and how it is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Int8Array = npt.NDArray[np.int8]
LabelArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Labelled inputs of a network, in real (not quantized) units.

    ``x`` is float32 of shape (N, *input shape without the batch); ``y`` is int64 of shape (N,).
    """

    x: FloatArray
    y: LabelArray

    def take(self, index: npt.NDArray[np.int64]) -> Samples:
        """Return the samples at ``index``, int64 of shape (M,), in that order."""
        return Samples(x=self.x[index], y=self.y[index])

    def first_of_each_class(self, per_class: int) -> Samples:
        """Return the first ``per_class`` samples of each class, in the order they stand in."""
        chosen = [np.flatnonzero(self.y == label)[:per_class] for label in np.unique(self.y)]
        return self.take(np.sort(np.concatenate(chosen)))


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything needed to make one bundled model.

    ``input_range`` is the range of real values that the int8 input spans: -128 stands for the first and 127
    for the second. ``bundled_per_class`` is how many test samples of each class are kept beside the model;
    None keeps the whole test set.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    data: str
    input_range: tuple[float, float]
    bundled_per_class: int | None
    samples: Callable[[int], tuple[Samples, Samples]]
    """From a seed to (training samples, held-out test samples)."""
    network: Callable[[], keras.Model]
    """The untrained network; its input has a batch dimension, its output is softmax probabilities."""
    fit: Callable[[keras.Model, Samples], None]
    """Train the network in place."""
