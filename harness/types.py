"""The words of the project as values: statuses, clocks, metrics and measurements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Status(Enum):
    """What came out of one measurement. ``ok``, ``unsupported`` and ``does-not-fit`` are answers."""

    OK = "ok"
    UNSUPPORTED = "unsupported"
    DOES_NOT_FIT = "does-not-fit"
    WRONG_OUTPUT = "wrong-output"
    HUNG = "hung"
    CRASHED = "crashed"
    TOOL_FAILED = "tool-failed"
    RIG_FAILED = "rig-failed"
    SKIPPED = "skipped"

    @property
    def is_answer(self) -> bool:
        """Whether the case has been answered, so that the run as a whole can succeed."""
        return self in (Status.OK, Status.UNSUPPORTED, Status.DOES_NOT_FIT)


class Clock(Enum):
    """What a time was read from. Times of unlike clocks are never compared."""

    HARDWARE = "hardware"
    CYCLE_MODEL = "cycle-model"
    INSTRUCTION_COUNT = "instruction-count"

    @property
    def unit(self) -> str:
        """Unit of a time by this clock: seconds, cycles or instructions."""
        return {"hardware": "s", "cycle-model": "cycles", "instruction-count": "instructions"}[self.value]


Scalar = str | int | float | bool | None
Json = Scalar | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a metric read from a build or a rig: a value with its samples, not yet tied to a case."""

    value: float | None
    """Median of the samples, in ``unit``; None where there is none."""
    unit: str
    samples: tuple[float, ...] = ()
    clock: Clock | None = None
    details: Mapping[str, Json] = field(default_factory=dict)
    """What the metric knows beyond the value: parts of the flash, probes of a search, warnings."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """How well the network predicts, by the names of the scores; only of the metric ``accuracy``."""
    status: Status = Status.OK
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One cell of the result: a model, an implementation, a board and a metric."""

    model: str
    implementation: str
    board: str
    metric: str
    status: Status
    reason: str
    """One sentence; empty only where the status is ok."""
    value: float | None
    unit: str
    samples: tuple[float, ...] = ()
    clock: Clock | None = None
    at_clock_s: float | None = None
    """The value in seconds at the board's clock, where the clock counts cycles or instructions."""
    details: Mapping[str, Json] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Json] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """The names of model, implementation and board: its case."""
        return self.model, self.implementation, self.board

    @property
    def is_of_own_sketch(self) -> bool:
        """Whether it is of a sketch that the user wrote."""
        return "sketch_sha256" in self.provenance

    @property
    def oversize(self) -> bool:
        """Whether the value is of a program that the board has no room for."""
        return self.status is Status.DOES_NOT_FIT and self.value is not None
