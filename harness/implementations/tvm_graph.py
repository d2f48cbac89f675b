"""TVM's graph executor: the board reads a JSON graph, finds operators by name and takes memory by malloc."""

from __future__ import annotations

import re

from harness import sketch
from harness.boards import Board
from harness.case import LibraryUse, Settings
from harness.compiler import graph_executor, source
from harness.compiler.program import Program
from harness.compiler.service import compile_model, tvm_version
from harness.models import Model
from harness.sketch import Sketch

# "out of memory: 9216 bytes for storage 4"
_MISSING = re.compile(r"out of memory: (\d+) bytes")


class TvmGraph:
    """The implementation ``tvm-graph``; see ``harness.case.Implementation``."""

    name = "tvm-graph"
    searches_arena = False

    def __init__(self, settings: Settings) -> None:
        self._fuse = settings.fuse

    def describe(self) -> str:
        """Name TVM and its version."""
        return f"TVM {tvm_version()}, graph executor" + ("" if self._fuse else ", operators not fused")

    def provenance(self) -> dict[str, str]:
        """Return what a result says of the compiler."""
        return {
            "runs_on": self.describe(),
            "tvm_version": tvm_version(),
            "operators": "fused" if self._fuse else "alone",
        }

    def library(self) -> LibraryUse | None:
        """Return None: the executor is part of the sketch."""
        return None

    def check(self, model: Model) -> None:
        """Raise ``UnsupportedError`` where the network cannot be compiled."""
        self._program(model)

    def arena_bytes(self, model: Model) -> int | None:
        """Return what the tensors together take from the heap, which the graph says."""
        return graph_executor.graph(self._program(model)).storage_bytes

    def missing_memory(self, said: str) -> int | None:
        """Read the size of the block that malloc did not give."""
        found = _MISSING.search(said)
        return int(found[1]) if found else None

    def sketch(self, model: Model, board: Board, arena: int | None) -> Sketch:
        """Return the sketch; its tensors take what the graph says from the heap."""
        del arena
        title = f"{model.name} with {self.describe()}"
        program = self._program(model)
        source.require_readable(program, board)
        return sketch.compose(
            board=board,
            implementation=self.name,
            title=title,
            model_digest=model.sha256[:12],
            files=files(program, title),
        )

    def _program(self, model: Model) -> Program:
        return compile_model(model, fuse=self._fuse)


def create(settings: Settings) -> TvmGraph:
    """Return the implementation."""
    return TvmGraph(settings)


def files(program: Program, title: str) -> dict[str, str]:
    """Return the sketch's files (name → text) that run ``program``."""
    storage_bytes = graph_executor.graph(program).storage_bytes
    network = sketch.render("tvm_graph/network.cpp.j2", title=title, storage_bytes=storage_bytes)
    return graph_executor.files(program, title) | {"network.cpp": network}
