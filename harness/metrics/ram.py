"""``ram``: unused RAM, the largest block taken off the heap before start-up with which inference still works.

With one upload the chip is reset between probes, and each size is asked for; else each size is a program of its own.
A probe that malloc refuses, whose start-up or run fails, crashes or hangs, or whose output is wrong, does not fit. A
fault of the rig is raised and never counted as "out of memory".
"""

from __future__ import annotations

import time
from functools import partial

from harness.case import Bench, Method
from harness.correctness import require_right
from harness.errors import CrashedError, HungError, RigError, WrongOutputError
from harness.search import Probe, largest_working
from harness.session import RequestFailed
from harness.types import Json, Reading

NEEDS_RIG = True
ORDER = 50
_SLACK = 20
_HUNG = "hung"
_CRASHED = "crashed"
_LEAST_DEADLINE_S = 5.0
_HEADER_BYTES = 8
"""What newlib's malloc takes beside a block: the first guess allows for it."""


def measure(bench: Bench) -> Reading:
    """Search for the headroom; ``details`` list the probes and what was already taken."""
    heap, guess, deadline = _look_around(bench)
    return search(bench, heap, guess, deadline)


def search(bench: Bench, heap: int, guess: int | None, deadline: float) -> Reading:
    """Search from 0 to ``heap`` bytes, first at the ``guess``; a probe may take ``deadline`` seconds."""
    tell = _tell_nothing if bench.method is Method.ONE_FLASH else partial(_tell, bench)
    found = largest_working(lambda size: _probe(bench, size, deadline), heap, guess, tell=tell)
    bench.take_at_start(0)
    if found.largest < 0:
        msg = "the network ran once with all of the heap and then not again: " + found.probes[-1].why
        raise RigError(msg)
    probes: list[Json] = [{"size": p.size, "works": p.works, "why": p.why} for p in found.probes]
    return Reading(
        value=found.largest,
        unit="B",
        samples=(found.largest,),
        details={
            "limit_bytes": bench.built.case.board.ram_bytes,
            "method": bench.method.value,
            "heap_bytes": heap,
            "probes": probes,
            "static_bytes": bench.built.build.data_bytes,
            "arena_bytes": bench.built.arena,
            "harness_static_bytes": _difference(
                bench.built.baselines.bare.data_bytes, bench.built.baselines.empty.data_bytes
            ),
        },
    )


def _tell(bench: Bench, size: int, left: int) -> None:
    bench.say(f"ram: trying {size:,} bytes (at most {left} probes to go)")


def _tell_nothing(size: int, left: int) -> None:
    """Say nothing: where nothing is uploaded, probes are quicker than can be read."""


def _difference(more: int | None, less: int | None) -> int | None:
    return None if more is None or less is None else more - less


def _look_around(bench: Bench) -> tuple[int, int, float]:
    """Run once with nothing taken: return the heap, what is left of it after the run, and a deadline for probes."""
    bench.take_at_start(0)
    firmware = bench.firmware
    firmware.reset()
    ram = bench.built.case.board.ram_bytes
    # Where the core cannot say, the firmware's estimate is up to 512 bytes too low.
    heap = firmware.free_heap(ram) + (0 if bench.built.case.board.is_virtual else 512)
    began = time.monotonic()
    _infer(bench, bench.first_run_deadline())
    deadline = max(_LEAST_DEADLINE_S, _SLACK * (time.monotonic() - began))
    return heap, max(0, firmware.free_heap(ram) - _HEADER_BYTES), deadline


def _infer(bench: Bench, deadline: float) -> None:
    bench.firmware.start(deadline)
    bench.firmware.write_inputs(bench.expected.inputs[0])
    bench.firmware.run(deadline)
    require_right(bench, 0)


def _probe(bench: Bench, size: int, deadline: float) -> Probe:
    """Try one size; a hang or a crash is believed when it comes twice: host or supply may fail for a moment."""
    first = _try(bench, size, deadline)
    return _try(bench, size, deadline) if first.why.startswith((_HUNG, _CRASHED)) else first


def _try(bench: Bench, size: int, deadline: float) -> Probe:
    try:
        if not _take(bench, size, deadline):
            return Probe(size=size, works=False, why="malloc gives no block of this size")
        _infer(bench, deadline)
    except RequestFailed as error:
        return Probe(size=size, works=False, why=str(error))
    except WrongOutputError as error:
        return Probe(size=size, works=False, why=error.message)
    except HungError as error:
        bench.recover(error)
        return Probe(size=size, works=False, why=f"{_HUNG}: {error.message}")
    except CrashedError as error:
        bench.recover(error)
        return Probe(size=size, works=False, why=f"{_CRASHED}: {error.message}")
    return Probe(size=size, works=True)


def _take(bench: Bench, size: int, deadline: float) -> bool:
    """Have ``size`` bytes taken, now or when the network starts; False where malloc has just refused."""
    if bench.method is Method.REFLASH and size:
        bench.take_at_start(size)
        return True
    bench.take_at_start(0)
    bench.firmware.reset()
    return size == 0 or bench.firmware.alloc(size, deadline)
