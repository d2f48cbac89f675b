"""Quantizes a network in a process of its own, and runs networks that TFLM cannot by LiteRT's interpreter."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness import cmd, models, paths
from harness.errors import MissingError, ToolFailedError, UnsupportedError
from harness.models import Model
from harness.quantization.scheme import Scheme

if TYPE_CHECKING:
    from harness.models import Array

_TIMEOUT_S = 1800


def require_packages() -> None:
    """Raise ``MissingError`` where the quantizer is not installed."""
    if importlib.util.find_spec("ai_edge_quantizer") is None:
        msg = "to quantize, ai-edge-quantizer has to be installed: pip install 'mcuprof[quantize]'"
        raise MissingError(msg)


def name() -> str:
    """Return name and version of the quantizer."""
    return f"ai-edge-quantizer {importlib.metadata.version('ai-edge-quantizer')}"


def interpreter() -> str:
    """Return name and version of LiteRT's interpreter."""
    return f"LiteRT {importlib.metadata.version('ai-edge-litert')}"


def quantize(
    model: Model, scheme: Scheme, inputs: Sequence[Array], ends: tuple[float, float] | None, out: Path
) -> Model:
    """Return ``model`` quantized, as the file ``out`` would hold it.

    ``inputs``, of the input's shape, are what ranges are taken from; ``ends`` is the input's own range where that is
    not what was seen. Raises ``ToolFailedError`` where the quantizer fails.
    """
    import numpy as np

    with _folder() as made:
        folder = Path(made)
        source, target, samples = folder / "model.tflite", folder / "quantized.tflite", folder / "samples.npz"
        source.write_bytes(model.data)
        words: list[str | Path] = [scheme.value, source, target]
        if inputs:
            arrays: dict[str, Array] = {"inputs": np.stack(inputs)}
            if ends is not None:
                arrays["range"] = np.array(ends, np.float32)
            np.savez(samples, **arrays)  # type: ignore[arg-type]
            words.append(samples)
        done = cmd.run_module("harness.quantization", *words, timeout=_TIMEOUT_S)
        if done.returncode != 0 or not target.is_file():
            log = paths.cache() / "logs" / f"quantize-{hashlib.sha256(model.data).hexdigest()[:16]}.txt"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(f"{done.stdout}\n{done.stderr}")
            msg = f"{name()} could not quantize {model.name}: {_last_line(done)} (all it said: {log})"
            raise ToolFailedError(msg)
        return models.parse(target.read_bytes(), out)


def outputs(model: Model, inputs: list[list[Array]]) -> list[list[Array]]:
    """Return what LiteRT's interpreter gives; raises ``UnsupportedError`` where it cannot run the model."""
    import numpy as np

    with _folder() as made:
        folder = Path(made)
        (folder / "model.tflite").write_bytes(model.data)
        named = {f"{i}_{j}": array for i, arrays in enumerate(inputs) for j, array in enumerate(arrays)}
        np.savez(folder / "inputs.npz", **named)  # type: ignore[arg-type]
        files = folder / "model.tflite", folder / "inputs.npz", folder / "outputs.npz"
        done = cmd.run_module("harness.quantization.litert", *files, timeout=_TIMEOUT_S)
        if done.returncode != 0 or not files[2].is_file():
            msg = f"{interpreter()} cannot run {model.name}: {_last_line(done)}"
            raise UnsupportedError(msg)
        with np.load(files[2], allow_pickle=False) as stored:
            return [[stored[f"{i}_{j}"] for j in range(len(model.outputs))] for i in range(len(inputs))]


def _folder() -> tempfile.TemporaryDirectory[str]:
    place = paths.cache() / "converted"
    place.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="mcuprof-", dir=place)


def _last_line(done: cmd.Completed) -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return (lines or [f"it ended with code {done.returncode}"])[-1][:300]
