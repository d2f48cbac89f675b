"""What tuning has found, for whoever compiles a network."""

from __future__ import annotations

from harness.boards import Board
from harness.case import Settings
from harness.compiler.choices import Choices, digest
from harness.compiler.program import Program
from harness.compiler.service import tvm_version
from harness.tuning.database import Database, choices
from harness.types import Clock


class Tuned:
    """The best choices of the databases, read once a board and clock."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._read: dict[tuple[str, Clock], Choices] = {}

    def choices(self, board: Board) -> Choices:
        """Return the choices for ``board``; none where tuning is not to be used."""
        folder = self._settings.tuning
        if folder is None:
            return {}
        wanted, settings = (board.name, board.clock), self._settings
        if wanted not in self._read:
            records = Database(folder, board).read(tvm_version()).records
            self._read[wanted] = choices(records, board, settings.optimization, settings.objective, settings.weights)
        return self._read[wanted]

    def describe(self, program: Program, board: Board) -> str:
        """Say how many groups of a program are as tuning chose them, and what it chose by a digest."""
        if self._settings.tuning is None:
            return "not used"
        tuned = {call.group for call in program.calls if call.tuned}
        if not tuned:
            return "nothing known"
        used = {key: choice for key, choice in self.choices(board).items() if key in tuned}
        calls = sum(call.tuned for call in program.calls)
        return f"{calls} of {len(program.calls)} groups for {self._settings.objective.value}, choices {digest(used)}"
