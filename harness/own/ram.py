"""Unused RAM by the user's own sketch: the largest ``$alloc_size`` with which it still prints 1.

Every size is a program of its own. One that does not compile or link because it is too large for the board does not
work; neither does one that prints 0, crashes, or prints no 1 in time. A fault of the rig is raised.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.builds import Build
from harness.errors import CaseError, DoesNotFitError, UsageError, WrongOutputError
from harness.own.bench import SMALLEST, SketchBench
from harness.own.listen import SaysNoError, wait_for_yes
from harness.search import GUESSES, Probe, largest_working, most_probes
from harness.types import Json, Reading

TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the user chose for the search."""

    most: int | None = None
    """A size with which the sketch does not work, in bytes; None is the board's whole RAM."""
    seconds: float = TIMEOUT_S
    """How long a sketch that works may take to print 1."""


def search(bench: SketchBench, limits: Limits) -> tuple[Reading, Build]:
    """Search for the largest size and return it with the build that has it.

    Raises the error of the smallest size where not even that works, and ``UsageError`` where the largest one does
    though the user says that it cannot.
    """
    trial = _Trial(bench, limits.seconds)
    ram = bench.case.board.ram_bytes
    high = min(limits.most or ram, ram)
    trial.tell(SMALLEST, 2 + GUESSES + most_probes(SMALLEST, high))
    trial.require_smallest()
    trial.tell(high, 1 + GUESSES + most_probes(SMALLEST, high))
    complaint = trial.complaint(high) if high > SMALLEST else None
    if complaint is None:
        raise _works_anyway(high, ram)
    guess = _room_for_statics(high, complaint)
    found = largest_working(trial.probe, high - 1, guess, low=SMALLEST + 1, tell=trial.tell)
    bench.stage = ""
    build = bench.build(found.largest)
    probes: list[Json] = [{"size": p.size, "works": p.works, "why": p.why} for p in trial.probes]
    details: dict[str, Json] = {
        "method": "reflash",
        "timeout_s": limits.seconds,
        "heap_bytes": None,
        "probes": probes,
        "static_bytes": build.data_bytes,
        "harness_static_bytes": None,
    }
    return Reading(value=found.largest, unit="B", samples=(found.largest,), details=details), build


class _Trial:
    """The sizes that have been tried."""

    def __init__(self, bench: SketchBench, seconds: float) -> None:
        self.probes: list[Probe] = []
        self._bench = bench
        self._seconds = seconds

    def tell(self, size: int, left: int) -> None:
        self._bench.stage = f"$alloc_size = {size:,} (at most {left} probes to go)"

    def require_smallest(self) -> None:
        """Raise the error of the smallest size where that does not work."""
        error = self.complaint(SMALLEST)
        if isinstance(error, DoesNotFitError):
            raise error
        if error is not None:
            msg = f"the sketch does not work even with $alloc_size = {SMALLEST}: {error.message}"
            raise type(error)(msg)

    def probe(self, size: int) -> Probe:
        self.complaint(size)
        return self.probes[-1]

    def complaint(self, size: int) -> CaseError | None:
        """Try a size and return why it does not work, or None.

        A real board is tried twice where neither linker nor sketch says no: line or supply may fail for a moment.
        """
        error = self._try(size)
        sure = error is None or isinstance(error, DoesNotFitError | SaysNoError) or self._bench.case.board.is_virtual
        error = error if sure else self._try(size)
        self.probes.append(Probe(size=size, works=error is None, why=error.message if error else ""))
        return error

    def _try(self, size: int) -> CaseError | None:
        try:
            build = self._bench.build(size)
        except DoesNotFitError as error:
            return error
        return self._bench.hear(build, lambda listener: wait_for_yes(listener, self._seconds))


def _room_for_statics(size: int, complaint: CaseError) -> int | None:
    """Return which size there would be room for by the linker's own figures, where it is what says no."""
    over_by = complaint.overflow.get("RAM") if isinstance(complaint, DoesNotFitError) else None
    return None if over_by is None else size - over_by


def _works_anyway(size: int, ram: int) -> UsageError | WrongOutputError:
    if size < ram:
        return UsageError(f"the sketch still works with $alloc_size = {size:,}, the --max: give a larger one")
    msg = (
        f"the sketch prints 1 with $alloc_size = {size:,}, which is all of the board's RAM. Does it take that "
        "memory? The compiler leaves out a malloc whose block is never used: keep its pointer in a volatile "
        "variable, or write to the block"
    )
    return WrongOutputError(msg)
