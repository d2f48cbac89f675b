"""What has to be known of the clocks that times were read from, a sentence each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from harness.types import Clock, Json

Timed = tuple[str, Clock | None, Mapping[str, Json]]
"""A board, the clock of a time on it, and the provenance of that time."""


def clock_notes(times: Iterable[Timed]) -> list[str]:
    """Return a sentence for each kind of clock, with the boards that have it."""
    found = list(times)
    told: tuple[tuple[Callable[[Timed], bool], str], ...] = (
        (
            lambda time: time[1] is Clock.INSTRUCTION_COUNT,
            "are counts of executed instructions, and the time beside them is at one instruction a clock. A real "
            "board needs more cycles than instructions: on known programs these times were 0.25 to 0.76 of the "
            "hardware's, and did not always rank alike",
        ),
        (
            lambda time: time[1] is Clock.CYCLE_MODEL and _is_qemu(time[2]),
            "are cycles of a Cortex-M4 by the rules of its manual, with the wait states of flash that the board's "
            "file states, for the instructions that QEMU executed, and the time beside them is at the board's clock. "
            "It is a model, not a real board's time: known programs came to 0.34 to 1.17 of that, and did not always "
            "rank alike",
        ),
        (
            lambda time: time[1] is Clock.CYCLE_MODEL and not _is_qemu(time[2]),
            "are cycles of the AVR, counted by the chip's own timer as simavr plays it, and the time beside them is "
            "at the board's clock",
        ),
    )
    notes = []
    for holds, sentence in told:
        boards = sorted({time[0] for time in found if holds(time)})
        if boards:
            notes.append(f"times on {' and '.join(boards)} {sentence}")
    refused = {str(why): board for board, _, provenance in found if (why := provenance.get("no_cycle_model"))}
    return notes + [f"no cycles were counted on {board}: {why}" for why, board in refused.items()]


def _is_qemu(provenance: Mapping[str, Json]) -> bool:
    return str(provenance.get("core", "")).startswith("mcuprof:qemu")
