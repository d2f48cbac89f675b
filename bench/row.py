"""One figure of the bench."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was measured, how it came out, and what was aimed at."""

    what: str
    figure: float
    unit: str
    aim: str
    met: bool

    @property
    def shown(self) -> str:
        """The figure with its unit."""
        fine = self.unit in ("s", "times")
        return f"{self.figure:.3g} {self.unit}" if fine else f"{self.figure:,.0f} {self.unit}"


def below(what: str, figure: float, limit: float, unit: str = "s") -> Row:
    """Return a row whose aim is to stay under ``limit``."""
    return Row(what=what, figure=figure, unit=unit, aim=f"under {limit:g} {unit}", met=figure < limit)
