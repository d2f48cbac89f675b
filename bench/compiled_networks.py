"""Rows about compiled networks beside TFLM: the same flags, the same virtual board, one run a model."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.process import mcuprof
from bench.row import Row, below

_BOARD = "nano33ble-sim"
_SHARED = Path(__file__).resolve().parents[2] / "shared" / "models"
_BUNDLED = Path(__file__).resolve().parents[1] / "models"
_COMPILED = "person_detection"


def rows() -> Iterator[Row]:
    """Yield the rows: the real networks beside the checkout where they are, and the bundled ones."""
    with tempfile.TemporaryDirectory(prefix="mcuprof-bench-") as name:
        folder = Path(name)
        yield _compile_time(folder)
        for model in [*sorted(_SHARED.glob("*.tflite")), *sorted(_BUNDLED.glob("*.tflite"))]:
            yield from _beside_tflm(folder, model)


def _compile_time(folder: Path) -> Row:
    """Return how long a process takes from the .tflite to C, nothing of it cached."""
    began = time.monotonic()
    mcuprof(folder, "codegen", _COMPILED, "-o", str(folder / "c"))
    return below(f"codegen {_COMPILED}, nothing cached", time.monotonic() - began, 5)


def _beside_tflm(folder: Path, model: Path) -> Iterator[Row]:
    words = ("run", str(model), "--impl", "tflm", "--impl", "tvm-aot", "--board", _BOARD, "--opt", "O2", "--json")
    found: list[dict[str, Any]] = json.loads(mcuprof(folder, *words).stdout)["measurements"]
    cells = {(m["implementation"], m["metric"]): m for m in found}
    kernels = cells["tflm", "inference"]["provenance"].get("tflm_kernels", "")
    for metric in ("inference", "flash"):
        ours, theirs = (cells[implementation, metric]["value"] for implementation in ("tvm-aot", "tflm"))
        unit = cells["tvm-aot", metric]["unit"]
        yield _ratio(f"{model.stem}: {metric}", ours, theirs, unit, kernels)
    ours, theirs = (cells[i, "inference"]["provenance"]["arena_bytes"] for i in ("tvm-aot", "tflm"))
    yield _ratio(f"{model.stem}: arena", ours, theirs, "B", kernels)


def _ratio(what: str, ours: float, theirs: float, unit: str, kernels: str) -> Row:
    return Row(
        what=f"{what}, tvm-aot {ours:,.0f} / tflm {theirs:,.0f} {unit}",
        figure=ours / theirs,
        unit="times",
        aim=f"at most 1 ({kernels}, -O2)",
        met=ours <= theirs,
    )
