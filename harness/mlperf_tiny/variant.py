"""A sketch with the profiling firmware → the same network with firmware that speaks MLPerf Tiny's protocol."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum

from harness import sketch
from harness.boards import Board
from harness.errors import UnsupportedError, UsageError
from harness.models import Model, Tensor
from harness.sketch import Sketch

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_REPLACED = ("clock.h", "firmware.cpp", "reset.h", "wire.cpp", "wire.h")
_TYPES = {"int8": "int8_t", "uint8": "uint8_t", "int16": "int16_t", "float32": "float"}


class Sent(Enum):
    """What the host sends for an int8 input."""

    AS_IT_IS = "int8"
    PIXELS = "uint8"
    """0 to 255, of which 128 is taken."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What MLPerf Tiny leaves to each model."""

    model_id: str = "mcuprof"
    """The name by which its runner chooses a test: ``kws01``, ``vww01``, ``ic01``, ``ad01``."""
    sent: Sent = Sent.AS_IT_IS
    reconstruction: bool = False
    """Whether the result is the mean squared difference of output and input, as of ad01."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.model_id):
            msg = f"the model's name {self.model_id!r} cannot be sent: up to 32 letters, digits, dots, dashes and _"
            raise UsageError(msg)


def speaking(whole: Sketch, model: Model, board: Board, implementation: str, dialect: Dialect) -> Sketch:
    """Return the sketch with the other firmware; raises ``UnsupportedError`` for a model that cannot have it."""
    source, result = _only(model.inputs, model, "inputs"), _only(model.outputs, model, "outputs")
    if dialect.sent is Sent.PIXELS and source.dtype != "int8":
        msg = f"pixels become int8, and {model.name} takes {source.dtype}"
        raise UnsupportedError(msg)
    files = {name: sketch.encoded(content) for name, content in whole.files.items() if name not in _REPLACED}
    header = sketch.render(
        "mlperf_tiny/mlperf.h.j2",
        board=board,
        implementation=implementation,
        model_id=dialect.model_id,
        input_type=_TYPES[source.dtype],
        output_type=_TYPES[result.dtype],
        input_scale=_literal(source),
        input_zero_point=source.zero_point or 0,
        output_scale=_literal(result),
        output_zero_point=result.zero_point or 0,
        input_quantized=source.dtype in ("int8", "int16") and source.scale is not None,
        pixels=dialect.sent is Sent.PIXELS,
        reconstruction=dialect.reconstruction,
    )
    files["mlperf.h"] = sketch.encoded(header)
    files["firmware.cpp"] = sketch.encoded(sketch.copy("mlperf_tiny/firmware.cpp"))
    digest = sketch.digest_of(files)
    files["config.h"] = files["config.h"].replace(whole.digest.encode(), digest.encode())
    return Sketch(files=files, digest=digest)


def _only(tensors: tuple[Tensor, ...], model: Model, what: str) -> Tensor:
    if len(tensors) != 1 or tensors[0].dtype not in _TYPES:
        found = ", ".join(f"{tensor.dtype} {list(tensor.shape)}" for tensor in tensors)
        msg = f"MLPerf Tiny's protocol is for one input and one output; the {what} of {model.name} are {found}"
        raise UnsupportedError(msg)
    return tensors[0]


def _literal(tensor: Tensor) -> str:
    """Return the scale as a C number; 1 for a tensor without one."""
    scale = tensor.scale if tensor.scale is not None and math.isfinite(tensor.scale) else 1.0
    return f"{scale:.9e}"
