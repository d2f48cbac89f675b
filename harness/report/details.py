"""What stands behind a single figure: the parts of the flash, the probes of a headroom search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from harness.types import Measurement, Status

_PARTS = ("model", "library", "runtime", "harness", "C library", "core", "alignment")


def tables(measurements: Sequence[Measurement]) -> list[tuple[str, Table]]:
    """Return tables with their titles: of the flash, or of the probes, where that alone was measured."""
    done = [m for m in measurements if m.status is Status.OK]
    if {m.metric for m in measurements} == {"flash"} and done:
        return [
            ("flash by part, in bytes", _parts(done)),
            (
                "the same by section, and the firmware with no network, in bytes",
                _sections(done),
            ),
        ]
    if {m.metric for m in measurements} == {"ram"} and done:
        return [("probes", _probes(done))]
    return []


def _details(measurement: Measurement) -> dict[str, Any]:
    return dict(measurement.details)


def _names(*titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("model", "impl.", "board"):
        table.add_column(title, overflow="fold")
    for title in titles:
        table.add_column(title, justify="right", no_wrap=title != "why not")
    return table


def _row(measurement: Measurement, *values: object) -> list[str]:
    shown = [f"{value:,}" if isinstance(value, int) else escape(str(value)) for value in values]
    return [escape(measurement.model), measurement.implementation, measurement.board, *shown]


def _parts(measurements: Sequence[Measurement]) -> Table:
    table = _names(*_PARTS)
    for m in measurements:
        parts = _details(m)["parts"]
        table.add_row(*_row(m, *(parts.get(name, 0) for name in _PARTS)))
    return table


def _sections(measurements: Sequence[Measurement]) -> Table:
    sections = list(dict.fromkeys(name for m in measurements for name in _details(m)["sections"]))
    table = _names(*sections, "- empty sketch", "+ real core", "(no network)")
    for m in measurements:
        details = _details(m)
        found = (details["sections"].get(name, 0) for name in sections)
        real_core = details["real_core_bytes"] or 0
        table.add_row(*_row(m, *found, details["empty_sketch_bytes"], real_core, details["harness_only_bytes"]))
    return table


def _probes(measurements: Sequence[Measurement]) -> Table:
    table = _names("heap B", "bytes taken", "works", "why not")
    for m in measurements:
        details = _details(m)
        for probe in details["probes"]:
            works = "yes" if probe["works"] else "no"
            table.add_row(*_row(m, details["heap_bytes"], probe["size"], works, probe["why"]))
    return table
