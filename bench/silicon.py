"""The cycle model beside published times of real boards: ``python -m bench.silicon`` prints docs/silicon.md's tables.

The programs of the original study are not part of this project. ``MCUPROF_STUDY`` names a folder with a sketch for
each, called NETWORK-ENGINE or NETWORK-ENGINE-init, and a folder ``libraries``; docs/silicon.md tells how to make it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from bench import generated
from bench.process import SHARED_MODELS, measurements
from bench.published import MLPERF, STUDY, Prediction, Published, error, orders, percent, read
from bench.row import Row
from harness import boards, cache
from harness.boards import Board, Cycles
from harness.case import Settings
from harness.own import sketch, timing
from harness.own.bench import SketchBench, SketchCase
from harness.platform import workplace
from harness.types import Reading
from harness.workbench import VIRTUAL_REPEATS, Workbench

FOLDER = "MCUPROF_STUDY"
_STAND_IN = "spresense-sim"
"""For a board that mcuprof has none for: a Cortex-M4 without wait states."""
_BESIDE = "microTVM + CMSIS-NN"
"""What TFLM with the same kernels can be held against."""
_KERNELS = "CMSIS-NN"
FILE, NO_WAITS, CACHE_OFF = "board's file", "no waits", "cache off"
_CACHE_OFF = Cycles(load_waits=2, fetch_waits=8, cache_bytes=16)
"""The most by the nRF52840's specification: two wait states a word; 16 bytes of code are kept until others come."""


def memories(board: Board) -> Mapping[str, Cycles]:
    """Return what may be taken for a board's memory, by its name; first what the board's file says."""
    assert board.cycles is not None
    if board.cycles == Cycles():
        return {FILE: board.cycles}
    return {FILE: board.cycles, NO_WAITS: Cycles(), CACHE_OFF: _CACHE_OFF}


def study(optimization: str | None = None) -> Iterator[Prediction]:
    """Yield the cases of the study whose sketches are in the folder; says on standard error what is left out."""
    if FOLDER not in os.environ:
        print(f"the original study: left out, {FOLDER} names no folder with its sketches", file=sys.stderr)
        return
    folder = Path(os.environ[FOLDER])
    for published in read(STUDY):
        name = f"{published.network}-{published.engine}" + ("-init" if published.what == "init" else "")
        if (folder / name).is_dir():
            yield _of_sketch(published, folder / name, folder / "libraries", optimization)
        else:
            print(f"{published}: left out, there is no folder {folder / name}", file=sys.stderr)


def _of_sketch(published: Published, folder: Path, libraries: Path, optimization: str | None) -> Prediction:
    board = boards.load(f"{published.board}-sim")
    readings = {
        name: _measured(msgspec.structs.replace(board, cycles=memory), published, folder, libraries, optimization)
        for name, memory in memories(board).items()
    }
    counted = _measured(msgspec.structs.replace(board, cycles=None), published, folder, libraries, optimization)
    cycles = {name: _value(reading) for name, reading in readings.items()}
    return Prediction(published=published, cycles=cycles, instructions=_value(counted))


def _measured(board: Board, published: Published, folder: Path, libraries: Path, optimization: str | None) -> Reading:
    case = SketchCase(sketch=sketch.read(folder), board=board)
    workbench = Workbench(workplace(), Settings(optimization=optimization), lambda text: None)
    with contextlib.closing(workbench), cache.in_use():
        bench = SketchBench(case=case, workbench=workbench, libraries=[libraries] if libraries.is_dir() else [])
        with contextlib.closing(bench):
            reading, _ = timing.measure(bench, 1 if published.what == "init" else VIRTUAL_REPEATS)
    return reading


def _value(reading: Reading) -> float:
    assert reading.value is not None
    return reading.value


