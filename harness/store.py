"""``results/``: one JSON file a run, written anew after each case, whole or not at all."""

from __future__ import annotations

import contextlib
import json
import math
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Any

import filelock

from harness import known_details, summaries, whole_file
from harness.errors import McuprofError, UsageError
from harness.profile import saved
from harness.profile.result import Profile
from harness.types import Clock, Json, Measurement, Status

SCHEMA = 1
_ID = re.compile(r"\w[\w.-]*")
"""Files and folders are named after a run."""
_MOST = 1e60
"""Larger figures are damage: their third powers leave the range of floating point."""


class Kind(Enum):
    """What a run measures, by a key that its plan has."""

    NETWORKS = "models"
    SKETCH = "sketch"
    ACCURACY = "accuracy"


_RESUMED_BY = {Kind.NETWORKS: "mcuprof run --resume", Kind.ACCURACY: "mcuprof accuracy --resume"}


@dataclass(kw_only=True)
class Run:
    """A run and what it has measured so far."""

    id: str
    started: str
    plan: Mapping[str, Json]
    """What was asked for, so that a run that was cut off can go on."""
    host: Mapping[str, Json]
    measurements: list[Measurement] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    finished: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing has come of it yet."""
        return not self.measurements and not self.profiles

    @property
    def kind(self) -> Kind:
        """What it measures."""
        return next((kind for kind in (Kind.SKETCH, Kind.ACCURACY) if kind.value in self.plan), Kind.NETWORKS)

    @property
    def goes_on_by(self) -> str | None:
        """The command that goes on with it; None where it has ended, and where there is none for what it has."""
        if self.finished is not None or (self.kind is Kind.NETWORKS and not self.measurements):
            return None
        return _RESUMED_BY.get(self.kind)


def run_files(folder: Path) -> list[Path]:
    """Return the files of runs in a results folder, by name; hidden ones are none."""
    return sorted(folder.glob("[!.]*.json"))


class Store:
    """The results folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, run: Run) -> Path:
        """Return the file of a run."""
        return self.folder / f"{run.id}.json"

    def wire_folder(self, run: Run) -> Path:
        """Return the folder in which a run keeps what went over the wire."""
        return self.folder / f"{run.id}.wire"

    def samples_folder(self, run: Run) -> Path:
        """Return the folder in which a run keeps what a board made of each sample of a data set."""
        return self.folder / f"{run.id}.samples"

    def _has_begun(self, run: Run) -> bool:
        return bool(run.measurements) or self.samples_folder(run).is_dir()

    @contextlib.contextmanager
    def hold(self, run: Run) -> Iterator[None]:
        """Keep a run for this process while it is worked on; raises ``UsageError`` where another one has it."""
        lock = filelock.FileLock(self.folder / f".{run.id}.lock", timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            msg = f"run {run.id} is still at work in another process"
            raise UsageError(msg) from None
        try:
            yield
        finally:
            Path(lock.lock_file).unlink(missing_ok=True)  # while it is held: afterwards it may be another's
            lock.release()

    def catch_up(self, run: Run) -> None:
        """Take in what another process has measured since ``run`` was read.

        Raises ``UsageError`` where nothing is left to be measured.
        """
        now = load(self.path(run))
        if now.finished is not None:
            msg = f"another process has finished run {run.id} meanwhile"
            raise UsageError(msg)
        run.measurements[:] = now.measurements

    def begin(self, plan: Mapping[str, Json], host: Mapping[str, Json]) -> Run:
        """Start a run and write its file at once: a folder that cannot be written is known before the work."""
        now = datetime.now(timezone.utc)
        run = Run(
            id=f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
            started=now.isoformat(timespec="seconds"),
            plan=plan,
            host=host,
        )
        self.save(run)
        return run

    def finish(self, run: Run) -> None:
        """Note that a run is complete."""
        run.finished = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self.save(run)

    def save(self, run: Run) -> None:
        """Write the file of a run; an older state stays whole when this fails. Raises ``McuprofError``."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_document(self.path(run), document(run))
        except OSError as error:
            msg = (
                f"the results folder {self.folder} cannot be written: {error.strerror or error}. "
                "Make room or choose another one with --results; what was saved before is still there"
            )
            raise McuprofError(msg) from error

    def drop_if_empty(self, run: Run) -> None:
        """Remove the file of a run that ended before anything was measured."""
        if run.is_empty and not self._has_begun(run):
            self.path(run).unlink(missing_ok=True)
            shutil.rmtree(self.wire_folder(run), ignore_errors=True)

    def latest_unfinished(self, kind: Kind = Kind.NETWORKS) -> Run:
        """Return the last run of a kind that was cut off; raises ``UsageError`` where there is none."""
        for path in reversed(run_files(self.folder)):
            try:
                run = load(path)
            except UsageError:
                continue  # a damaged file costs only itself
            if run.finished is None and self._has_begun(run) and run.kind is kind:
                return run
        what = (
            f"every run in {self.folder} is finished" if self.folder.is_dir() else f"there is no folder {self.folder}"
        )
        msg = f"there is no run to go on with: {what}"
        raise UsageError(msg)

    def runs(self) -> list[Run]:
        """Return the runs that hold a measurement or a profile, oldest first; a damaged file costs only itself."""
        found = []
        for path in run_files(self.folder):
            with contextlib.suppress(UsageError):
                found.append(load(path))
        return sorted((run for run in found if not run.is_empty), key=lambda run: run.started)

    def others(self, run: Run) -> list[Run]:
        """Return all ``runs`` but one."""
        return [other for other in self.runs() if other.id != run.id]

    def find(self, wanted: Path | None, *, profiled: bool = False) -> Run:
        """Return the run of a file or of an id, or the latest one; raises ``UsageError`` where there is none.

        The latest one is of those with measurements or, where ``profiled``, with profiles as well.
        """
        if wanted is not None:
            return load(self.resolve(wanted))
        for path in reversed(run_files(self.folder)):
            with contextlib.suppress(UsageError):
                run = load(path)
                if run.measurements or (profiled and run.profiles):
                    return run
        msg = f"there is no run with a measurement in {self.folder}: `mcuprof run` makes one"
        raise UsageError(msg)

    def resolve(self, wanted: Path) -> Path:
        """Return the results file of a name or an id; raises ``UsageError`` where there is none."""
        for path in (wanted, self.folder / f"{wanted}.json"):
            if path.is_file():
                return path
        msg = f"there is no run {wanted}: neither a results file nor an id in {self.folder}"
        raise UsageError(msg)

    def removable(self, wanted: Path) -> Path:
        """Return the results file of a name or an id: a damaged one only in this folder, where nothing else is.

        Raises ``UsageError`` where there is none.
        """
        path = self.resolve(wanted)
        try:
            load(path)
        except UsageError:
            if path.resolve().parent != self.folder.resolve() or path.suffix != ".json":
                raise
        return path

    def remove(self, path: Path) -> None:
        """Remove a file that is removable, with its logs.

        Raises ``UsageError`` where its run is still at work, and ``McuprofError`` where it has to stay.
        """
        home, run = Store(path.parent), Run(id=path.stem, started="", plan={}, host={})  # a copy has no logs
        try:
            with home.hold(run):
                path.unlink()
                for folder in (home.wire_folder(run), home.samples_folder(run)):
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError as error:
            msg = f"the run {path} cannot be removed: {error.strerror or error}"
            raise McuprofError(msg) from error


def document(run: Run) -> dict[str, Any]:
    """Return a run as the JSON document of its file."""
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "run": {
            "id": run.id,
            "started": run.started,
            "finished": run.finished,
            "plan": dict(run.plan),
            "host": dict(run.host),
        },
        "measurements": [to_json(measurement) for measurement in run.measurements],
    }
    if run.profiles:
        found["profiles"] = [saved.to_json(profile) for profile in run.profiles]
    return found


def to_json(measurement: Measurement) -> dict[str, Any]:
    """Return a measurement as JSON values; ``statistics`` is worked out from its samples, and not read again."""
    found = {
        "model": measurement.model,
        "implementation": measurement.implementation,
        "board": measurement.board,
        "metric": measurement.metric,
        "status": measurement.status.value,
        "reason": measurement.reason,
        "value": _number(measurement.value),
        "unit": measurement.unit,
        "samples": [_number(sample) for sample in measurement.samples],
        "clock": measurement.clock.value if measurement.clock else None,
        "details": _finite(dict(measurement.details)),
        "provenance": dict(measurement.provenance),
    }
    if measurement.scores:
        found["scores"] = _finite(dict(measurement.scores))
    if measurement.at_clock_s is not None:
        found["at_clock_s"] = measurement.at_clock_s
    if measurement.oversize:
        found["oversize"] = True
    summary = summaries.of(measurement)
    if summary is not None:
        found["statistics"] = _finite(summaries.to_json(summary))
    return found


def _number(value: float | None) -> float | int | None:
    """Write whole numbers as such, and nothing that JSON has no form for."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(value)


def _finite(value: Any) -> Any:  # noqa: ANN401 (whatever JSON holds)
    """Return JSON values with null in place of the numbers that JSON has no form for."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def load(path: Path) -> Run:
    """Read the file of a run; raises ``UsageError`` where it is damaged or of another schema."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        if content["schema"] != SCHEMA:
            msg = f"{path} has schema {content['schema']}; this mcuprof reads {SCHEMA}"
            raise UsageError(msg)
        head = content["run"]
        for key, kind in (("id", str), ("started", str), ("plan", dict), ("host", dict)):
            _require(head, key, kind)
        if not _ID.fullmatch(head["id"]):
            msg = f"{head['id']!r} is no id: files are named after it"
            raise ValueError(msg)
        if head["finished"] is not None:
            _require(head, "finished", str)
        return Run(
            id=head["id"],
            started=head["started"],
            finished=head["finished"],
            plan=head["plan"],
            host=head["host"],
            measurements=[_from_json(item) for item in content["measurements"]],
            profiles=[saved.from_json(item) for item in content.get("profiles", ())],
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        msg = f"{path} is not a results file, or a damaged one: {type(error).__name__}: {error}"
        raise UsageError(msg) from error


def _from_json(item: Mapping[str, Any]) -> Measurement:
    for key, kind in (("details", dict), ("provenance", dict), ("samples", list), ("unit", str), ("reason", str)):
        _require(item, key, kind)
    known_details.require(item["details"], item["provenance"])
    found = Measurement(
        model=str(item["model"]),
        implementation=str(item["implementation"]),
        board=str(item["board"]),
        metric=str(item["metric"]),
        status=Status(item["status"]),
        reason=item["reason"],
        value=_read_number(item["value"]),
        unit=item["unit"],
        samples=tuple(sample for sample in map(_read_number, item["samples"]) if sample is not None),
        clock=Clock(item["clock"]) if item["clock"] else None,
        at_clock_s=_read_number(item.get("at_clock_s")),
        details=item["details"],
        scores={name: value for name, value in item.get("scores", {}).items() if _read_number(value) is not None},
        provenance=item["provenance"],
    )
    if found.clock is not None and min((found.value or 0, *found.samples)) < 0:
        msg = f"a time of {found.metric} is below 0"
        raise ValueError(msg)
    return found


def _require(item: Mapping[str, Any], key: str, kind: type) -> None:
    if not isinstance(item[key], kind):
        msg = f"{key!r} is {type(item[key]).__name__}"
        raise TypeError(msg)


def _read_number(value: Any) -> float | None:  # noqa: ANN401 (whatever JSON holds)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        msg = f"{value!r} is no number"
        raise TypeError(msg)
    if value is not None and not abs(value) <= _MOST:
        msg = f"{value:.3g} is no figure" if isinstance(value, float) else "a number has too many digits"
        raise ValueError(msg)
    return value


def _refuse(constant: str) -> float:
    msg = f"{constant} is no number that JSON has"
    raise ValueError(msg)


def write_document(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON document, whole or not at all; raises ``OSError``."""
    whole_file.replace(path, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())
