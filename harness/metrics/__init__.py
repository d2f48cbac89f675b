"""The metrics, one a module. Each has ``NEEDS_RIG``, ``ORDER`` and ``measure``; its name is its module's.

A metric that needs no rig measures a ``Built``; one that does, a ``Bench``. They are found by listing this package.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType

ACCURACY = "accuracy"
"""The metric of `mcuprof accuracy`, which has no module here: it is measured on a data set, and not in a run."""


@cache
def all_metrics() -> dict[str, ModuleType]:
    """Return the metrics by name, in the order in which they are measured."""
    modules = {
        info.name: importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)
    }
    return dict(sorted(modules.items(), key=lambda pair: pair[1].ORDER))
