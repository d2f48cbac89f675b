"""TVM's graph executor: the board reads a JSON graph, finds operators by name and takes memory by malloc."""

from __future__ import annotations

import re

from harness import sketch
from harness.case import Settings
from harness.compiler import graph_executor
from harness.compiler.executor import Executor, TvmImplementation
from harness.compiler.memory import storage_spans
from harness.compiler.program import Program
from harness.sketch import Markers

# "out of memory: 9216 bytes for storage 4"
_MISSING = re.compile(r"out of memory: (\d+) bytes")


def create(settings: Settings) -> TvmImplementation:
    """Return the implementation."""
    executor = Executor(
        name="tvm-graph",
        title="graph executor",
        arena_bytes=_storage_bytes,
        files=files,
        spans=storage_spans,
        missing_memory=_missing_memory,
    )
    return TvmImplementation(executor, settings)


def files(program: Program, title: str, markers: Markers = Markers.NONE) -> dict[str, str]:
    """Return the sketch's files (name → text) that run ``program``."""
    network = sketch.render("tvm_graph/network.cpp.j2", title=title, storage_bytes=_storage_bytes(program))
    return graph_executor.files(program, title, markers=markers) | {"network.cpp": network}


def _storage_bytes(program: Program) -> int:
    """Return what the tensors together take from the heap, which the graph says."""
    return graph_executor.graph(program).storage_bytes


def _missing_memory(said: str) -> int | None:
    """Read the size of the block that malloc did not give."""
    found = _MISSING.search(said)
    return int(found[1]) if found else None
