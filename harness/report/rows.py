"""A measurement as one flat row, for spreadsheets and data frames: stable columns, full precision, base units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.stats import Interval, Summary
    from harness.store import Run
    from harness.types import Json, Measurement

Value = str | float | int | bool | list[float] | None


class Kind(Enum):
    """What a column holds. Any column may be empty in a row."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole number"
    FLAG = "true or false"
    NUMBERS = "numbers"


@dataclass(frozen=True, kw_only=True)
class _Source:
    """A measurement with its run and what its samples say."""

    run: Run
    measurement: Measurement
    summary: Summary | None


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the flat form."""

    name: str
    kind: Kind
    read: Callable[[_Source], Value]


def rows(run: Run) -> Iterator[dict[str, Value]]:
    """Yield one row a measurement, in the order of the run; the keys are those of ``COLUMNS``, in their order."""
    from harness import summaries

    for measurement in run.measurements:
        source = _Source(run=run, measurement=measurement, summary=summaries.of(measurement))
        yield {column.name: _as(column.kind, column.read(source)) for column in COLUMNS}


def _as(kind: Kind, value: Value) -> Value:
    """Return a value as its column holds it: a count read as ``3.0`` from JSON is whole."""
    if kind is Kind.WHOLE and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()  # a file's name need not be text
    return float(value) if kind is Kind.NUMBER and isinstance(value, int) else value


def _scalar(found: Json) -> Value:
    return found if isinstance(found, str | int | float | bool) else None


def _text(name: str) -> Column:
    return Column(name=name, kind=Kind.TEXT, read=lambda source: getattr(source.measurement, name))


def _from(place: Callable[[Measurement], Mapping[str, Json]], kind: Kind, *names: str) -> Sequence[Column]:
    def read(name: str) -> Callable[[_Source], Value]:
        return lambda source: _scalar(place(source.measurement).get(name))

    return [Column(name=name, kind=kind, read=read(name)) for name in names]


def _statistic(name: str, kind: Kind, of: Callable[[Summary], Value]) -> Column:
    return Column(name=name, kind=kind, read=lambda source: None if source.summary is None else of(source.summary))


def _end(interval: Interval | None, end: str) -> Value:
    return None if interval is None else float(getattr(interval, end))


COLUMNS: tuple[Column, ...] = (
    Column(name="run", kind=Kind.TEXT, read=lambda source: source.run.id),
    Column(name="started", kind=Kind.TEXT, read=lambda source: source.run.started),
    _text("model"),
    _text("implementation"),
    _text("board"),
    _text("metric"),
    Column(name="status", kind=Kind.TEXT, read=lambda source: source.measurement.status.value),
    _text("reason"),
    Column(name="value", kind=Kind.NUMBER, read=lambda source: source.measurement.value),
    _text("unit"),
    Column(
        name="clock",
        kind=Kind.TEXT,
        read=lambda source: source.measurement.clock.value if source.measurement.clock else None,
    ),
    Column(name="at_clock_s", kind=Kind.NUMBER, read=lambda source: source.measurement.at_clock_s),
    Column(name="oversize", kind=Kind.FLAG, read=lambda source: source.measurement.oversize),
    Column(
        name="samples",
        kind=Kind.NUMBERS,
        read=lambda source: [float(s) for s in source.measurement.samples if s is not None],
    ),
    _statistic("mean", Kind.NUMBER, lambda found: found.mean),
    _statistic("minimum", Kind.NUMBER, lambda found: found.minimum),
    _statistic("maximum", Kind.NUMBER, lambda found: found.maximum),
    _statistic("standard_deviation", Kind.NUMBER, lambda found: found.standard_deviation),
    _statistic("median_low", Kind.NUMBER, lambda found: _end(found.median_interval, "low")),
    _statistic("median_high", Kind.NUMBER, lambda found: _end(found.median_interval, "high")),
    _statistic("mean_low", Kind.NUMBER, lambda found: _end(found.mean_interval, "low")),
    _statistic("mean_high", Kind.NUMBER, lambda found: _end(found.mean_interval, "high")),
    _statistic("outliers", Kind.WHOLE, lambda found: found.outliers.mild + found.outliers.severe),
    _statistic("warnings", Kind.TEXT, lambda found: "; ".join(warning.text for warning in found.warnings)),
    *_from(lambda m: m.details, Kind.WHOLE, "limit_bytes", "over_by_bytes", "elements", "inputs"),
    *_from(lambda m: m.provenance, Kind.FLAG, "virtual"),
    *_from(lambda m: m.provenance, Kind.WHOLE, "clock_hz", "arena_bytes"),
    *_from(
        lambda m: m.provenance,
        Kind.TEXT,
        *("runs_on", "compiler", "core", "optimization", "arduino_cli", "build", "board_digest", "model_sha256"),
        "measured",
    ),
)
"""The columns in their order. A column is never renamed and keeps its place; new ones come last."""
