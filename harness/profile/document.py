"""Profiles as one JSON document. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from harness.layout import peak
from harness.profile.operators import OperatorTime
from harness.profile.result import Profile
from harness.types import Clock, Json, Status

SCHEMA = 1


def document(profiles: Sequence[Profile], *, symbols: bool = False) -> dict[str, Json]:
    """Return the document; times stand under ``cycles``, or under ``instructions`` where those are counted.

    With ``symbols`` it tells also what takes the flash.
    """
    return {"schema": SCHEMA, "profiles": [entry(profile, symbols=symbols) for profile in profiles]}


def entry(profile: Profile, *, symbols: bool) -> dict[str, Json]:
    """Return one profile as it stands in the document."""
    found: dict[str, Json] = {
        "model": profile.model,
        "implementation": profile.implementation,
        "board": profile.board,
        "status": profile.status.value,
        "reason": profile.reason,
        "clock": profile.clock.value,
        "clock_hz": profile.clock_hz,
    }
    if profile.status is not Status.OK:
        return found | ({"advice": list(profile.advice)} if profile.advice else {})
    operators: list[Json] = [_operator(profile, operator) for operator in profile.operators]
    functions: list[Json] = [
        {"name": function.name, "kind": function.kind.value, **_ticks(profile, "", function.ticks)}
        for function in profile.functions
    ]
    found |= _ticks(profile, "inference_", profile.inference)
    found |= _ticks(profile, "inference_without_markers_", profile.plain)
    found |= _ticks(profile, "markers_", profile.markers)
    found |= _ticks(profile, "overhead_", profile.overhead)
    found |= {
        "inference_at_clock_s": profile.seconds(profile.inference),
        "operators": operators,
        "operators_without_code": list(profile.without_code),
        "functions": functions,
        "memory": _memory(profile),
    }
    if symbols:
        found["symbols"] = [{"name": name, "bytes": size} for name, size in profile.symbols]
    return found | {"provenance": dict(profile.provenance)}


def _memory(profile: Profile) -> Json:
    """Return the working memory as far as it is known, in bytes."""
    usage, most = profile.usage, peak(profile.layout)
    return {
        "arena_bytes": profile.provenance.get("arena_bytes"),
        "peak_bytes": most.bytes if most else None,
        "peak_step": most.step if most else None,
        "peak_held_by": [block.name for block in most.blocks] if most else [],
        "blocks": [asdict(block) for block in profile.layout],
        "heap_bytes": usage.heap if usage else None,
        "stack_idle_bytes": usage.stack_idle if usage else None,
        "stack_started_bytes": usage.stack_started if usage else None,
        "stack_inferred_bytes": usage.stack_inferred if usage else None,
    }


def _operator(profile: Profile, operator: OperatorTime) -> Json:
    work, best = operator.work, profile.peak(operator.work)
    per_mac = operator.ticks_per_mac
    return {
        "index": operator.places[0],
        "operators": list(operator.places),
        "name": work.name,
        "type": work.type,
        "output_shape": list(work.output_shape),
        "macs": work.macs,
        **_ticks(profile, "", operator.ticks),
        "share": operator.ticks / profile.inference if profile.inference else None,
        f"{profile.unit}_per_mac": None if per_mac is None else round(per_mac, 4),
        "best_macs_per_cycle": best.macs_per_cycle if best and work.macs else None,
    }


def _ticks(profile: Profile, prefix: str, ticks: int) -> dict[str, Json]:
    """Return a time under its unit. What counts instructions knows no cycles, and says so."""
    if profile.clock is Clock.INSTRUCTION_COUNT:
        return {f"{prefix}cycles": None, f"{prefix}instructions": ticks}
    return {f"{prefix}cycles": ticks}
