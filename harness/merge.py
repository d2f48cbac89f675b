"""Several runs → one, so that parts of a study that were measured apart stand in one table. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import UsageError
from harness.store import Run
from harness.types import Json, Measurement

_SAME = {"model": "model_sha256", "board": "board_digest"}
"""What a name stands for, and the provenance that tells whether it stands for the same in each run."""


def merged(runs: Sequence[Run]) -> list[Measurement]:
    """Return the measurements of all runs, each in place of the same one of an earlier run.

    Raises ``UsageError`` where models or boards of one name are unlike: in one table nobody could tell them apart.
    """
    found: dict[tuple[str, str, str, str], Measurement] = {}
    for run in runs:
        found |= {(*m.key, m.metric): m for m in run.measurements}
    for what, key in _SAME.items():
        _require_one(what, key, list(found.values()))
    return list(found.values())


def _require_one(what: str, key: str, measurements: Sequence[Measurement]) -> None:
    known: dict[str, Json] = {}
    for m in measurements:
        name, digest = getattr(m, what), m.provenance.get(key)
        if digest and known.setdefault(name, digest) != digest:
            msg = (
                f"the runs have unlike {what} files of the name {name!r} ({str(known[name])[:12]} and "
                f"{str(digest)[:12]}): measure it anew, or compare the runs instead"
            )
            raise UsageError(msg)
