"""The ways of running a model, one a module. Each has ``create(settings)``; its name is its module's, with dashes.

They are found by listing this package.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil

from harness.case import Implementation, Settings
from harness.errors import UsageError


def names() -> list[str]:
    """Return the names of all implementations."""
    return sorted(info.name.replace("_", "-") for info in pkgutil.iter_modules(__path__))


def create(name: str, settings: Settings) -> Implementation:
    """Return the implementation ``name``; raises ``UsageError`` with the nearest name where there is none."""
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        msg = f"there is no implementation {name!r}: {hint}Known ones: {', '.join(names())}"
        raise UsageError(msg)
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    implementation: Implementation = module.create(settings)
    return implementation
