"""The whole network with what was found: is it right, and what does it take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness import implementations
from harness.boards import Board
from harness.case import Case, Oversized, Settings
from harness.errors import CaseError, WrongOutputError
from harness.metrics import inference, output
from harness.models import Model
from harness.types import Status

if TYPE_CHECKING:
    from harness.workbench import Workbench

IMPLEMENTATION = "tvm-aot"


@dataclass(frozen=True, kw_only=True)
class Whole:
    """What a network takes on a board."""

    time: float
    """Of one inference, in the unit of the board's clock."""
    program_bytes: int
    arena_bytes: int
    inputs: int
    """On how many inputs its output is right, to the bit."""


def measure(workbench: Workbench, model: Model, board: Board, settings: Settings, *, tuned: bool) -> Whole:
    """Measure a network; raises ``CaseError`` where it does not fit, does not run, or gives wrong outputs."""
    wanted = settings if tuned else replace(settings, tuning=None)
    case = Case(model=model, implementation=implementations.create(IMPLEMENTATION, wanted), board=board)
    built = workbench.build(case)
    if isinstance(built, Oversized):
        raise built.refusal
    with workbench.bench(built) as bench:
        right = bench.persist(lambda: output.measure(bench))
        if right.status is not Status.OK:
            raise WrongOutputError(right.reason)
        timed = bench.persist(lambda: inference.measure(bench))
    if timed.value is None:
        raise CaseError(timed.reason)
    return Whole(
        time=timed.value,
        program_bytes=built.build.program_bytes,
        arena_bytes=built.arena or 0,
        inputs=len(right.samples),
    )
