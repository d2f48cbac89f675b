"""A program that torch.export saved → .tflite, by litert-torch."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.convert.comparing import Original, Source, fixed
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.models import Array

_PICTURE = 4
"""Axes of an input that is taken for pictures: batch, channels, height, width."""


def convert(source: Path, made: Path) -> Original:
    """Write ``made`` and return the original; raises ``UsageError`` for a program that cannot be converted.

    Inputs and outputs with four axes become channels-last, as TensorFlow Lite's operators want them.
    """
    import litert_torch
    import torch

    program = _load(source)
    values = {node.name: node.meta["val"] for node in program.graph.nodes if "val" in node.meta}
    inputs = [(name, _shape(values[name]), values[name].dtype) for name in program.graph_signature.user_inputs]
    outputs = [str(name) for name in program.graph_signature.user_outputs]
    sources = [
        Source(name=name, shape=fixed(name, shape), channels_last=len(shape) == _PICTURE) for name, shape, _ in inputs
    ]
    module = program.module(check_guards=False)
    turned = [place for place, each in enumerate(sources) if each.channels_last]
    given = [place for place, name in enumerate(outputs) if values[name].dim() == _PICTURE]
    wrapped = litert_torch.to_channel_last_io(module, args=turned, outputs=given) if turned or given else module
    examples = []
    for each, (_, _, dtype) in zip(sources, inputs, strict=True):
        example = torch.zeros(each.shape, dtype=dtype)
        examples.append(example.permute(0, 2, 3, 1).contiguous() if each.channels_last else example)
    litert_torch.convert(wrapped, tuple(examples)).export(str(made))

    def run(arrays: list[Array]) -> list[Array]:
        with torch.no_grad():
            found = module(*map(torch.from_numpy, arrays))
        return [tensor.numpy() for tensor in torch.utils._pytree.tree_leaves(found)]

    return Original(
        inputs=tuple(sources),
        outputs=tuple(
            Source(name=name, shape=(), channels_last=True, found=f"output_{place}")
            for place, name in enumerate(outputs)
        ),
        run=run,
    )


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


def _shape(value: Any) -> list[int | None]:  # noqa: ANN401 (a fake tensor)
    return [size if isinstance(size, int) else None for size in value.shape]
