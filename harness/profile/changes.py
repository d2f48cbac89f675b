"""What is different between two profiles of one case: by operator, by function, and by symbol in the flash. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.profile.result import Profile
from harness.profile.side_by_side import rows
from harness.types import Json, Status


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that takes so much before and so much after; 0 where it is not there."""

    name: str
    base: int
    new: int

    @property
    def difference(self) -> int:
        """How much more it takes."""
        return self.new - self.base

    def to_json(self) -> Json:
        """Return it as JSON values."""
        return {"name": self.name, "base": self.base, "new": self.new, "difference": self.difference}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The profiles of one case in two runs."""

    base: Profile
    new: Profile

    def operators(self) -> list[Change]:
        """Return the operators that take another time, in the order of the network; none where it is another one."""
        network = self.base.network
        if not self._same_clock or network != self.new.network:
            return []
        found = []
        for row in rows([self.base.operators, self.new.operators], len(network)):
            base, new = (ticks or 0 for ticks in row.ticks)
            name = " + ".join(f"#{place} {network[place].type}" for place in row.places)
            found.append(Change(name=name, base=base, new=new))
        found.append(Change(name="outside of operators", base=self.base.overhead, new=self.new.overhead))
        return [change for change in found if change.difference]

    def functions(self) -> list[Change]:
        """Return the functions that take another time, what differs most first."""
        if not self._same_clock or not (self.base.functions and self.new.functions):
            return []
        return _changes(*(_totals((f.name, f.ticks) for f in p.functions) for p in (self.base, self.new)))

    def symbols(self) -> list[Change]:
        """Return what takes more or less flash, what differs most first, in bytes."""
        return _changes(dict(self.base.symbols), dict(self.new.symbols))

    @property
    def _same_clock(self) -> bool:
        return self.base.clock is self.new.clock

    def to_json(self) -> dict[str, Json]:
        """Return all differences as JSON values."""
        return {
            "model": self.new.model,
            "implementation": self.new.implementation,
            "board": self.new.board,
            "base_clock": self.base.clock.value,
            "clock": self.new.clock.value,
            "operators": [change.to_json() for change in self.operators()],
            "functions": [change.to_json() for change in self.functions()],
            "symbols": [change.to_json() for change in self.symbols()],
        }


def pairs(base: Sequence[Profile], new: Sequence[Profile]) -> list[Pair]:
    """Return the cases that both runs have profiles of."""
    before = {profile.key: profile for profile in base if profile.status is Status.OK}
    return [Pair(base=before[p.key], new=p) for p in new if p.status is Status.OK and p.key in before]


def _totals(found: Iterator[tuple[str, int]]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for name, value in found:
        totals[name] = totals.get(name, 0) + value
    return totals


def _changes(base: Mapping[str, int], new: Mapping[str, int]) -> list[Change]:
    found = [Change(name=name, base=base.get(name, 0), new=new.get(name, 0)) for name in base.keys() | new.keys()]
    return sorted((c for c in found if c.difference), key=lambda change: (-abs(change.difference), change.name))
