"""What stands for an implementation where a board was flashed by somebody else."""

from __future__ import annotations

from harness.boards import Board
from harness.case import LibraryUse
from harness.errors import UnsupportedError
from harness.layout import Block
from harness.least import Least
from harness.models import Model
from harness.sketch import Markers, Sketch


class Flashed:
    """Whatever is on the board; see ``harness.case.Implementation``. Nothing is built of it."""

    name = "flashed"
    searches_arena = False

    def describe(self) -> str:
        """Say that it is not known."""
        return "what was flashed before, by whomever"

    def provenance(self) -> dict[str, str]:
        """Return what a result says of it."""
        return {"runs_on": self.describe()}

    def provenance_of(self, model: Model, board: Board) -> dict[str, str]:
        """Return nothing: it is not known."""
        del model, board
        return {}

    def library(self) -> LibraryUse | None:
        """Return None: nothing is built."""
        return None

    def check(self, model: Model, board: Board) -> None:
        """Do nothing: the board will tell."""

    def least(self, model: Model, board: Board) -> Least:
        """Return that nothing is known."""
        del model, board
        return Least(flash_bytes=0, ram_bytes=0)

    def arena_bytes(self, model: Model, board: Board) -> int | None:
        """Return None: it is not known."""
        del model, board
        return None

    def missing_memory(self, said: str) -> int | None:
        """Return None: it says nothing of memory."""
        del said
        return None

    def parts(self, model: Model, board: Board) -> tuple[tuple[int, ...], ...]:
        """Return nothing: nobody knows how it goes about it."""
        del model, board
        return ()

    def layout(self, model: Model, board: Board) -> tuple[Block, ...]:
        """Return nothing: it is not known."""
        del model, board
        return ()

    def sketch(self, model: Model, board: Board, arena: int | None, *, markers: Markers = Markers.NONE) -> Sketch:
        """Raise ``UnsupportedError``: there is no sketch of it."""
        msg = "what was flashed by somebody else has no sketch here"
        raise UnsupportedError(msg)
