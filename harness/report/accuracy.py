"""Tables of accuracy: every score of every case beside the host's, where it was lost, and who is taken for whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from harness.report.formats import is_share, score, seconds, shown_text
from harness.types import Measurement

_NONE = "–"  # noqa: RUF001 (a dash, for what there cannot be)
_MOST_CLASSES = 20
"""A confusion matrix of more is only in the JSON."""


def tables(measurements: Sequence[Measurement]) -> list[tuple[str, Table]]:
    """Return the tables of the cases that have scores, with their titles."""
    found: list[tuple[str, Table]] = []
    for model in dict.fromkeys(m.model for m in measurements if m.scores):
        of_it = [m for m in measurements if m.model == model and m.scores]
        details = _details(of_it[0])
        found.append((f"{model}: {details['task']}, {details['samples_are']}, {details['data']}", _scores(of_it)))
        if any(_losses(m) for m in of_it):
            notes = [*_not_scored(details), *dict.fromkeys(note for m in of_it if (note := _losses(m).get("note")))]
            found.append((f"{model}: what was lost" + "".join(f"; {note}" for note in notes), _lost(of_it)))
        for title, case in _distinct(of_it).items():
            if 0 < len(_details(case).get("by_class", ())) <= _MOST_CLASSES:
                found.append((f"{model}: classes ({title})", _by_class(case)))
            if 0 < len(_details(case).get("confusion_matrix", ())) <= _MOST_CLASSES:
                found.append((f"{model}: true class by row, predicted by column ({title})", _confusion(case)))
    return found


def _details(measurement: Measurement) -> dict[str, Any]:
    return dict(measurement.details)


def _losses(measurement: Measurement) -> dict[str, Any]:
    return dict(_details(measurement).get("losses") or {})


def _not_scored(details: dict[str, Any]) -> list[str]:
    """Say why the host has no score of the float model or the model itself, where it was to have one."""
    of = {"the float model": details.get("float_model"), "the model": details.get("host")}
    return [
        f"{what} has no score on the host: {host['by']}" for what, host in of.items() if host and not host["scores"]
    ]


def _table(first: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table in which no figure is cut, however narrow the terminal; ``rows`` begin with their names."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, title in enumerate((first, *titles)):
        widths = [len(line) for line in (*title.split("\n"), *(row[index] for row in rows))]
        table.add_column(escape(title), justify="right" if index else "left", no_wrap=True, min_width=max(widths))
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _scores(measurements: Sequence[Measurement]) -> Table:
    """Return a row for the host and for each case."""
    names = list(measurements[0].scores)
    rows = []
    details = _details(measurements[0])
    for title, key in (("float model, host", "float_model"), ("model, host", "host")):
        host = details.get(key)
        if host and host["scores"]:
            rows.append([title, *(_cell(name, host["scores"].get(name)) for name in names), _NONE, _NONE])
    for m in measurements:
        found = _details(m)
        same = found.get("same_outputs_as_host")
        rows.append(
            [
                f"{m.implementation}, {m.board}",
                *(_cell(name, m.scores.get(name)) for name in names),
                "not known" if same is None else f"{same:,}/{found['samples']:,}",
                _time(found.get("time") or {}),
            ]
        )
    return _table("", [*map(_title, names), "outputs\nas host", "an\ninference"], rows)


def _time(found: dict[str, Any]) -> str:
    """Return the time of an inference; a count stands before what it is at the board's clock."""
    if not found:
        return "not known"
    shown = seconds(found["at_clock_s"])
    return shown if found["unit"] == "s" else f"{found['median']:,.0f} {found['unit']} ({shown})"


def _title(name: str) -> str:
    """Return the title of a score's column, with the unit of shares."""
    return name.replace("_", "\n") + ("\n%" if is_share(name) else "")


def _cell(name: str, value: float | None) -> str:
    """Return a score without its unit, which stands in the title."""
    return "none" if value is None else score(name, value).removesuffix(" %")


def _lost(measurements: Sequence[Measurement]) -> Table:
    primary = next(iter(measurements[0].scores))
    rows = []
    for m in measurements:
        found = _losses(m)
        cells = [found.get(key) for key in ("quantization", "implementation", "board")]
        shown = ["not known" if value is None else score(primary, value) for value in cells]
        rows.append([f"{m.implementation}, {m.board}", *shown])
    return _table("", ["by quantization", "by implementation", "by board"], rows)


def _distinct(measurements: Sequence[Measurement]) -> dict[str, Measurement]:
    """Return one case for each set of outputs, under what it is the set of."""
    groups: dict[str, list[Measurement]] = {}
    for m in measurements:
        groups.setdefault(str(m.details["outputs"]), []).append(m)
    if len(groups) == 1:
        return {"all cases": measurements[0]}
    return {", ".join(f"{m.implementation} on {m.board}" for m in found): found[0] for found in groups.values()}


def _by_class(measurement: Measurement) -> Table:
    details, names = _details(measurement), ("precision", "recall", "f1")
    rows = [
        [_name(details, row["class"]), *(_cell(name, row[name]) for name in names), f"{row['samples']:,}"]
        for row in details["by_class"]
    ]
    return _table("class", [*map(_title, names), "samples"], rows)


def _confusion(measurement: Measurement) -> Table:
    details = _details(measurement)
    names = [_name(details, index) for index in range(len(details["confusion_matrix"]))]
    rows = [
        [name, *(f"{count:,}" if count else "·" for count in row)]
        for name, row in zip(names, details["confusion_matrix"], strict=True)
    ]
    return _table("", names, rows)


def _name(details: dict[str, Any], index: int) -> str:
    names = details.get("classes") or ()
    return shown_text(str(names[index])) if index < len(names) else str(index)
