"""Which implementations run a quantized network on a board: asked of the compiler and of the library's sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import implementations, reference
from harness.boards import Board
from harness.case import Settings
from harness.errors import McuprofError, UnsupportedError
from harness.inspection.support import Support, fits, supports
from harness.models import Model

if TYPE_CHECKING:
    from harness.models import Array


def runs_on(model: Model, settings: Settings, board: Board) -> list[Support]:
    """Return for each implementation whether it runs ``model`` on a board like ``board``, and why not.

    With TVM the network is compiled. With TFLM its operators and their types have to be in the library, and the
    host's interpreter has to run it.
    """
    return [_asked(model, name, settings, board) for name in implementations.names()]


def _asked(model: Model, name: str, settings: Settings, board: Board) -> Support:
    (found,) = supports(fits(model, [implementations.create(name, settings)], [board]))
    if not found.supported:
        return found
    try:
        if name == "tflm":
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
