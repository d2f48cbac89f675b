"""Profiles all cases of a plan, board beside board; what cannot be profiled is told with the reason."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from harness import crew, fitting
from harness.boards import Board
from harness.case import Case
from harness.errors import CaseError
from harness.fitting import Choices
from harness.pipeline import FirstFault, Plan
from harness.profile.measure import profile
from harness.profile.result import Profile
from harness.types import Status
from harness.workbench import Workbench


def run(plan: Plan, workbench: Workbench, runs: int | None, take: Callable[[Profile], None]) -> None:
    """Profile each case of ``plan``; ``take`` is handed each profile as it is made, by one thread at a time.

    Once the run is being stopped nothing more is handed over: what fails then fails because of that.
    """
    lock, stopped = threading.Lock(), threading.Event()

    def measure(board: Board) -> None:
        cases = [case for case in plan.cases() if case.board is board]
        for made in _of_board(cases, workbench, runs, plan.choices):
            with lock:
                if stopped.is_set():
                    return
                take(made)

    def interrupt() -> None:
        with lock:
            stopped.set()
        workbench.interrupt()

    crew.run_all([partial(measure, board) for board in plan.boards], interrupt)


def _of_board(cases: Sequence[Case], workbench: Workbench, runs: int | None, choices: Choices) -> Iterator[Profile]:
    """Yield the profiles of one board. After its first fault the rest is skipped."""
    fault = FirstFault()
    for case in cases:
        if fault.skips:
            yield _without(case, Status.SKIPPED, fault.skips)
            continue
        try:
            yield profile(case, workbench, runs)
        except CaseError as error:
            fault.note(error)
            yield replace(
                _without(case, error.status, error.message), advice=tuple(fitting.advice_for(case, error, choices))
            )


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
