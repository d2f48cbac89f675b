"""A program that torch.export saved → .tflite, by PyTorch's exporter to ONNX and onnx2tf.

The outputs are compared with PyTorch's own, so that both steps are checked.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.convert import from_onnx
from harness.convert.comparing import Original
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.models import Array


def convert(source: Path, made: Path) -> Original:
    """Write ``made`` and return the original; raises ``UsageError`` for a program that cannot be converted."""
    import torch

    program = _load(source)
    module = program.module(check_guards=False)
    exported = made.with_name("exported.onnx")
    torch.onnx.export(program, (), str(exported), dynamo=True, external_data=False, verbose=False)

    def run(arrays: list[Array]) -> list[Array]:
        with torch.no_grad():
            found = module(*map(torch.from_numpy, arrays))
        return [tensor.numpy() for tensor in torch.utils._pytree.tree_leaves(found)]

    return replace(from_onnx.convert(exported, made), run=run)


def _load(source: Path) -> Any:  # noqa: ANN401 (torch.export.ExportedProgram)
    import torch

    _require_no_objects(source)
    try:
        return torch.export.load(str(source))
    # torch throws what its readers do.
    except Exception as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        msg = f"PyTorch {torch.__version__} cannot load it: {said[:300]}"
        raise UsageError(msg) from error


def _require_no_objects(source: Path) -> None:
    """Raise ``UsageError`` where the file holds pickled objects other than tensors: loading them could run code."""
    import pickle

    import torch

    with zipfile.ZipFile(source) as archive:
        for entry in archive.infolist():
            path = Path(entry.filename)
            content = archive.read(entry)
            pickled = path.name.endswith("config.json") and b'"use_pickle": true' in content
            if pickled or path.name.startswith("custom_obj"):
                msg = f"it holds pickled objects ({path.name}), which could run code when they are loaded"
                raise UsageError(msg)
            if path.suffix != ".pt" or not content:
                continue
            try:
                torch.load(io.BytesIO(content), weights_only=True)
            except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
                msg = f"it holds pickled objects other than tensors ({path.name}), which could run code when loaded"
                raise UsageError(msg) from error
