"""Rows about the command line as a user meets it: whole processes, wall time."""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.process import mcuprof, measurements
from bench.row import Row, below
from bench.simulated import normal
from harness import stats

_BOARD = "nano33ble-sim"
_HELP_RUNS = 5
_SUMMARIES = 20


def rows() -> Iterator[Row]:
    """Yield the rows; caches and results are in a folder of the bench's own, so that the first build is one."""
    with tempfile.TemporaryDirectory(prefix="mcuprof-bench-") as name:
        folder = Path(name)
        yield below("mcuprof --help", statistics.median(_seconds(folder, "--help") for _ in range(_HELP_RUNS)), 0.3)
        timing = ("timing", "keyword_spotting", "--impl", "tflm", "--board", _BOARD)
        yield below("timing keyword_spotting, first build ever", _seconds(folder, *timing), 60)
        yield below("timing keyword_spotting, build cached", _seconds(folder, *timing), 5)
        yield _same_twice(folder, timing)
        profile = ("profile", "person_detection", "--impl", "tvm-aot", "--board", _BOARD)
        _seconds(folder, *profile)  # fills the build cache
        yield below("profile person_detection by tvm-aot, build cached", _seconds(folder, *profile), 10)
        yield below("statistics of 128 times", _summary_seconds(), 0.05)
        for model, limit in (("keyword_spotting", 3), ("person_detection", 15)):
            yield from _ram_rows(folder, model, limit)


def _summary_seconds() -> float:
    """Return the processor time that it takes to summarize 128 times, once everything is imported."""
    times = normal(np.random.default_rng(0), 128)
    taken = []
    for _ in range(1 + _SUMMARIES):
        began = time.process_time()
        stats.summarize(times.tolist())
        taken.append(time.process_time() - began)
    return statistics.median(taken[1:])


def _ram_rows(folder: Path, model: str, limit: float) -> Iterator[Row]:
    words = ("ram-search", model, "--impl", "tflm", "--board", _BOARD)
    _seconds(folder, *words)  # fills the build cache
    began = time.monotonic()
    first = measurements(folder, *words)[0]
    yield below(f"ram-search {model}, build cached", time.monotonic() - began, limit)
    probes, heap = first["details"]["probes"], first["details"]["heap_bytes"]
    most = math.floor(math.log2(heap))
    yield Row(
        what=f"ram-search {model}, probes",
        figure=len(probes),
        unit="probes",
        aim=f"at most log2 of the heap = {most}",
        met=len(probes) <= most,
    )
    tried = {probe["size"]: probe["works"] for probe in probes}
    exact = bool(tried.get(first["value"])) and tried.get(first["value"] + 1) is False
    again = measurements(folder, *words)[0]["value"]
    yield Row(
        what=f"ram-search {model}, exact and the same twice",
        figure=first["value"],
        unit="B",
        aim="one byte more fails; equal in two runs",
        met=exact and again == first["value"],
    )


def _same_twice(folder: Path, words: tuple[str, ...]) -> Row:
    first, second = ([m["samples"] for m in measurements(folder, *words)] for _ in range(2))
    different = sum(a != b for a, b in zip(first, second, strict=True))
    return Row(
        what="timing keyword_spotting, two runs",
        figure=different,
        unit="figures differ",
        aim="none",
        met=different == 0,
    )


def _seconds(folder: Path, *words: str) -> float:
    began = time.monotonic()
    mcuprof(folder, *words)
    return time.monotonic() - began
