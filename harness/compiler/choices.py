"""What tuning has chosen for groups of operators: plain data, which the compiler applies in place of its own rule."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from harness.compiler.strategy import Kernels, Strategy


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one group is computed: by loops with a schedule, or by a strategy.

    A field that is added needs a default: choices without it then keep their digest, by which they are known.
    """

    trace: list[Any] | None = None
    """The schedule of its loops, as MetaSchedule writes a trace down as JSON."""
    strategy: Strategy | None = None
    """The knobs of its micro-kernel, or plain loops with the schedule that they get by rule."""

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for it."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:12]

    def __str__(self) -> str:
        if self.strategy is None:
            return f"loops, schedule {self.digest}"
        return "loops" if self.strategy.kernels is Kernels.LOOPS else f"kernel, tile {self.strategy.tile}"


Choices = Mapping[str, Choice]
"""By the key of a group; see ``traces.key``."""
NONE: Choices = MappingProxyType({})
"""All by rule."""


def digest(choices: Choices) -> str:
    """Return twelve hexadecimal digits that stand for all of them."""
    whole = " ".join(f"{key}={choice.digest}" for key, choice in sorted(choices.items()))
    return hashlib.sha256(whole.encode()).hexdigest()[:12]
