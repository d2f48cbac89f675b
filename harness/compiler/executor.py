"""What ``tvm-aot`` and ``tvm-graph`` have in common: a network is compiled, and an executor runs what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness import sketch
from harness.boards import Board
from harness.case import LibraryUse, Settings
from harness.compiler import flatbuffer, glance, source
from harness.compiler.memory import Span, blocks
from harness.compiler.program import Program
from harness.compiler.service import compile_model, tvm_version
from harness.compiler.strategy import Kernels, Options, Weights
from harness.compiler.tuned import Tuned
from harness.layout import Block
from harness.least import Least
from harness.models import Model
from harness.sketch import Markers, Sketch


@dataclass(frozen=True, kw_only=True)
class Executor:
    """A way of running a compiled network."""

    name: str
    """Of the implementation."""
    title: str
    """What it is called in a sentence."""
    arena_bytes: Callable[[Program], int]
    """Memory of a program's tensors, in bytes."""
    files: Callable[[Program, str, Markers], Mapping[str, str]]
    """The sketch's own files (name → text) for a program, a title and what is to be marked."""
    spans: Callable[[Program], Sequence[Span]]
    """Where each of a program's buffers lies, and while which steps it may not be overwritten."""
    missing_memory: Callable[[str], int | None]
    """How many bytes the board lacked that said this; None where it failed for another reason."""


class TvmImplementation:
    """An implementation that compiles with TVM; see ``harness.case.Implementation``."""

    searches_arena = False

    def __init__(self, executor: Executor, settings: Settings) -> None:
        self.name = executor.name
        self._executor = executor
        self._settings = settings
        self._tuned = Tuned(settings)

    def describe(self) -> str:
        """Name TVM, its version and the executor."""
        words = [f"TVM {tvm_version()}", self._executor.title]
        words += [] if self._settings.fuse else ["operators not fused"]
        words += [] if self._settings.weights is Weights.INT8 else [f"{self._settings.weights.value} weights"]
        return ", ".join(words)

    def provenance(self) -> dict[str, str]:
        """Return what a result says of the compiler."""
        return {
            "runs_on": self.describe(),
            "tvm_version": tvm_version(),
            "operators": "fused" if self._settings.fuse else "alone",
            "weights": self._settings.weights.value,
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

    def least(self, model: Model, board: Board) -> Least:
        """Return the memory that was planned where the network has been compiled before, else a bound.

        Raises ``UnsupportedError`` where it is plain that the network cannot be compiled.
        """
        known = glance.glance(model, options_for(self._settings, board), self._tuned.choices(board))
        if known is None or known.program is None:
            return glance.least(model, None, None)
        return glance.least(model, self._executor.arena_bytes(known.program), known.program.constant_bytes)

    def arena_bytes(self, model: Model, board: Board) -> int | None:
        """Return the memory of the tensors, which is known when the network is compiled."""
        return self._executor.arena_bytes(self._program(model, board))

    def missing_memory(self, said: str) -> int | None:
        """Return how many bytes the board lacked that said this."""
        return self._executor.missing_memory(said)

    def parts(self, model: Model, board: Board) -> tuple[tuple[int, ...], ...]:
        """Return the operators that each call computes, in the order of the calls."""
        return tuple(call.places for call in self._program(model, board).calls)

    def layout(self, model: Model, board: Board) -> tuple[Block, ...]:
        """Return the tensors in the memory that is planned for them."""
        program = self._program(model, board)
        return blocks(program, self._executor.spans(program), flatbuffer.outline(model))

    def sketch(self, model: Model, board: Board, arena: int | None, *, markers: Markers = Markers.NONE) -> Sketch:
        """Return the sketch; its memory is what was planned, whatever ``arena`` says."""
        del arena
        program, title = self._program(model, board), f"{model.name} with {self.describe()}"
        source.require_readable(program, board)
        return sketch.compose(
            board=board,
            implementation=self.name,
            title=title,
            model_digest=model.sha256[:12],
            files=self._executor.files(program, title, markers),
            marked=len(program.calls) if markers is Markers.OPERATORS else None,
        )

    def _program(self, model: Model, board: Board) -> Program:
        return compile_model(model, options_for(self._settings, board), self._tuned.choices(board))


def options_for(settings: Settings, board: Board) -> Options:
    """Return how networks are compiled for a board: an AVR has no memory to spare for words, and multiplies bytes."""
    kernels = Kernels.LOOPS if board.is_avr else Kernels.PACKED
    return Options(fuse=settings.fuse, weights=settings.weights, kernels=kernels)
