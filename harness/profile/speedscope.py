"""Profiles in the file format of speedscope (https://www.speedscope.app), one profile a case. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness import __version__
from harness.profile.result import Profile
from harness.types import Json

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def document(profiles: Sequence[Profile]) -> dict[str, Json]:
    """Return the document: each chain of calls is a sample, weighted by its ticks, in the order of the operators."""
    frames: dict[str, int] = {}
    made: list[Json] = []
    for profile in profiles:
        samples: list[Json] = [[frames.setdefault(f, len(frames)) for f in stack.frames] for stack in profile.stacks]
        made.append(
            {
                "type": "sampled",
                "name": f"{profile} ({profile.unit})",
                "unit": "none",
                "startValue": 0,
                "endValue": sum(stack.ticks for stack in profile.stacks),
                "samples": samples,
                "weights": [stack.ticks for stack in profile.stacks],
            }
        )
    return {
        "$schema": _SCHEMA,
        "exporter": f"mcuprof {__version__}",
        "name": "mcuprof profile",
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": name} for name in frames]},
        "profiles": made,
    }
