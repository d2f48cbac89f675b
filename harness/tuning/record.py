"""What was measured of one way to compute a group of operators, and which of several is the best. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import msgspec

from harness.compiler.choices import Choice
from harness.compiler.strategy import Weights
from harness.types import Status

FORMAT = 2
"""Raised whenever a line means something else: also when the rule or the kernels change, whose figures it has."""


class Objective(Enum):
    """What a choice is to have little of."""

    LATENCY = "latency"
    FLASH = "flash"
    RAM = "ram"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where choices are measured; figures from different places are never compared."""

    processor: str
    optimization: str
    board: str
    unit: str
    """Of times: ``s``, ``cycles`` or ``instructions``."""
    weights: Weights = Weights.INT8
    """How micro-kernels have them."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What one function costs."""

    time: float
    """Of one call, in the unit of the place."""
    flash: int
    """Bytes of the function, of what it calls, and of its constants."""
    ram: int
    """Bytes that it needs beside its tensors: buffers, and stack."""

    def cost(self, objective: Objective) -> tuple[float, float, float]:
        """Return what is compared: the objective first, then what else it costs."""
        if objective is Objective.FLASH:
            return (self.flash, self.time, self.ram)
        if objective is Objective.RAM:
            return (self.ram, self.time, self.flash)
        return (self.time, self.flash, self.ram)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One trial."""

    group: str
    """Key of the group; see ``compiler.traces.key``."""
    label: str
    """Its operators, for people."""
    place: Place
    tvm: str
    """Version of TVM, which traces belong to."""
    choice: Choice | None
    """None is what the group gets by rule."""
    status: Status
    reason: str = ""
    figures: Figures | None = None
    """None where the status is not ok."""
    samples: tuple[float, ...] = ()
    """Times of the single calls."""
    measured: str = ""
    format: int = FORMAT

    @property
    def identity(self) -> tuple[str, Place, str]:
        """What tells it from all other trials."""
        return self.group, self.place, self.choice.digest if self.choice else ""


def best(records: Iterable[Record], objective: Objective) -> Record | None:
    """Return the record of one group at one place that costs least; None where none is right.

    What the rule gives stays where nothing is better.
    """
    right = [record for record in records if record.status is Status.OK and record.figures is not None]
    # Of equals the first one: the rule's, then the shorter trace, so that the order of trials does not matter.
    return min(right, key=lambda record: _order(record, objective), default=None)


def _order(record: Record, objective: Objective) -> tuple[tuple[float, ...], bool, str]:
    if record.figures is None:
        raise ValueError
    return record.figures.cost(objective), record.choice is not None, record.choice.digest if record.choice else ""
