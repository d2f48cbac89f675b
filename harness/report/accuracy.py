"""Tables of accuracy: every score of every case beside the host's, where it was lost, and who is taken for whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from harness.report.formats import score, seconds
from harness.types import Measurement

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
            notes = list(dict.fromkeys(note for m in of_it if (note := _losses(m).get("note"))))
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


def _table(first: str, *columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for title in columns:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _scores(measurements: Sequence[Measurement]) -> Table:
    """Return a row for the host and for each case."""
    names = list(measurements[0].scores)
    table = _table("", *(name.replace("_", "\n") for name in names), "outputs\nas host", "an\ninference")
    details = _details(measurements[0])
    for title, key in (("float model, host", "float_model"), ("model, host", "host")):
        host = details.get(key)
        if host and host["scores"]:
            table.add_row(title, *(_cell(name, host["scores"]) for name in names), "", "")
    for m in measurements:
        found = _details(m)
        same = found.get("same_outputs_as_host")
        time = found.get("time", {}).get("at_clock_s")
        table.add_row(
            escape(f"{m.implementation}, {m.board}"),
            *(_cell(name, m.scores) for name in names),
            "not known" if same is None else f"{same:,}/{found['samples']:,}",
            "not known" if time is None else seconds(time),
        )
    return table


def _cell(name: str, scores: Any) -> str:  # noqa: ANN401 (whatever JSON holds)
    return score(name, scores[name]) if scores.get(name) is not None else "none"


def _lost(measurements: Sequence[Measurement]) -> Table:
    table = _table("", "by quantization", "by implementation", "by board")
    primary = next(iter(measurements[0].scores))
    for m in measurements:
        found = _losses(m)
        cells = [found.get(key) for key in ("quantization", "implementation", "board")]
        shown = ["not known" if value is None else score(primary, value) for value in cells]
        table.add_row(escape(f"{m.implementation}, {m.board}"), *shown)
    return table


def _distinct(measurements: Sequence[Measurement]) -> dict[str, Measurement]:
    """Return one case for each set of outputs, under what it is the set of."""
    groups: dict[str, list[Measurement]] = {}
    for m in measurements:
        groups.setdefault(str(m.details["outputs"]), []).append(m)
    if len(groups) == 1:
        return {"all cases": measurements[0]}
    return {", ".join(f"{m.implementation} on {m.board}" for m in found): found[0] for found in groups.values()}


def _by_class(measurement: Measurement) -> Table:
    table = _table("class", "precision", "recall", "f1", "samples")
    details = _details(measurement)
    for row in details["by_class"]:
        shown = [score(name, row[name]) for name in ("precision", "recall", "f1")]
        table.add_row(escape(_name(details, row["class"])), *shown, f"{row['samples']:,}")
    return table


def _confusion(measurement: Measurement) -> Table:
    details = _details(measurement)
    matrix = details["confusion_matrix"]
    table = _table("", *(escape(_name(details, index)) for index in range(len(matrix))))
    for index, row in enumerate(matrix):
        table.add_row(escape(_name(details, index)), *(f"{count:,}" if count else "·" for count in row))
    return table


def _name(details: dict[str, Any], index: int) -> str:
    names = details.get("classes") or ()
    return str(names[index]) if index < len(names) else str(index)
