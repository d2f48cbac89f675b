"""What reports count on in the details and the provenance of a measurement, where a results file has it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypedDict

import msgspec

from harness.types import Json

_Figure = Annotated[float, msgspec.Meta(ge=-1e60, le=1e60)] | None
_Size = Annotated[float, msgspec.Meta(ge=0, le=1e60)] | None
_Sizes = dict[str, _Figure] | None


class _Probe(TypedDict):
    size: _Size
    works: bool
    why: str


class _Details(TypedDict, total=False):
    parts: _Sizes
    sections: _Sizes
    ram_parts: _Sizes
    ram_sections: _Sizes
    probes: list[_Probe]
    limit_bytes: _Size
    over_by_bytes: _Size
    empty_sketch_bytes: _Size
    real_core_bytes: _Size
    harness_bytes: _Figure
    harness_only_bytes: _Size
    harness_static_bytes: _Figure
    static_bytes: _Size
    heap_bytes: _Size
    elements: _Size
    inputs: _Size
    resolution: _Size
    host_s: list[_Figure]
    host_overhead_s: _Figure
    region: str | None


class _Provenance(TypedDict, total=False):
    virtual: bool | None
    clock_hz: _Size
    arena_bytes: _Size


def require(details: Mapping[str, Json], provenance: Mapping[str, Json]) -> None:
    """Raise ``ValueError`` that names the key where one is there and holds something else than it should."""
    for name, values, form in (("details", details, _Details), ("provenance", provenance, _Provenance)):
        try:
            msgspec.convert(dict(values), form)
        except msgspec.ValidationError as error:
            msg = f"{name}: {error}"
            raise ValueError(msg) from error
