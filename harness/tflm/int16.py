"""Which kernels of a TFLM library take int16 activations: its sources tell, for a registration is for all types."""

from __future__ import annotations

import re
from pathlib import Path

from harness.errors import UnsupportedError
from harness.models import Model
from harness.tflm.library import TflmLibrary

_INT64 = re.compile(r"\bkTfLiteInt64\b|\bint64_t\b")
"""Where a kernel does not know of these, it has no int64 biases, which int16x8 comes with."""
_KERNELS = {
    "CONV_2D": "conv",
    "DEPTHWISE_CONV_2D": "depthwise_conv",
    "FULLY_CONNECTED": "fully_connected",
}


def require_kernels(model: Model, library: TflmLibrary) -> None:
    """Raise ``UnsupportedError`` where the library's kernels are older than the types of the network."""
    if all(tensor.dtype != "int16" for tensor in model.inputs):
        return
    for use in model.operators:
        stem = _KERNELS.get(use.name)
        if stem is not None and not any(_knows(file) for file in _sources(library.path, stem)):
            msg = f"{library} has no {use.name} for int16 activations"
            raise UnsupportedError(msg)


def _sources(library: Path, stem: str) -> list[Path]:
    return [file for file in library.rglob(f"micro/kernels/**/{stem}*") if file.is_file() and "test" not in file.name]


def _knows(file: Path) -> bool:
    return bool(_INT64.search(file.read_text(encoding="utf-8", errors="replace")))
