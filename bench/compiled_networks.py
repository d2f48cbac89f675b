"""Rows about compiled networks beside TFLM: the same flags, the same virtual board, one run a model."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.process import SHARED_MODELS, mcuprof, measurements
from bench.row import Row, below

_BOARD = "nano33ble-sim"
_BUNDLED = Path(__file__).resolve().parents[1] / "models"
_COMPILED = "person_detection"
_MOST_INSTRUCTIONS = {
    "micro_speech_quantized": {"int8": 0.52e6, "int16": 0.47e6},
    "person_detect": {"int8": 9.2e6, "int16": 8.5e6},
    "kws_ref_model": {"int8": 3.4e6, "int16": 3.1e6},
    "ad01_int8": {"int8": 0.40e6, "int16": 0.31e6},
}
"""Aims in instructions for networks that are not in the repository, by name and weights."""


def rows() -> Iterator[Row]:
    """Yield the rows: the real networks beside the checkout where they are, and the bundled ones."""
    with tempfile.TemporaryDirectory(prefix="mcuprof-bench-") as name:
        folder = Path(name)
        yield _compile_time(folder)
        for model in [*sorted(SHARED_MODELS.glob("*.tflite")), *sorted(_BUNDLED.glob("*.tflite"))]:
            yield from _beside_tflm(folder, model)


def _compile_time(folder: Path) -> Row:
    """Return how long a process takes from the .tflite to C, nothing of it cached."""
    began = time.monotonic()
    mcuprof(folder, "codegen", _COMPILED, "-o", str(folder / "c"))
    return below(f"codegen {_COMPILED}, nothing cached", time.monotonic() - began, 5)


def _beside_tflm(folder: Path, model: Path) -> Iterator[Row]:
    """Yield the rows of a network: with weights as int8, the default, and as int16 where that makes a difference."""
    cells = _measured(folder, model, "--impl", "tflm", "--impl", "tvm-aot")
    theirs = {metric: cells["tflm", metric] for metric in ("inference", "flash")}
    kernels = str(theirs["inference"]["provenance"].get("tflm_kernels", ""))
    narrow = {metric: cells["tvm-aot", metric] for metric in theirs}
    found = _measured(folder, model, "--impl", "tvm-aot", "--weights", "int16")
    wide = {metric: found["tvm-aot", metric] for metric in theirs}
    differ = wide["flash"]["value"] != narrow["flash"]["value"]
    limits = _MOST_INSTRUCTIONS.get(model.stem, {})
    for weights, ours in {"int8": narrow, **({"int16": wide} if differ else {})}.items():
        what = f"{model.stem}: inference, {weights} weights"
        yield _ratio(what, ours["inference"], theirs["inference"], kernels, limits.get(weights))
    yield _ratio(f"{model.stem}: flash, int8 weights", narrow["flash"], theirs["flash"], kernels)
    if differ:
        yield _ratio(f"{model.stem}: flash, int16 weights", wide["flash"], theirs["flash"], kernels, math.inf)
    arenas = ({"value": m["inference"]["provenance"]["arena_bytes"], "unit": "B"} for m in (narrow, theirs))
    yield _ratio(f"{model.stem}: arena", *arenas, kernels)


def _measured(folder: Path, model: Path, *words: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the measurements of a run, by implementation and metric."""
    whole = ("run", str(model), *words, "--board", _BOARD, "--opt", "O2", "--clock", "instruction-count")
    return {(m["implementation"], m["metric"]): m for m in measurements(folder, *whole)}


def _ratio(what: str, ours: dict[str, Any], theirs: dict[str, Any], kernels: str, limit: float | None = None) -> Row:
    """Return the row of a figure beside TFLM's; its aim is ``limit``, or what TFLM has where none is given."""
    value, other, unit = ours["value"], theirs["value"], theirs["unit"]
    aim = "at most 1" if limit is None else "shown" if math.isinf(limit) else f"at most {limit:,.0f} {unit}"
    return Row(
        what=f"{what}, tvm-aot {value:,.0f} / tflm {other:,.0f} {unit}",
        figure=value / other,
        unit="times",
        aim=f"{aim} ({kernels}, -O2)",
        met=value <= (other if limit is None else limit),
    )
