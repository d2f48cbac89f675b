"""The table of a run as Markdown, with what has to be known to read it."""

from __future__ import annotations

from collections.abc import Sequence

from harness import metrics
from harness.report.formats import cell
from harness.report.terminal import TITLES, notes
from harness.types import Measurement


def document(measurements: Sequence[Measurement]) -> str:
    """Return one table a board, a row a case, and the notes below them."""
    parts = []
    for board in dict.fromkeys(m.board for m in measurements):
        parts.append(f"**{board}**\n\n{table([m for m in measurements if m.board == board])}")
    parts.append("\n".join(f"* {_escaped(note)}" for note in notes(measurements)))
    return "\n\n".join(parts) + "\n"


def table(measurements: Sequence[Measurement]) -> str:
    """Return the table of one board; a cell is never blank."""
    names = [name for name in metrics.all_metrics() if any(m.metric == name for m in measurements)]
    cells = {(m.model, m.implementation, m.metric): m for m in measurements}
    lines = [
        "| model | implementation | " + " | ".join(TITLES.get(name, name) for name in names) + " |",
        "|---|---|" + "---:|" * len(names),
    ]
    for model, implementation in dict.fromkeys((m.model, m.implementation) for m in measurements):
        row = [cell(cells.get((model, implementation, name))) for name in names]
        lines.append("| " + " | ".join([_escaped(model), implementation, *row]) + " |")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Return text in which Markdown sees no table, emphasis or tag."""
    for character in "\\|*_<`":
        text = text.replace(character, f"\\{character}")
    return text
