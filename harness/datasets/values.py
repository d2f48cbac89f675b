"""Values of a data set → inputs of a model, and the other way: quantized as the model says. Pure."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from harness.models import Array, Tensor

    Floats = npt.NDArray[np.float64]


class Form(Enum):
    """What the values of a data set are."""

    STORED = "as stored"
    """What the model takes, in its own type."""
    REAL = "real"
    """Real numbers, which are quantized by the input's scale and zero point where the model takes integers."""
    PIXELS = "pixels"
    """0 to 255: spread over the whole range of an integer input, from 0 to 1 for floats."""


_LARGEST_PIXEL = 255


def to_input(values: Array, form: Form, tensor: Tensor) -> Array:
    """Return values as the model's input: its type and shape. What lies outside its range is clipped."""
    import numpy as np

    dtype = np.dtype(tensor.dtype)
    if form is Form.PIXELS:
        spread = _spread(values, dtype)
        found: Array = spread if dtype.kind == "f" else np.rint(spread)
    elif form is Form.STORED or dtype.kind == "f":
        found = values
    else:
        found = _quantized(values, tensor)
    return np.ascontiguousarray(found.astype(dtype, copy=False)).reshape(tensor.shape)


def real_input(values: Array, form: Form, tensor: Tensor) -> Floats:
    """Return the numbers that the model's input for ``values`` stands for, before they are rounded: float64."""
    import numpy as np

    if form is Form.REAL:
        return values.astype(np.float64)
    if form is Form.STORED:
        return to_real(values, tensor)
    return to_real(_spread(values, np.dtype(tensor.dtype)), tensor)


def clipped(values: Array, form: Form, tensor: Tensor) -> int:
    """Return how many values lie outside what the input can hold."""
    import numpy as np

    dtype = np.dtype(tensor.dtype)
    if form is not Form.REAL or dtype.kind == "f":
        return 0
    scale, zero_point = _scale(tensor)
    limits = np.iinfo(dtype)
    found = np.rint(values.astype(np.float64) / scale) + zero_point
    return int(np.count_nonzero((found < limits.min) | (found > limits.max)))


def to_real(values: Array, tensor: Tensor) -> Floats:
    """Return the numbers that a tensor's values stand for, float64: scale · (value - zero point)."""
    import numpy as np

    found = values.astype(np.float64)
    if tensor.scale is None or np.dtype(tensor.dtype).kind == "f":
        return found
    return tensor.scale * (found - (tensor.zero_point or 0))


def _spread(values: Array, dtype: np.dtype[np.generic]) -> Floats:
    """Return pixels over the whole range of an integer type, or from 0 to 1."""
    import numpy as np

    share = values.astype(np.float64) / _LARGEST_PIXEL
    if dtype.kind == "f":
        return share
    limits = np.iinfo(str(dtype))
    return share * (int(limits.max) - int(limits.min)) + int(limits.min)


def _quantized(values: Array, tensor: Tensor) -> Floats:
    import numpy as np

    scale, zero_point = _scale(tensor)
    limits = np.iinfo(tensor.dtype)
    found: Floats = np.rint(values.astype(np.float64) / scale) + zero_point
    return np.clip(found, limits.min, limits.max)


def _scale(tensor: Tensor) -> tuple[float, int]:
    if tensor.scale is None or not tensor.scale > 0:
        msg = (
            f"the data are real numbers, and the input {tensor.name!r} ({tensor.dtype}) has no scale to quantize "
            f"them by: give them as {tensor.dtype}"
        )
        raise UsageError(msg)
    return tensor.scale, tensor.zero_point or 0
