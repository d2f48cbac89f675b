"""What tuning has chosen for groups of operators: plain data, which the compiler applies in place of its own rule."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one group is computed.

    A field that is added needs a default: choices without it then keep their digest, by which they are known.
    """

    trace: list[Any]
    """The schedule of its function, as MetaSchedule writes a trace down as JSON."""

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for it."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:12]


Choices = Mapping[str, Choice]
"""By the key of a group; see ``traces.key``."""


def digest(choices: Choices) -> str:
    """Return twelve hexadecimal digits that stand for all of them."""
    whole = " ".join(f"{key}={choice.digest}" for key, choice in sorted(choices.items()))
    return hashlib.sha256(whole.encode()).hexdigest()[:12]
