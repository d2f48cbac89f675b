"""One row a measurement, as CSV: for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io

from harness.report.exporters import Subject, Target

TITLE = "one row a measurement, as CSV"
SUFFIX = ".csv"
GOES_TO = Target.OUTPUT


def export(subject: Subject) -> str:
    """Return the rows below a line of column names, in UTF-8, with every digit.

    Samples are separated by spaces; what there is none of is empty.
    """
    from harness.report import rows

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.name for column in rows.COLUMNS)
    for row in rows.rows(subject.run):
        writer.writerow(_cell(value) for value in row.values())
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(map(_cell, value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)
