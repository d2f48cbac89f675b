"""What has to be known to read the tables of a run, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness import summaries
from harness.build_properties import OPTIMIZATIONS
from harness.report import grid
from harness.report.clocks import clock_notes
from harness.report.formats import OVERSIZE, margin, seconds
from harness.report.grid import TITLES
from harness.types import Clock, Measurement, Status

if TYPE_CHECKING:
    from harness.store import Run


def notes(measurements: Sequence[Measurement]) -> list[str]:
    """Return what has to be known to read the table, each in one sentence."""
    return [*_reasons(measurements), *to_fit(measurements), *_doubts(measurements), *beside_reasons(measurements)]


def of_run(run: Run) -> list[str]:
    """Return what has to be known of the run as a whole."""
    if run.finished is not None:
        return []
    how = f": `{run.goes_on_by}` goes on with it" if run.goes_on_by else ""
    return [f"the run was cut off, so not all that it was asked for is here{how}"]


def beside_reasons(measurements: Sequence[Measurement]) -> list[str]:
    """Return the notes without why something has no figure or a doubtful one, for a report that says so itself."""
    clocks = clock_notes((m.board, m.clock, m.provenance) for m in measurements)
    return [*_oversize(measurements), *clocks, *_steps(measurements), *_versions(measurements), *_costs(measurements)]


def _reasons(measurements: Sequence[Measurement]) -> list[str]:
    found = {
        f"{m.model} · {m.implementation} · {m.board}: {m.status.value}: {m.reason}": None
        for m in measurements
        if m.status is not Status.OK
    }
    return list(found)


def to_fit(measurements: Sequence[Measurement]) -> list[str]:
    """Return what would make fit what does not, a note for each case."""
    found: dict[str, None] = {}
    for m in measurements:
        advice = m.details.get("advice")
        if isinstance(advice, list):
            found[f"{m.model} · {m.implementation} · {m.board}: to make it fit: {'; '.join(map(str, advice))}"] = None
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


def _steps(measurements: Sequence[Measurement]) -> list[str]:
    """Say how fine the times are that a sketch reads from ``micros()``."""
    found = []
    for m in measurements:
        step = m.details.get("resolution")
        if m.is_of_own_sketch and m.clock is not None and isinstance(step, int | float):
            shown = seconds(step) if m.clock is Clock.HARDWARE else f"{step:g} {m.clock.unit}"
            found.append(f"times on {m.board} are what the sketch reads from micros(), in steps of {shown}")
    return list(dict.fromkeys(found))


def speed_ups(measurements: Sequence[Measurement]) -> list[str]:
    """Say what the factors beside the times are, where there are some."""
    content = grid.of(measurements)
    some = any(grid.times_faster(content, row, name) for row in content.rows for name in content.metrics)
    return (
        [f"a factor beside a time says how many times as fast as {grid.REFERENCE} the case is on that board"]
        if some
        else []
    )


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
