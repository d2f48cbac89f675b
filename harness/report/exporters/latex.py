"""The table of a run in LaTeX, in the form of a study: one table, a row a case, to be read in by a paper."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.exporters import Subject, Target
from harness.types import Measurement

TITLE = "a table in LaTeX, with booktabs"
SUFFIX = ".tex"
GOES_TO = Target.OUTPUT
_LONGEST_ON_ONE_PAGE = 40
_MEANING = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\symbol{34}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "[": "{[}",
    "*": "{*}",
    "µ": r"\textmu{}",
    "·": r"\textperiodcentered{}",
    "…": r"\dots{}",
}
"""Characters that LaTeX reads as commands, as ligatures, or as an argument of the command before them."""
_LAST_OF_LATIN_1 = "\xff"
_NOT_IN_ALL_FONTS = "\xa0\xad«»ÐÞðþ"


def export(subject: Subject) -> str:
    """Return the table and the notes below it; a short one is a tabular, a long one breaks over pages."""
    from harness.report import notes

    measurements = subject.shown()
    table = _table(measurements)
    known = [*notes.notes(measurements), *notes.of_run(subject.run)]
    said = "\n".join(f"  \\item {escaped(note)}" for note in known)
    listed = f"\\begin{{itemize}}\n{said}\n\\end{{itemize}}\n" if said else ""
    return f"{_needs(table)}{table}\n\n{listed}"


def _needs(table: str) -> str:
    packages = ("booktabs", "longtable") if "longtable" in table else ("booktabs",)
    names = ", ".join(packages)
    return (
        f"% To be read in with \\input. It needs \\usepackage{{{names}}}\n"
        "% and, for a LaTeX older than 2018, \\usepackage[utf8]{inputenc} and \\usepackage{textcomp}.\n"
    )


def _table(measurements: Sequence[Measurement]) -> str:
    from harness.report import grid
    from harness.report.formats import bare_cell

    content = grid.study(measurements)
    environment = "tabular" if len(content.rows) <= _LONGEST_ON_ONE_PAGE else "longtable"
    lines = [f"\\begin{{{environment}}}{{lll{'r' * len(content.metrics)}}}", "\\toprule"]
    lines += [_line("application", "implementation", "board", *content.titles_with_unit), "\\midrule"]
    if environment == "longtable":
        lines.append("\\endhead")
    model = content.rows[0].model if content.rows else ""
    for row in content.rows:
        if row.model != model:
            lines.append("\\addlinespace")
        model = row.model
        lines.append(_line(row.model, row.implementation, row.board, *map(bare_cell, row.cells)))
    return "\n".join([*lines, "\\bottomrule", f"\\end{{{environment}}}"])


def _line(*cells: str) -> str:
    return " & ".join(map(escaped, cells)) + r" \\"


def escaped(text: str) -> str:
    """Return text that every LaTeX typesets as it stands; characters beyond Latin-1 become ``[U+4E2D]``."""
    return "".join(map(_character, " ".join(text.split()))).replace("--", "-{}-{}")


def _character(character: str) -> str:
    if character in _MEANING:
        return _MEANING[character]
    if character > _LAST_OF_LATIN_1 or character in _NOT_IN_ALL_FONTS or not character.isprintable():
        return f"{{[}}U+{ord(character):04X}]"
    return character
