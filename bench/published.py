"""Times that others have published of real Cortex-M4 boards, and how far predictions are from them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STUDY = "study"
"""The original study, whose programs can be built again."""
MLPERF = "mlperf-tiny-1.1"
"""MLPerf Tiny v1.1, whose networks are there and whose programs are not."""
_FILE = Path(__file__).with_name("published.csv")
_SECONDS: Mapping[str, Callable[[float], float]] = {
    "ms": lambda figure: figure / 1000,
    "1/s": lambda figure: 1 / figure,
}


@dataclass(frozen=True, kw_only=True)
class Published:
    """A time of a real board, as it was published."""

    source: str
    network: str
    engine: str
    board: str
    what: str
    """``inference`` or ``init``."""
    mhz: float
    seconds: float

    @property
    def cycles(self) -> float:
        """The time in cycles of the board's clock."""
        return self.seconds * self.mhz * 1e6

    def __str__(self) -> str:
        return f"{self.network}, {self.engine}, {self.board}, {self.what}"


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What the cycle model makes of the program that a published time is of."""

    published: Published
    cycles: Mapping[str, float]
    """By what was taken for the memory; the first is the board's file."""
    instructions: float

    @property
    def predicted(self) -> float:
        """Cycles with what the board's file says of its memory."""
        return next(iter(self.cycles.values()))


def read(source: str) -> list[Published]:
    """Return what a source has published, in the order of the file."""
    with _FILE.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["source"] == source]
    return [
        Published(
            **{key: row[key] for key in ("source", "network", "engine", "board", "what")},
            mhz=float(row["mhz"]),
            seconds=_SECONDS[row["unit"]](float(row["figure"])),
        )
        for row in rows
    ]


def error(predicted: float, published: float) -> float:
    """Return by what share of the published figure the predicted one is off; negative where it is too small."""
    return predicted / published - 1


def percent(share: float) -> str:
    """Return a share with its sign, in per cent."""
    return f"{share:+.1%}".replace("%", " %")


@dataclass(frozen=True, kw_only=True)
class Order:
    """Engines that ran one network on one board, the fastest first."""

    case: str
    hardware: Sequence[str]
    model: Sequence[str]


def orders(predictions: Iterable[Prediction]) -> list[Order]:
    """Return how engines rank by published times and by the model, wherever there are two of them or more."""
    groups: dict[str, list[Prediction]] = {}
    for each in predictions:
        of = each.published
        groups.setdefault(f"{of.network}, {of.board}, {of.what}", []).append(each)
    return [
        Order(
            case=case,
            hardware=[each.published.engine for each in sorted(group, key=lambda each: each.published.cycles)],
            model=[each.published.engine for each in sorted(group, key=lambda each: each.predicted)],
        )
        for case, group in groups.items()
        if len(group) > 1
    ]
