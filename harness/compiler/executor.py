"""What ``tvm-aot`` and ``tvm-graph`` have in common: a network is compiled, and an executor runs what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness import sketch
from harness.boards import Board
from harness.case import LibraryUse, Settings
from harness.compiler import source
from harness.compiler.program import Program
from harness.compiler.service import compile_model, tvm_version
from harness.compiler.tuned import Tuned
from harness.models import Model
from harness.sketch import Sketch


@dataclass(frozen=True, kw_only=True)
class Executor:
    """A way of running a compiled network."""

    name: str
    """Of the implementation."""
    title: str
    """What it is called in a sentence."""
    arena_bytes: Callable[[Program], int]
    """Memory of a program's tensors, in bytes."""
    files: Callable[[Program, str], Mapping[str, str]]
    """The sketch's own files (name → text) for a program and a title."""
    missing_memory: Callable[[str], int | None]
    """How many bytes the board lacked that said this; None where it failed for another reason."""


class TvmImplementation:
    """An implementation that compiles with TVM; see ``harness.case.Implementation``."""

    searches_arena = False

    def __init__(self, executor: Executor, settings: Settings) -> None:
        self.name = executor.name
        self._executor = executor
        self._fuse = settings.fuse
        self._tuned = Tuned(settings)

    def describe(self) -> str:
        """Name TVM, its version and the executor."""
        return f"TVM {tvm_version()}, {self._executor.title}" + ("" if self._fuse else ", operators not fused")

    def provenance(self) -> dict[str, str]:
        """Return what a result says of the compiler."""
        return {
            "runs_on": self.describe(),
            "tvm_version": tvm_version(),
            "operators": "fused" if self._fuse else "alone",
        }

    def provenance_of(self, model: Model, board: Board) -> dict[str, str]:
        """Return how many of the network's groups have a schedule that tuning has chosen."""
        return {"tuning": self._tuned.describe(self._program(model, board), board)}

    def library(self) -> LibraryUse | None:
        """Return None: all that runs the network is part of the sketch."""
        return None

    def check(self, model: Model, board: Board) -> None:
        """Raise ``UnsupportedError`` where the network cannot be compiled."""
        self._program(model, board)

    def arena_bytes(self, model: Model, board: Board) -> int | None:
        """Return the memory of the tensors, which is known when the network is compiled."""
        return self._executor.arena_bytes(self._program(model, board))

    def missing_memory(self, said: str) -> int | None:
        """Return how many bytes the board lacked that said this."""
        return self._executor.missing_memory(said)

    def sketch(self, model: Model, board: Board, arena: int | None) -> Sketch:
        """Return the sketch; its memory is what was planned, whatever ``arena`` says."""
        del arena
        program, title = self._program(model, board), f"{model.name} with {self.describe()}"
        source.require_readable(program, board)
        return sketch.compose(
            board=board,
            implementation=self.name,
            title=title,
            model_digest=model.sha256[:12],
            files=self._executor.files(program, title),
        )

    def _program(self, model: Model, board: Board) -> Program:
        return compile_model(model, fuse=self._fuse, choices=self._tuned.choices(board))
