"""The forms in which a run leaves mcuprof, one a module, found by listing this package.

Each module has ``TITLE`` (what it writes, in a few words), ``SUFFIX`` (of its files), ``GOES_TO`` and
``export(subject)``, which returns the whole file: text, or bytes. Heavy packages are imported inside functions,
because the command line asks every module what it writes.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from harness.report.formats import printable

if TYPE_CHECKING:
    from harness.store import Run
    from harness.types import Measurement


class Target(Enum):
    """Where an export goes by itself."""

    OUTPUT = "output"
    """Standard output: it is text that a person or a script reads as it comes."""
    FILE = "file"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is exported."""

    run: Run
    history: Callable[[], Sequence[Run]] = tuple
    """Reads the other runs, oldest first; called only by a form that shows them."""
    graphs: Callable[[], Mapping[str, str]] = dict
    """Draws the run's networks, SVG by the model's name; called only by a form that shows them."""

    def shown(self) -> list[Measurement]:
        """Return the measurements as they may be shown: names come from files and may hold any character."""
        return [printable(measurement) for measurement in self.run.measurements]


@cache
def all_exporters() -> dict[str, ModuleType]:
    """Return the exporters by name, sorted; the name is the module's."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}
