"""Two runs → what has changed, measurement by measurement. Pure: measurements in, rows out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from harness import deltas, stats, summaries
from harness.deltas import Deltas
from harness.differences import Difference, between
from harness.stats import Change
from harness.store import Run
from harness.types import Clock, Json, Measurement, Status

NOISE = 0.01
"""Relative difference of times by a hardware clock up to which they count as equal."""
_NOTHING_MEASURED = (Status.RIG_FAILED, Status.SKIPPED)
"""Statuses that say nothing about the case."""
SHARES = ("share", "AUC")
"""Units of accuracy, of which more is better, up to 1."""


class Outcome(Enum):
    """What became of one measurement from the base to the new run."""

    IMPROVED = "improved"
    REGRESSED = "regressed"
    NO_CHANGE = "no change"
    CANNOT_TELL = "cannot tell"
    NOT_COMPARABLE = "not comparable"
    MISSING = "missing"
    """Measured in the base alone."""
    ADDED = "added"
    """Measured in the new run alone."""


COMPARED = (Outcome.IMPROVED, Outcome.REGRESSED, Outcome.NO_CHANGE, Outcome.CANNOT_TELL)


class Models(Enum):
    """Whether models of one name are compared where their files differ."""

    SAME_FILE = "same file"
    SAME_NAME = "same name"


@dataclass(frozen=True, kw_only=True)
class Key:
    """What a measurement of one run has in common with that of another one."""

    model: str
    implementation: str
    board: str
    metric: str

    @property
    def case(self) -> str:
        """The case as every table and log names it."""
        return f"{self.model} · {self.implementation} · {self.board}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement in both runs."""

    key: Key
    outcome: Outcome
    reason: str = ""
    """One sentence where the values do not say it."""
    base: Measurement | None
    new: Measurement | None
    change: Change | None = None
    """Of the values; for ``ram`` of the RAM used where the board's RAM is known. None where one is no value."""
    deltas: Deltas = field(default_factory=dict)
    """What has changed within flash or RAM."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two runs beside each other."""

    base: Run
    new: Run
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    """In what the programs were made of and by."""

    @property
    def anything(self) -> bool:
        """Whether at least one pair could be compared."""
        return any(row.outcome in COMPARED for row in self.rows)


def compare(base: Run, new: Run, *, models: Models = Models.SAME_FILE) -> Comparison:
    """Pair the measurements of two runs, in the order of the base, those of the new run alone last."""
    old, young = _by_key(base.measurements), _by_key(new.measurements)
    rows = [_row(key, old.get(key), young.get(key), models) for key in dict.fromkeys([*old, *young])]
    pairs = [(row.key.case, row.base, row.new) for row in rows if row.outcome in COMPARED and row.base and row.new]
    return Comparison(
        base=base,
        new=new,
        rows=tuple(replace(row, deltas=_deltas(row, old, young)) for row in rows),
        differences=between(pairs, base.host, new.host),
    )


def _by_key(measurements: Iterable[Measurement]) -> dict[Key, Measurement]:
    return {
        Key(model=m.model, implementation=m.implementation, board=m.board, metric=m.metric): m for m in measurements
    }


def _row(key: Key, base: Measurement | None, new: Measurement | None, models: Models) -> Row:
    change: Change | None = None
    if _absent(base) or _absent(new) or base is None or new is None:
        outcome, reason = _of_one(base, new)
    elif unlike := _unlike(base, new, models):
        outcome, reason = Outcome.NOT_COMPARABLE, unlike
    elif base.status is not new.status or not (has_value(base) and has_value(new)):
        outcome, reason = _of_statuses(base, new)
    else:
        change = changed(base, new)
        unsure = change.verdict is stats.Verdict.CANNOT_TELL
        outcome, reason = Outcome(change.verdict.value), why_unsure(base, new, change) if unsure else ""
    return Row(key=key, outcome=outcome, reason=reason, base=base, new=new, change=change)


def _absent(measurement: Measurement | None) -> bool:
    return measurement is None or measurement.status in _NOTHING_MEASURED


def _of_one(base: Measurement | None, new: Measurement | None) -> tuple[Outcome, str]:
    if _absent(base) and _absent(new):
        return Outcome.NOT_COMPARABLE, f"measured in neither run ({_status(new or base)})"
    if _absent(new):
        return Outcome.MISSING, _status(new) if new else "the new run has no such measurement"
    return Outcome.ADDED, f"in the base {_status(base)}" if base else "the base has no such measurement"


