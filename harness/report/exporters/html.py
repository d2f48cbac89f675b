"""The report as one HTML file, with plots, that needs no network."""

from __future__ import annotations

from harness.report.exporters import Subject, Target

TITLE = "the report with plots, as one HTML file"
SUFFIX = ".html"
GOES_TO = Target.FILE


def export(subject: Subject) -> str:
    """Return the page."""
    from harness.report import page

    return page.render(subject)
