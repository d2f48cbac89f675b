"""What stands behind a single figure: the parts of the flash, the probes of a headroom search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from harness.report import accuracy
from harness.types import Measurement

_CASE = ("model", "impl.", "board")
_BEHIND = {"flash": "sections", "ram": "probes"}
"""The detail without which there is nothing behind the figure of a metric."""
_PARTS = ("model", "library", "runtime", "harness", "C library", "core", "alignment")
_SKETCH_PARTS = ("sketch", "library", "C library", "core", "alignment")


def tables(measurements: Sequence[Measurement]) -> list[tuple[str, Table]]:
    """Return tables with their titles: of the flash, or of the probes, where that alone was measured."""
    asked = {m.metric for m in measurements}
    done = [m for m in measurements if m.value is not None and m.details.get(_BEHIND.get(m.metric, ""))]
    if asked == {"flash"} and done:
        with_parts = [m for m in done if m.details.get("parts")]  # not every core has its linker write a map
        parts = [("flash by part, in bytes", _parts(with_parts))] if with_parts else []
        and_firmware = ", and the firmware with no network" if _has_firmware(done) else ""
        return [*parts, (f"by section{and_firmware}, in bytes", _sections(done))]
    if asked == {"ram"} and done:
        return [("probes", _probes(done))]
    if any(m.scores for m in measurements):
        return accuracy.tables(measurements)
    return []


def _details(measurement: Measurement) -> dict[str, Any]:
    return dict(measurement.details)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table in which text may be folded and titles too, but no figure is cut."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in _CASE:
        model = title == "model"
        table.add_column(title, overflow="fold", min_width=8 if model else None, no_wrap=not model)
    for index, title in enumerate(titles, start=len(_CASE)):
        figures = [row[index] for row in rows if row[index].replace(",", "").lstrip("-").isdigit()]
        table.add_column(title, justify="right", overflow="fold", min_width=max(map(len, figures), default=None))
    for row in rows:
        table.add_row(*row)
    return table


def _row(measurement: Measurement, *values: object) -> list[str]:
    case = map(escape, measurement.key)
    return [*case, *map(_shown, values)]


def _shown(value: object) -> str:
    if value is None:
        return "not told"
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def _parts(measurements: Sequence[Measurement]) -> Table:
    own = any("sketch" in _details(m)["parts"] for m in measurements)
    names = _SKETCH_PARTS if own else _PARTS
    return _table(names, [_row(m, *(_details(m)["parts"].get(name, 0) for name in names)) for m in measurements])


def _sections(measurements: Sequence[Measurement]) -> Table:
    sections = list(dict.fromkeys(name for m in measurements for name in _details(m)["sections"]))
    rows = []
    for m in measurements:
        details = _details(m)
        found = (details["sections"].get(name, 0) for name in sections)
        compared = [details.get("empty_sketch_bytes"), details.get("real_core_bytes") or 0]
        if _has_firmware(measurements):
            compared.append(details["harness_only_bytes"])
        rows.append(_row(m, *found, *compared))
    firmware = ["(no network)"] if _has_firmware(measurements) else []
    return _table([*sections, "- empty sketch", "+ real core", *firmware], rows)


def _has_firmware(measurements: Sequence[Measurement]) -> bool:
    """Whether the programs have mcuprof's firmware: sketches of the user's own do not."""
    return all(_details(m).get("harness_only_bytes") is not None for m in measurements)


def _probes(measurements: Sequence[Measurement]) -> Table:
    heap_known = any(_details(m).get("heap_bytes") is not None for m in measurements)
    rows = []
    for m in measurements:
        details = _details(m)
        heap = [details.get("heap_bytes")] if heap_known else []
        for probe in details["probes"]:
            works = "yes" if probe["works"] else "no"
            rows.append(_row(m, *heap, probe["size"], works, probe["why"]))
    return _table([*(["heap B"] if heap_known else []), "bytes taken", "works", "why not"], rows)