def networks(optimization: str | None = None) -> dict[str, dict[str, tuple[float, str]]]:
    """Return cycles and kernels by network and implementation, for MLPerf Tiny's networks beside the checkout."""
    found: dict[str, dict[str, tuple[float, str]]] = {}
    for name in dict.fromkeys(published.network for published in read(MLPERF)):
        if name in generated.NETWORKS:  # not the networks that were timed; bench/mlperf_tiny.py has them
            continue
        file = SHARED_MODELS / f"{name}.tflite"
        if not file.is_file():
            print(f"{name}: left out, there is no {file}", file=sys.stderr)
            continue
        words = ["timing", str(file), "--impl", "tflm", "--impl", "tvm-aot", "--board", _STAND_IN]
        words += ["--opt", optimization] if optimization else []
        with tempfile.TemporaryDirectory(prefix="mcuprof-bench-") as folder:
            cells = measurements(Path(folder), *words, cached=True)
        found[name] = {
            cell["implementation"]: (cell["value"], cell["provenance"].get("tflm_kernels", "its own"))
            for cell in cells
            if cell["metric"] == "inference"
        }
    return found


def rows() -> Iterator[Row]:
    """Yield how far each prediction is from hardware. There is no aim: every figure is published as it comes out."""
    for each in study():
        yield _row(str(each.published), each.predicted, each.published.cycles)
    beside = {each.network: each for each in read(MLPERF) if each.engine == _BESIDE}
    for name, found in networks().items():
        cycles, kernels = found["tflm"]
        if not kernels.startswith(_KERNELS):
            print(f"{name}: left out, TFLM has {kernels} kernels here; docs/tflm.md has others", file=sys.stderr)
            continue
        yield _row(f"{name}, tflm ({kernels}) beside {_BESIDE}", cycles, beside[name].cycles)


def _row(what: str, predicted: float, published: float) -> Row:
    return Row(
        what=f"{what}: model {predicted:,.0f}, hardware {published:,.0f} cycles",
        figure=100 * error(predicted, published),
        unit="%",
        aim="none, it is published",
        met=True,
    )


def study_tables(predictions: Sequence[Prediction]) -> str:
    """Return the study's cases, and how its engines rank, as Markdown."""
    columns = [NO_WAITS, FILE, CACHE_OFF]
    lines = [
        f"| case | hardware | instructions | {' | '.join(columns)} |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for each in predictions:
        hardware = each.published.cycles
        cells = [
            _beside(each.instructions, hardware),
            *(_beside(each.cycles.get(name), hardware) for name in columns),
        ]
        lines.append(f"| {each.published} | {hardware / 1e6:.3f} | {' | '.join(cells)} |")
    lines += ["", "| | hardware, the fastest first | model | |", "|---|---|---|---|"]
    for order in orders(predictions):
        same = "the same" if order.hardware == order.model else "**not the same**"
        lines.append(f"| {order.case} | {', '.join(order.hardware)} | {', '.join(order.model)} | {same} |")
    return "\n".join(lines)


def _beside(cycles: float | None, hardware: float) -> str:
    return "not predicted" if cycles is None else f"{cycles / 1e6:.3f} ({percent(error(cycles, hardware))})"


def network_table(found: Mapping[str, Mapping[str, tuple[float, str]]]) -> str:
    """Return MLPerf Tiny's entries with what the model makes of mcuprof's own programs, as Markdown."""
    lines = ["| network | what | million cycles |", "|---|---|---:|"]
    for name, ours in found.items():
        entries = [(f"{each.engine}, hardware", each.cycles) for each in read(MLPERF) if each.network == name]
        entries += [
            (f"**{engine}, kernels: {kernels}, model**", cycles) for engine, (cycles, kernels) in ours.items()
        ]
        lines += [
            f"| {name} | {what} | {cycles / 1e6:.3f} |"
            for what, cycles in sorted(entries, key=lambda entry: -entry[1])
        ]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Print all tables."""
    parser = argparse.ArgumentParser(prog="bench.silicon", description=__doc__)
    parser.add_argument("--opt", choices=["Os", "O2", "O3"], help="Another level than the core's own (-Os).")
    optimization = parser.parse_args(arguments).opt
    predictions = list(study(optimization))
    if predictions:
        print(study_tables(predictions), end="\n\n", flush=True)
    print(network_table(networks(optimization)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
