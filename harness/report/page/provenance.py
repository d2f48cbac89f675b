"""Where the figures of a run come from, as tables."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from harness.profile.result import Profile
from harness.report.formats import moment, shown_text
from harness.store import Run
from harness.types import Json, Measurement

_BUILD = {
    "runs_on": "runs on",
    "core": "core",
    "compiler": "compiler",
    "optimization": "optimization",
    "arduino_cli": "arduino-cli",
    "flags": "flags",
}


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The run itself, how each implementation was built for each board, and the model files."""

    run: tuple[tuple[str, str], ...]
    builds_head: tuple[str, ...]
    builds: tuple[tuple[str, ...], ...]
    models: tuple[tuple[str, str], ...]


def of(run: Run, measurements: Sequence[Measurement | Profile]) -> Provenance:
    """Return the provenance of a run; ``measurements`` and profiles are its own, made printable."""
    builds: dict[tuple[str, ...], None] = {}
    for m in measurements:
        facts = [_said(m.provenance.get(key)) for key in _BUILD]
        if any(fact != _NONE for fact in facts):
            builds[(m.board, m.implementation, *facts)] = None
    models = {(m.model, _said(m.provenance.get("model_sha256"))): None for m in measurements}
    return Provenance(
        run=tuple(_run(run)),
        builds_head=("board", "implementation", *_BUILD.values()),
        builds=tuple(builds),
        models=tuple(models),
    )


_NONE = "not told"


def _said(found: Json) -> str:
    return _NONE if found is None or found == "" else str(found)


def _run(run: Run) -> Sequence[tuple[str, str]]:
    command = run.plan.get("command")
    words = [str(word) for word in command] if isinstance(command, list) else []
    facts = [
        ("run", run.id),
        ("started", moment(run.started)),
        ("finished", moment(run.finished) if run.finished else "cut off before its end"),
        ("command", shlex.join(words) if words else _NONE),
        *((key, _said(value)) for key, value in run.host.items()),
    ]
    return [(name, shown_text(value)) for name, value in facts]
