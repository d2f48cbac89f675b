"""The table of a run as Markdown, with what has to be known to read it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.report.exporters import Subject, Target
from harness.types import Measurement

TITLE = "tables in Markdown"
SUFFIX = ".md"
GOES_TO = Target.OUTPUT
_MEANING = re.compile(r"[\\|*_<>`~&#$\[\]]")
"""Characters that Markdown would read as a table, emphasis, a link, a tag, a heading, a formula or an entity."""
_LIST_MARK = re.compile(r"^(\d*)([-+.)=])")
"""What at the beginning of an item would begin a list or a heading of its own."""


def export(subject: Subject) -> str:
    """Return one table a board, a row a case, and the notes below them."""
    from harness.report import notes

    return document(subject.shown(), notes.of_run(subject.run))


def document(measurements: Sequence[Measurement], more: Sequence[str] = ()) -> str:
    """Return one table a board, a row a case, and below them the notes with ``more``."""
    from harness.report import grid, notes

    parts = [f"**{escaped(board)}**\n\n{table(found)}" for board, found in grid.by_board(measurements).items()]
    said = [*notes.notes(measurements), *more]
    parts.append("\n".join("* " + _LIST_MARK.sub(r"\1\\\2", escaped(note)) for note in said))
    return "\n\n".join(parts) + "\n"


def table(measurements: Sequence[Measurement]) -> str:
    """Return the table of one board; a cell is never blank."""
    from harness.report import grid
    from harness.report.formats import cell

    content = grid.of(measurements)
    lines = [
        "| model | implementation | " + " | ".join(content.titles) + " |",
        "|---|---|" + "---:|" * len(content.titles),
    ]
    for row in content.rows:
        lines.append("| " + " | ".join(map(escaped, (row.model, row.implementation, *map(cell, row.cells)))) + " |")
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Return text on one line in which Markdown sees no table, emphasis, link or tag."""
    return _MEANING.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))
