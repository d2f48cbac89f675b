"""Budgets: what a case may take at most, with no run to compare it with. ``[[budget]]`` in ``mcuprof.toml``. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import msgspec

from harness import quantity
from harness.compare import cost, has_value
from harness.quantity import Quantity, Unit
from harness.types import Clock, Measurement, Status


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits of the cases that the first three keys choose, which may hold ``*``, ``?`` and ``[…]``."""

    model: str = "*"
    implementation: str = "*"
    board: str = "*"
    flash_max: int | str | None = None
    ram_used_max: int | str | None = None
    ram_unused_min: int | str | None = None
    init_max: str | None = None
    inference_max: str | None = None

    def chooses(self, measurement: Measurement) -> bool:
        """Return whether a measurement is of a case that the budget is for."""
        pairs = (
            (measurement.model, self.model),
            (measurement.implementation, self.implementation),
            (measurement.board, self.board),
        )
        return all(fnmatch.fnmatchcase(name, pattern) for name, pattern in pairs)

    def limits(self) -> list[Limit]:
        """Return the limits that are set; raises ``ValueError`` that begins with the key at fault."""
        found = []
        for key in METRICS:
            written = getattr(self, key)
            if written is not None:
                found.append(Limit(key=key, quantity=_quantity(key, written)))
        return found


METRICS = {
    "flash_max": "flash",
    "ram_used_max": "ram",
    "ram_unused_min": "ram",
    "init_max": "init",
    "inference_max": "inference",
}
"""The limits that there are, and the metric of each."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One limit of a budget."""

    key: str
    quantity: Quantity

    @property
    def metric(self) -> str:
        """The metric whose value is limited."""
        return METRICS[self.key]

    def __str__(self) -> str:
        return f"{self.key} = {self.quantity.text}"


@dataclass(frozen=True, kw_only=True)
class Overrun:
    """A measurement beyond its budget."""

    measurement: Measurement
    limit: Limit
    value: float | None
    """What the limit is about; None where the case does not even fit the board."""
    by: float | None
    """By how much it is too much, or for a minimum too little."""

    @property
    def case(self) -> str:
        """The case as every table and log names it."""
        return _case(self.measurement)


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Measurements held to their budgets."""

    over: tuple[Overrun, ...] = ()
    unchecked: tuple[str, ...] = ()
    """Limits that could not be checked, each in one sentence."""


def _quantity(key: str, written: int | str) -> Quantity:
    is_time = METRICS[key] in ("init", "inference")
    try:
        found = quantity.parse(str(written))
    except ValueError as error:
        msg = f"the key {key!r}: {error}"
        raise ValueError(msg) from error
    expected = (Unit.SECONDS, Unit.CYCLES, Unit.INSTRUCTIONS) if is_time else (Unit.NONE, Unit.BYTES)
    if found.unit not in expected:
        example = "'25ms', '6_100_000 instructions' or '6_100_000 cycles'" if is_time else "256000 or '250KiB'"
        msg = f"the key {key!r}: expected {example}, got {found.text!r}"
        raise ValueError(msg)
    if found.value.denominator != 1 and found.unit is not Unit.SECONDS:
        msg = f"the key {key!r}: {found.text!r} is not a whole number"
        raise ValueError(msg)
    return found


def balance(budgets: Sequence[Budget], measurements: Iterable[Measurement]) -> Balance:
    """Hold each measurement to every budget that is for it."""
    over: list[Overrun] = []
    unchecked: dict[str, None] = {}
    for limit, measurement in _pairs(budgets, measurements):
        why = _why_not(limit, measurement)
        if why:
            unchecked[why] = None
            continue
        found = _overrun(limit, measurement)
        if found is not None:
            over.append(found)
    return Balance(over=tuple(over), unchecked=tuple(unchecked))


def _pairs(budgets: Sequence[Budget], measurements: Iterable[Measurement]) -> Iterator[tuple[Limit, Measurement]]:
    for measurement in measurements:
        for budget in budgets:
            if budget.chooses(measurement):
                yield from ((limit, measurement) for limit in budget.limits() if limit.metric == measurement.metric)


def _case(measurement: Measurement) -> str:
    return f"{measurement.model} · {measurement.implementation} · {measurement.board}"


def _why_not(limit: Limit, measurement: Measurement) -> str:
    """Say why a limit cannot be checked; empty where it can."""
    if not has_value(measurement):
        region = str(measurement.details.get("region", ""))
        too_small = measurement.status is Status.DOES_NOT_FIT and region.lower() == limit.metric
        return "" if too_small else f"{limit} was not checked for {_case(measurement)}: {measurement.status.value}"
    if measurement.clock is not None and measurement.unit != limit.quantity.unit.value:
        counts = "tells seconds" if measurement.clock is Clock.HARDWARE else f"counts {measurement.unit}"
        return f"{limit} was not checked on {measurement.board}, whose clock {counts}"
    if _value(limit, measurement) is None:
        return f"{limit} was not checked for {_case(measurement)}: the result does not say enough"
    return ""


def _value(limit: Limit, measurement: Measurement) -> float | None:
    return cost(measurement) if limit.key == "ram_used_max" else measurement.value


def _overrun(limit: Limit, measurement: Measurement) -> Overrun | None:
    value = _value(limit, measurement)
    if value is None:  # it is not even known by how much the board is too small
        return Overrun(measurement=measurement, limit=limit, value=None, by=None)
    beyond = Fraction(value) - limit.quantity.value
    if limit.key.endswith("_min"):
        beyond = -beyond
    return Overrun(measurement=measurement, limit=limit, value=value, by=float(beyond)) if beyond > 0 else None
