"""A program of which nothing is known but that it runs on a board, where an implementation is expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.boards import Board
from harness.case import LibraryUse
from harness.errors import UnsupportedError
from harness.layout import Block
from harness.least import Least
from harness.models import Model
from harness.sketch import Markers, Sketch


@dataclass(kw_only=True, eq=False)
class Opaque:
    """Stands for an implementation, of which it knows nothing; see ``harness.case.Implementation``."""

    name: str
    what: str
    """What runs, in a few words."""
    made: Sketch | None = field(default=None, repr=False)
    """Its sketch; None where somebody else has flashed it."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What a result says of it."""
    searches_arena: bool = False

    def describe(self) -> str:
        """Say what runs."""
        return self.what

    def provenance(self) -> dict[str, str]:
        """Return what a result says of it."""
        return dict(self.facts)

    def provenance_of(self, model: Model, board: Board) -> dict[str, str]:
        """Return nothing."""
        del model, board
        return {}

    def library(self) -> LibraryUse | None:
        """Return None."""
        return None

    def check(self, model: Model, board: Board) -> None:
        """Take every model: the board will tell."""

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
        """Return the sketch; raises ``UnsupportedError`` where there is none."""
        del model, board, arena, markers
        if self.made is None:
            msg = f"{self.what} has no sketch here"
            raise UnsupportedError(msg)
        return self.made
