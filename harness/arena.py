"""The smallest tensor arena with which a network starts and runs right, found on the board."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness import paths, whole_file
from harness.case import Bench
from harness.correctness import require_right
from harness.errors import CaseError, CrashedError, DoesNotFitError, HungError, UnsupportedError
from harness.search import Probe, largest_working
from harness.session import RequestFailed

_T = TypeVar("_T")
_START_S = 30.0
"""A start-up that takes longer hangs: in the search there are many, and on no board does one take a second."""
_HEADER_BYTES = 64
"""What the allocator and the arena's alignment take of the largest block."""


@dataclass(frozen=True, kw_only=True)
class Arena:
    """The result of a search: its size in bytes, and how many sizes were tried."""

    size: int
    probes: int


def recall(key: str) -> Arena | None:
    """Return what an earlier search with the same build found."""
    try:
        return Arena(**json.loads(_place(key).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def keep(key: str, arena: Arena) -> None:
    """Keep the result of a search, whole or not at all."""
    place = _place(key)
    place.parent.mkdir(parents=True, exist_ok=True)
    whole_file.replace(place, (json.dumps({"size": arena.size, "probes": arena.probes}) + "\n").encode())


def _place(key: str) -> Path:
    return paths.cache() / "arena" / f"{key}.json"


def search(bench: Bench) -> Arena:
    """Find the smallest arena, to the byte, on a board that runs the sketch whose arena is set by request.

    Start-up decides, for it is what allocates; the smallest arena that starts must also run right. Raises
    ``DoesNotFitError`` where not even all of the free RAM is enough.
    """
    bench.firmware.reset()
    high = bench.firmware.free_heap(bench.built.case.board.ram_bytes) - _HEADER_BYTES
    failures: list[RequestFailed | CaseError] = []
    found = largest_working(lambda spared: _probe(bench, high - spared, failures), high)
    if found.largest < 0:
        last = failures[-1]
        if isinstance(last, CaseError):
            raise last  # it crashes or hangs whatever it is given
        raise refusal(bench, str(last), f" (arena of all {high:,} free bytes)") from last
    size = high - found.largest
    try:
        _start(bench, size)
        bench.firmware.write_inputs(bench.expected.inputs[0])
        bench.firmware.run(bench.first_run_deadline())
    except RequestFailed as error:
        raise refusal(bench, str(error), f" (arena of {size:,} bytes)") from error
    require_right(bench, 0)
    return Arena(size=size, probes=len(found.probes))


def refusal(bench: Bench, said: str, tried: str) -> CaseError:
    """Return the error for a network that started or ran and says that it failed."""
    implementation = bench.built.case.implementation
    msg = f"{implementation.describe()} failed{tried}: {said}"
    missing = implementation.missing_memory(said)
    if missing is None:
        return UnsupportedError(msg)
    # What is missing is of the first allocation that failed; those after it are not known.
    more = f" (at least {missing:,} bytes are missing)" if missing else ""
    return DoesNotFitError(msg + more, overflow={"RAM": missing or None}, at_least=True)


def guarded(measure: Callable[[], _T], bench: Bench) -> _T:
    """Measure, and turn the firmware's word that the network failed into a status."""
    try:
        return measure()
    except RequestFailed as error:
        arena = bench.built.arena
        tried = f" (arena of {arena:,} bytes)" if arena is not None else ""
        raise refusal(bench, str(error), tried) from error


def _start(bench: Bench, size: int) -> None:
    bench.firmware.reset()
    bench.firmware.set_arena(size)
    bench.firmware.start(_START_S)


def _probe(bench: Bench, size: int, failures: list[RequestFailed | CaseError]) -> Probe:
    """Try one arena; the search is for the most that can be spared, so ``Probe.size`` is not the arena's.

    A hang or a crash is believed when it comes twice: host or supply may have failed for a moment.
    """
    for _ in range(2):
        try:
            _start(bench, size)
        except RequestFailed as error:
            failures.append(error)
            return Probe(size=size, works=False, why=str(error))
        except (HungError, CrashedError) as error:
            failures.append(error)
            bench.recover(error)
            why = error.message
        else:
            return Probe(size=size, works=True)
    return Probe(size=size, works=False, why=why)
