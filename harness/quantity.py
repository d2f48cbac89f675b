"""Limits as people write them: ``5%``, ``250KiB``, ``25ms``, ``6_100_000 instructions``. Exact: no float is used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction


class Unit(Enum):
    """What a limit counts. The values are those of a measurement's unit, where it can have them."""

    NONE = ""
    PERCENT = "%"
    BYTES = "B"
    SECONDS = "s"
    CYCLES = "cycles"
    INSTRUCTIONS = "instructions"


_UNITS = {
    "": (Unit.NONE, Fraction(1)),
    "%": (Unit.PERCENT, Fraction(1, 100)),
    "B": (Unit.BYTES, Fraction(1)),
    "kB": (Unit.BYTES, Fraction(1000)),
    "MB": (Unit.BYTES, Fraction(1000**2)),
    "KiB": (Unit.BYTES, Fraction(1 << 10)),
    "MiB": (Unit.BYTES, Fraction(1 << 20)),
    "ns": (Unit.SECONDS, Fraction(1, 10**9)),
    "us": (Unit.SECONDS, Fraction(1, 10**6)),
    "µs": (Unit.SECONDS, Fraction(1, 10**6)),
    "ms": (Unit.SECONDS, Fraction(1, 1000)),
    "s": (Unit.SECONDS, Fraction(1)),
    "cycles": (Unit.CYCLES, Fraction(1)),
    "instructions": (Unit.INSTRUCTIONS, Fraction(1)),
}
_NUMBER = re.compile(r"(\d+(?:_\d+)*(?:\.\d+)?)\s*(\D*)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A number with its unit."""

    value: Fraction
    """In bytes, seconds, cycles or instructions; a percentage as a fraction of one."""
    unit: Unit
    text: str
    """As it was written."""


def parse(text: str) -> Quantity:
    """Return what ``text`` says; raises ``ValueError`` with a sentence for the user."""
    found = _NUMBER.fullmatch(text.strip())
    if not found:
        msg = f"{text!r} is not a number with a unit, such as 250KiB, 25ms, 6_100_000 instructions or 5%"
        raise ValueError(msg)
    number, name = found[1].replace("_", ""), found[2].strip().replace("\N{GREEK SMALL LETTER MU}s", "µs")
    if name not in _UNITS:
        hint = "; write kB (1000 bytes) or KiB (1024)" if name.lower() in ("k", "kb", "kib") else ""
        msg = f"{name!r} in {text!r} is not a unit: there are {', '.join(filter(None, _UNITS))}{hint}"
        raise ValueError(msg)
    unit, size = _UNITS[name]
    return Quantity(value=Fraction(number) * size, unit=unit, text=text.strip())
