"""TVM ahead of time: the network as C functions that one entry function calls, in an arena planned beforehand."""

from __future__ import annotations

from harness import sketch
from harness.boards import Board
from harness.case import LibraryUse, Settings
from harness.compiler import source
from harness.compiler.program import Program
from harness.compiler.service import compile_model, tvm_version
from harness.models import Model
from harness.sketch import Sketch


class TvmAot:
    """The implementation ``tvm-aot``; see ``harness.case.Implementation``."""

    name = "tvm-aot"
    searches_arena = False

    def __init__(self, settings: Settings) -> None:
        self._fuse = settings.fuse

    def describe(self) -> str:
        """Name TVM and its version."""
        return f"TVM {tvm_version()}, ahead of time" + ("" if self._fuse else ", operators not fused")

    def provenance(self) -> dict[str, str]:
        """Return what a result says of the compiler."""
        return {
            "runs_on": self.describe(),
            "tvm_version": tvm_version(),
            "operators": "fused" if self._fuse else "alone",
        }

    def library(self) -> LibraryUse | None:
        """Return None: the generated code needs no library."""
        return None

    def check(self, model: Model) -> None:
        """Raise ``UnsupportedError`` where the network cannot be compiled."""
        self._program(model)

    def arena_bytes(self, model: Model) -> int | None:
        """Return the size of the arena that was planned when the network was compiled."""
        return self._program(model).arena_bytes

    def missing_memory(self, said: str) -> int | None:
        """Return None: all memory is static, so that the linker tells what does not fit."""
        del said
        return None

    def sketch(self, model: Model, board: Board, arena: int | None) -> Sketch:
        """Return the sketch; its arena has the size that was planned."""
        del arena
        program, title = self._program(model), f"{model.name} with {self.describe()}"
        source.require_readable(program, board)
        own = source.files(program, title)
        own["network.cpp"] = sketch.render("tvm_aot/network.cpp.j2", title=title, **source.common(program))
        return sketch.compose(
            board=board, implementation=self.name, title=title, model_digest=model.sha256[:12], files=own
        )

    def _program(self, model: Model) -> Program:
        return compile_model(model, fuse=self._fuse)


def create(settings: Settings) -> TvmAot:
    """Return the implementation."""
    return TvmAot(settings)
