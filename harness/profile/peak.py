"""The most MACs a cycle that a processor can do, as a bound that cycles per MAC are held against. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Peak:
    """A bound."""

    macs_per_cycle: float
    why: str

    def share(self, ticks: float, macs: int) -> float:
        """Return which part of the bound is reached."""
        return macs / self.macs_per_cycle / ticks if ticks else 0.0


# ARM 100166, tables 3-1 and 7-1: SMLAD takes one cycle; VMUL and VADD one each, VMLA and VFMA three.
_DSP = Peak(macs_per_cycle=2.0, why="2 MACs a cycle on integers: SMLAD multiplies two pairs and adds, in one cycle")
_DSP_FLOAT = Peak(macs_per_cycle=0.5, why="half a MAC a cycle on floats: VMUL and VADD take one cycle each")


def peak(*, has_dsp: bool, dtype: str) -> Peak | None:
    """Return the bound for an element type on an Armv7E-M (Cortex-M4); None for processors with none stated here."""
    if not has_dsp:
        return None
    return _DSP_FLOAT if dtype.startswith("float") else _DSP
