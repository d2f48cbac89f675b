"""Profiles all cases of a plan, board beside board; what cannot be profiled is told with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from harness import crew
from harness.boards import Board
from harness.case import Case
from harness.errors import CaseError, RigError
from harness.pipeline import Plan
from harness.profile.measure import profile
from harness.profile.result import Profile
from harness.types import Status
from harness.workbench import Workbench


def run(plan: Plan, workbench: Workbench, runs: int | None, done: Callable[[Profile], None]) -> list[Profile]:
    """Return a profile for each case of ``plan``, in its order; ``done`` is told of each as it is made."""
    found: dict[str, list[Profile]] = {board.name: [] for board in plan.boards}

    def measure(board: Board) -> None:
        cases = [case for case in plan.cases() if case.board is board]
        for made in _of_board(cases, workbench, runs):
            found[board.name].append(made)
            done(made)

    crew.run_all([partial(measure, board) for board in plan.boards], workbench.interrupt)
    return [made for board in plan.boards for made in found[board.name]]


def _of_board(cases: Sequence[Case], workbench: Workbench, runs: int | None) -> Iterator[Profile]:
    """Yield the profiles of one board. After its first fault the rest is skipped."""
    first_fault: str | None = None
    for case in cases:
        if first_fault is not None:
            yield _without(case, Status.SKIPPED, f"skipped after the board's first fault: {first_fault}")
            continue
        try:
            yield profile(case, workbench, runs)
        except CaseError as error:
            if isinstance(error, RigError):
                first_fault = error.message
            yield _without(case, error.status, error.message)


def _without(case: Case, status: Status, reason: str) -> Profile:
    return Profile(
        model=case.model.name,
        implementation=case.implementation.name,
        board=case.board.name,
        clock=case.board.clock,
        clock_hz=case.board.clock_hz,
        status=status,
        reason=reason,
    )
