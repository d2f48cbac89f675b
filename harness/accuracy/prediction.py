"""What one run of a network over a sample says, in the numbers that scores are made of. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.accuracy.task import Task
from harness.datasets.values import to_real

if TYPE_CHECKING:
    from harness.datasets.values import Floats
    from harness.models import Tensor

_DIGEST = 16


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What came out for one sample."""

    index: int
    """Of the sample in its data set."""
    digest: str
    """Of the bytes of all outputs: equal digests are equal outputs in every bit. Empty where they came rounded."""
    values: tuple[float, ...]
    """The outputs as real numbers; of an anomaly detector the reconstruction error alone."""
    times: tuple[float, ...] = ()
    """Of each inference, in the unit of the board's clock."""
    took_s: float = 0.0
    """By the host's clock, with the way there and back."""


def of(index: int, raw: Sequence[bytes], real_inputs: Sequence[Floats], output: Tensor, task: Task) -> Prediction:
    """Return the prediction of a sample from the bytes of the output tensor, one a window.

    ``real_inputs`` are what the inputs stand for. The error of an anomaly detector is MLPerf Tiny's for ad01: the
    mean of the squared differences between output and input, averaged over the windows of the sample.
    """
    import numpy as np

    outputs = [to_real(np.frombuffer(piece, output.dtype), output) for piece in raw]
    if task is Task.ANOMALY:
        errors = [np.mean((found - wanted.ravel()) ** 2) for found, wanted in zip(outputs, real_inputs, strict=True)]
        values = [float(np.mean(errors))]
    else:
        values = np.mean(outputs, axis=0).tolist()
    return Prediction(index=index, digest=digest(raw), values=tuple(map(float, values)))


def digest(pieces: Sequence[bytes]) -> str:
    """Return sixteen hexadecimal digits that stand for bytes."""
    whole = hashlib.sha256()
    for piece in pieces:
        whole.update(piece)
    return whole.hexdigest()[:_DIGEST]
