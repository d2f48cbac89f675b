"""What has to be known to read the tables of a run, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from harness import summaries
from harness.build_properties import OPTIMIZATIONS
from harness.report.formats import OVERSIZE, margin, seconds
from harness.report.grid import TITLES
from harness.types import Clock, Measurement, Status


def notes(measurements: Sequence[Measurement]) -> list[str]:
    """Return what has to be known to read the table, each in one sentence."""
    return [*_reasons(measurements), *_doubts(measurements), *beside_reasons(measurements)]


def beside_reasons(measurements: Sequence[Measurement]) -> list[str]:
    """Return the notes without why something has no figure or a doubtful one, for a report that says so itself."""
    return [*_oversize(measurements), *_clocks(measurements), *_versions(measurements), *_costs(measurements)]


def _reasons(measurements: Sequence[Measurement]) -> list[str]:
    found = {
        f"{m.model} · {m.implementation} · {m.board}: {m.status.value}: {m.reason}": None
        for m in measurements
        if m.status is not Status.OK
    }
    return list(found)


def _doubts(measurements: Sequence[Measurement]) -> list[str]:
    """Say what makes times doubtful, and what the margins beside them are."""
    found = []
    for m in measurements:
        summary = summaries.of(m)
        for warning in summary.warnings if summary else ():
            title = TITLES.get(m.metric, m.metric)
            found.append(f"{m.model} · {m.implementation} · {m.board}: {title}: {warning.text}")
    timed = {m.board for m in measurements if margin(m)}
    if timed:
        found.append(
            f"times on {' and '.join(sorted(timed))} are medians, ± how far they may be off with 95 % confidence"
        )
    return found


def _oversize(measurements: Sequence[Measurement]) -> list[str]:
    if not any(m.oversize for m in measurements):
        return []
    return [
        f"a size with {OVERSIZE} is of a program that the board has no room for: it was linked to be measured, as "
        "for a board with more memory, and not to be run"
    ]


def _clocks(measurements: Sequence[Measurement]) -> list[str]:
    found = []
    counted = {m.board for m in measurements if m.clock is Clock.INSTRUCTION_COUNT}
    if counted:
        found.append(
            f"times on {' and '.join(sorted(counted))} are counts of executed instructions, and the time beside them "
            "is at one instruction a clock. A real board needs more cycles than instructions: on known programs "
            "these times were 0.25 to 0.76 of the hardware's, and did not always rank alike"
        )
    modelled = {m.board for m in measurements if m.clock is Clock.CYCLE_MODEL}
    if modelled:
        found.append(
            f"times on {' and '.join(sorted(modelled))} are cycles of the AVR, counted by the chip's own timer as "
            "simavr plays it, and the time beside them is at the board's clock"
        )
    return [*found, *_steps(measurements)]


def _steps(measurements: Sequence[Measurement]) -> list[str]:
    """Say how fine the times are that a sketch reads from ``micros()``."""
    found = []
    for m in measurements:
        step = m.details.get("resolution")
        if "sketch_sha256" in m.provenance and m.clock is not None and isinstance(step, int | float):
            shown = seconds(step) if m.clock is Clock.HARDWARE else f"{step:g} {m.clock.unit}"
            found.append(f"times on {m.board} are what the sketch reads from micros(), in steps of {shown}")
    return list(dict.fromkeys(found))


def _versions(measurements: Sequence[Measurement]) -> list[str]:
    found = [
        f"{m.implementation} is {m.provenance['runs_on']}{_not_for_shipping(m)}"
        for m in measurements
        if m.provenance.get("runs_on")
    ]
    found += [
        f"{m.implementation} runs {m.model} on {m.board} with schedules that tuning has found: "
        f"{m.provenance['tuning']}"
        for m in measurements
        if str(m.provenance.get("tuning", "")).partition(" ")[0].isdigit()
    ]
    found += [
        f"built with -{m.provenance['optimization']} in place of the optimization of the board's core"
        for m in measurements
        if m.provenance.get("optimization") in OPTIMIZATIONS
    ]
    return list(dict.fromkeys(found))


def _not_for_shipping(measurement: Measurement) -> str:
    reference = str(measurement.provenance.get("tflm_kernels", "")).startswith("reference")
    return ": not what one would ship, which is faster" if reference else ""


def _costs(measurements: Sequence[Measurement]) -> list[str]:
    """Say for each board what the profiling firmware has of the figures above."""
    notes = []
    for board in dict.fromkeys(m.board for m in measurements):
        done = [m for m in measurements if m.board == board and m.value is not None]
        flash = next((m.details.get("harness_bytes") for m in done if m.metric == "flash"), None)
        ram = next((m.details.get("harness_static_bytes") for m in done if m.metric == "ram"), None)
        said = [f"{size:,} B of {what}" for size, what in ((flash, "flash"), (ram, "RAM")) if size is not None]
        if said:
            notes.append(
                f"on {board} mcuprof's own firmware, with what it needs of core and C library, takes "
                f"{' and '.join(said)}; the figures above include it"
            )
    return notes