def _status(measurement: Measurement | None) -> str:
    if measurement is None:
        return ""
    return f"{measurement.status.value}: {measurement.reason}" if measurement.reason else measurement.status.value


def _unlike(base: Measurement, new: Measurement, models: Models) -> str:
    """Say why two measurements are of unlike things; empty where they are not."""
    if models is Models.SAME_FILE:
        old, young = base.provenance.get("model_sha256"), new.provenance.get("model_sha256")
        if old != young:
            return f"another model file of the same name ({_short(old)}, now {_short(young)})"
    old, young = base.provenance.get("board_digest"), new.provenance.get("board_digest")
    if old != young:
        return f"another board file of the same name ({_short(old)}, now {_short(young)})"
    old, young = base.provenance.get("data_digest"), new.provenance.get("data_digest")
    if old and young and old != young:
        return f"another data set, or other samples of it ({_short(old)}, now {_short(young)})"
    both = has_value(base) and has_value(new)
    if both and base.clock is not new.clock:
        return f"another clock ({_clock(base)}, now {_clock(new)})"
    if both and base.unit != new.unit:
        return f"another unit ({base.unit}, now {new.unit})"
    return ""


def _short(digest: Json) -> str:
    return str(digest)[:12] if digest else "not stated"


def _clock(measurement: Measurement) -> str:
    return measurement.clock.value if measurement.clock else "none"


def has_value(measurement: Measurement) -> bool:
    """Return whether there is a figure: a program that does not fit may have a size all the same."""
    return measurement.value is not None and measurement.status in (Status.OK, Status.DOES_NOT_FIT)


def _of_statuses(base: Measurement, new: Measurement) -> tuple[Outcome, str]:
    if base.status is new.status is Status.OK:
        return Outcome.CANNOT_TELL, "a result holds no value"
    if base.status is new.status:
        return Outcome.NO_CHANGE, f"{new.status.value} in both runs"
    if new.status is Status.OK:
        return Outcome.IMPROVED, f"it was {_status(base)}"
    outcome = Outcome.REGRESSED if base.status is Status.OK else Outcome.CANNOT_TELL
    return outcome, f"{_status(new)} (it was {base.status.value})"


def changed(base: Measurement, new: Measurement, threshold: float = NOISE) -> Change:
    """Return the change of two values, of which less is better.

    ``threshold`` is the relative difference up to which times by a hardware clock count as equal. All other
    figures repeat exactly, and every difference counts.
    """
    before, after = cost(base), cost(new)
    if base.clock is Clock.HARDWARE:
        return summaries.change(base, new, threshold=threshold)
    if before is None or after is None:
        unused = stats.exact_change(base.value or 0.0, new.value or 0.0, smaller_is_better=False)
        return replace(unused, relative=None)
    return stats.exact_change(before, after)


def cost(measurement: Measurement) -> float | None:
    """Return what there should be less of: the value, of unused RAM (``ram``) the RAM used, of shares the rest.

    None where the result does not say how much RAM the board has.
    """
    if measurement.value is not None and measurement.unit in SHARES:
        return 1 - measurement.value
    if measurement.value is None or measurement.metric != "ram":
        return measurement.value
    limit = measurement.details.get("limit_bytes")
    return limit - measurement.value if isinstance(limit, int) else None


def why_unsure(base: Measurement, new: Measurement, change: Change) -> str:
    """Say why a change of times by a hardware clock cannot be told from none."""
    if change.interval is None:
        return "the samples are too few"
    if summaries.step(base, new) > change.threshold * change.base:
        return "one step of the clock is more than the change that is looked for"
    return "the samples scatter more than they differ"


def _deltas(row: Row, old: Mapping[Key, Measurement], young: Mapping[Key, Measurement]) -> Deltas:
    if row.change is None or row.base is None or row.new is None or row.change.base == row.change.new:
        return {}
    if row.key.metric == "flash":
        return deltas.of_flash(row.base, row.new)
    if row.key.metric == "ram":
        flash = replace(row.key, metric="flash")
        return deltas.of_ram(row.base, row.new, old.get(flash), young.get(flash))
    return {}
