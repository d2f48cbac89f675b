"""One row a measurement, as CSV: for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from harness.report.exporters import Subject, Target

TITLE = "one row a measurement, as CSV"
SUFFIX = ".csv"
GOES_TO = Target.OUTPUT

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of what spreadsheets calculate, and with it whatever a stranger's file is called."""


def export(subject: Subject) -> str:
    """Return the rows below a line of column names, in UTF-8, with every digit.

    Samples are separated by spaces; what there is none of is empty. A text that a spreadsheet would take for a
    formula, such as the name of a model file that begins with ``=``, has a ``'`` before it.
    """
    from harness.report import rows

    lines = [_line(column.name for column in rows.COLUMNS)]
    lines += [_line(map(_cell, row.values())) for row in rows.rows(subject.run)]
    return "".join(lines)


def _line(cells: Iterable[str]) -> str:
    """Return a line that ends in a newline; the writer quotes what is in its own ending, so that has both."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(map(_cell, value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return repr(value)
