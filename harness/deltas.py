"""What has changed within a size: the sections and parts of flash and RAM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.types import Json, Measurement

_OF_FLASH = {"part": "parts", "section": "sections"}
_OF_RAM = {"part": "ram_parts", "section": "ram_sections"}
"""They stand with the flash of the same case, which is read from the same program."""


@dataclass(frozen=True, kw_only=True)
class Delta:
    """A section or a part whose size has changed, in bytes; 0 where it is not there."""

    name: str
    base: int
    new: int


Deltas = Mapping[str, tuple[Delta, ...]]
"""By what the sizes are divided: ``part``, ``section`` or ``use``; the largest change first."""


def of_flash(base: Measurement, new: Measurement) -> Deltas:
    """Return what has changed within the flash."""
    return _changed({by: (_sizes(base, key), _sizes(new, key)) for by, key in _OF_FLASH.items()})


def of_ram(
    base: Measurement, new: Measurement, base_flash: Measurement | None, new_flash: Measurement | None
) -> Deltas:
    """Return what has changed within the RAM: static data and heap, and their sections and parts where known."""
    pairs = {"use": (_uses(base), _uses(new))}
    if base_flash is not None and new_flash is not None:
        pairs |= {by: (_sizes(base_flash, key), _sizes(new_flash, key)) for by, key in _OF_RAM.items()}
    return _changed(pairs)


def _uses(measurement: Measurement) -> dict[str, int]:
    static, heap = measurement.details.get("static_bytes"), measurement.details.get("heap_bytes")
    found = {"static": static, "heap": heap - int(measurement.value or 0) if isinstance(heap, int) else None}
    return {name: size for name, size in found.items() if isinstance(size, int)}


def _sizes(measurement: Measurement, key: str) -> dict[str, int]:
    found: Json = measurement.details.get(key)
    return {name: size for name, size in found.items() if isinstance(size, int)} if isinstance(found, dict) else {}


def _changed(pairs: Mapping[str, tuple[dict[str, int], dict[str, int]]]) -> Deltas:
    found = {}
    for by, (base, new) in pairs.items():
        if not base or not new:  # not every core has its linker write a map: nothing grew from nothing
            continue
        deltas = [Delta(name=n, base=base.get(n, 0), new=new.get(n, 0)) for n in dict.fromkeys([*base, *new])]
        changed = sorted((d for d in deltas if d.base != d.new), key=lambda d: -abs(d.new - d.base))
        if changed:
            found[by] = tuple(changed)
    return found
