"""Rows about MLPerf Tiny's networks: cycles by the model beside the best published entry on a Cortex-M4."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.generated import NETWORKS as GENERATED
from bench.process import SHARED_MODELS, measurements
from bench.published import MLPERF, read
from bench.row import Row
from harness.compiler.strategy import Weights

_BOARD = "spresense-sim"
"""Without wait states: what the processor alone takes. The published board is taken to hide those of its flash."""


def rows() -> Iterator[Row]:
    """Yield a row a network and kind of weights; the aim is met by the better one."""
    published = read(MLPERF)
    with tempfile.TemporaryDirectory(prefix="mcuprof-bench-") as name:
        folder = Path(name)
        for network in dict.fromkeys(each.network for each in published):
            model = _model(network, folder)
            if not model.is_file():
                print(f"{network}: left out, there is no {model}", file=sys.stderr)
                continue
            best = min((each for each in published if each.network == network), key=lambda each: each.cycles)
            found = {weights: _cycles(folder, model, weights) for weights in Weights}
            origin = " (generated, of the published network's shapes)" if network in GENERATED else ""
            for weights, cycles in found.items():
                yield Row(
                    what=f"{network}{origin}, {weights.value} weights: model {cycles:,.0f} cycles, "
                    f"{best.engine} {best.cycles:,.0f}",
                    figure=cycles / best.cycles,
                    unit="times",
                    aim="under 1 by the better weights (-O2)",
                    met=min(found.values()) < best.cycles,
                )


def _model(network: str, folder: Path) -> Path:
    """Return the network's file, which is written where it is a generated one."""
    if network not in GENERATED:
        return SHARED_MODELS / f"{network}.tflite"
    made = folder / f"{network}.tflite"
    made.write_bytes(GENERATED[network]())
    return made


def _cycles(folder: Path, model: Path, weights: Weights) -> float:
    words = ("timing", str(model), "--impl", "tvm-aot", "--board", _BOARD, "--opt", "O2", "--weights", weights.value)
    [cell] = [one for one in measurements(folder, *words) if one["metric"] == "inference"]
    return float(cell["value"])
