"""Which implementations run a quantized network on a board: asked of the compiler and of the library's sources."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from harness import implementations, reference
from harness.boards import Board
from harness.case import Settings
from harness.errors import McuprofError, UnsupportedError
from harness.inspection.support import Support, fits, supports
from harness.models import Model

if TYPE_CHECKING:
    from harness.models import Array

_INT64 = re.compile(r"\bkTfLiteInt64\b|\bint64_t\b")
"""Where a kernel does not know of these, it has no int64 biases, which int16x8 comes with."""
_KERNELS = {
    "CONV_2D": "conv",
    "DEPTHWISE_CONV_2D": "depthwise_conv",
    "FULLY_CONNECTED": "fully_connected",
}


def runs_on(model: Model, settings: Settings, board: Board) -> list[Support]:
    """Return for each implementation whether it runs ``model`` on a board like ``board``, and why not.

    With TVM the network is compiled. With TFLM its operators have to be in the library, and the host's interpreter
    has to run it.
    """
    return [_asked(model, name, settings, board) for name in implementations.names()]


def _asked(model: Model, name: str, settings: Settings, board: Board) -> Support:
    (found,) = supports(fits(model, [implementations.create(name, settings)], [board]))
    if not found.supported:
        return found
    try:
        if name == "tflm":
            _require_kernels(model, settings)
            reference.outputs(model, _zeros(model))
        else:
            implementations.create(name, settings).check(model, board)
            return Support(implementation=name, supported=True, why=_unchecked(model))
    except UnsupportedError as error:
        return Support(implementation=name, supported=False, why=error.message)
    except McuprofError as error:
        return Support(implementation=name, supported=None, why=error.message)
    return found


def _unchecked(model: Model) -> str:
    """Say what cannot be measured where there is nothing to compare the board's outputs with."""
    try:
        reference.outputs(model, _zeros(model))
    except UnsupportedError:
        return "but TFLM's interpreter, which outputs are checked by, cannot: `mcuprof run` measures its flash alone"
    return ""


def _zeros(model: Model) -> list[list[Array]]:
    import numpy as np

    return [[np.zeros(tensor.shape, tensor.dtype) for tensor in model.inputs]]


def _require_kernels(model: Model, settings: Settings) -> None:
    """Raise ``UnsupportedError`` where the library's kernels are older than the types of the network."""
    from harness.tflm import selection

    if model.inputs[0].dtype != "int16":
        return
    library = selection.library(explicit=settings.tflm_library, sketchbook=settings.sketchbook)
    for use in model.operators:
        stem = _KERNELS.get(use.name)
        if stem is not None and not any(_knows(file) for file in _sources(library.path, stem)):
            msg = f"{library} has no {use.name} for int16 activations"
            raise UnsupportedError(msg)


def _sources(library: Path, stem: str) -> list[Path]:
    return [file for file in library.rglob(f"micro/kernels/**/{stem}*") if file.is_file() and "test" not in file.name]


def _knows(file: Path) -> bool:
    return bool(_INT64.search(file.read_text(encoding="utf-8", errors="replace")))
