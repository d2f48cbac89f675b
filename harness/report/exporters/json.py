"""A run as the JSON document of its results file."""

from __future__ import annotations

import json

from harness.report.exporters import Subject, Target

TITLE = "the JSON document of the run"
SUFFIX = ".json"
GOES_TO = Target.OUTPUT


def export(subject: Subject) -> str:
    """Return the document, as ``--json`` of the commands that measure prints it."""
    from harness.store import document

    return json.dumps(document(subject.run), indent=1, allow_nan=False) + "\n"
