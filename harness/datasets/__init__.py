"""Data sets of several kinds behind one Protocol, read sample by sample: none is ever loaded whole.

An ``.npz`` with ``x_data`` and ``y_data``, a folder of images or of ``.wav`` files by class, a ``.csv``. Which it is
follows from the path; what it holds has to fit the model's input.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harness.datasets.values import Form
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.models import Array, Model, Tensor


class Dataset(Protocol):
    """Samples with their labels."""

    @property
    def path(self) -> Path:
        """Where it is."""
        ...

    @property
    def source(self) -> str:
        """What it is and what is made of its values, in a few words."""
        ...

    @property
    def count(self) -> int:
        """How many samples it has."""
        ...

    @property
    def form(self) -> Form:
        """What its values are."""
        ...

    @property
    def labels(self) -> Array | None:
        """One a sample: numbers of classes, or values to be predicted, shaped (count,) or (count, values)."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, where it has any."""
        ...

    @property
    def windows(self) -> int:
        """How many inputs of the model a sample is made of."""
        ...

    def read(self, indices: Sequence[int]) -> Iterator[Array]:
        """Yield the values of the samples ``indices``, which ascend, each shaped (windows, elements).

        Raises ``UsageError`` that names the sample where one is damaged or holds what is no number.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a data set has to fit."""

    tensor: Tensor
    """The model's input."""
    labels: tuple[str, ...] = ()
    """The names of its classes, where its file has them."""

    @property
    def elements(self) -> int:
        """How many numbers one input has."""
        return math.prod(self.tensor.shape)


def wanted_by(model: Model) -> Wanted:
    """Return what a data set for ``model`` has to fit; raises ``UsageError`` where it has several inputs."""
    if len(model.inputs) != 1:
        msg = f"--data needs a model with one input, and {model.name} has {len(model.inputs)}"
        raise UsageError(msg)
    return Wanted(tensor=model.inputs[0], labels=model.labels)


def open_dataset(path: Path, wanted: Wanted) -> Dataset:
    """Return the data set at ``path``; raises ``UsageError`` where there is none, or none that fits.

    Raises ``MissingError`` where a package is needed that is not installed.
    """
    from harness.datasets import folder, npz, table

    if path.is_dir():
        return folder.open_folder(path, wanted)
    if not path.is_file():
        msg = f"there is no data file {path}"
        raise UsageError(msg)
    if path.suffix.lower() == ".csv":
        return table.open_table(path, wanted)
    return npz.open_npz(path, wanted)
