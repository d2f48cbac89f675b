"""Baselines: whole copies of runs under names, in ``results/baselines``, to compare with and to keep in git."""

from __future__ import annotations

import re
from pathlib import Path

from harness.errors import McuprofError, UsageError
from harness.store import Run, document, load, write_document

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Baselines:
    """The baselines of a results folder."""

    def __init__(self, results: Path) -> None:
        self.folder = results / "baselines"

    def path(self, name: str) -> Path:
        """Return the file of the baseline ``name``; raises ``UsageError`` where that is no name for one."""
        if not _NAME.fullmatch(name):
            msg = (
                f"{name!r} cannot be the name of a baseline: up to 100 letters, digits, '-', '_' and '.', "
                "beginning with a letter or a digit"
            )
            raise UsageError(msg)
        return self.folder / f"{name}.json"

    def names(self) -> list[str]:
        """Return the names of all baselines."""
        return sorted(path.stem for path in self.folder.glob("*.json") if _NAME.fullmatch(path.stem))

    def load(self, name: str) -> Run:
        """Return the run of a baseline; raises ``UsageError`` where there is none, or its file is damaged."""
        return load(self._existing(name))

    def set(self, name: str, run: Run) -> Path:
        """Copy a run, in place of what the baseline held before; raises ``McuprofError`` where that cannot be."""
        path = self.path(name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_document(path, document(run))
        except OSError as error:
            msg = f"the baseline {path} cannot be written: {error.strerror or error}; it is what it was before"
            raise McuprofError(msg) from error
        return path

    def remove(self, name: str) -> Path:
        """Remove a baseline; raises ``UsageError`` where there is none."""
        path = self._existing(name)
        try:
            path.unlink()
        except OSError as error:
            msg = f"the baseline {path} cannot be removed: {error.strerror or error}"
            raise McuprofError(msg) from error
        return path

    def _existing(self, name: str) -> Path:
        path = self.path(name)
        if not path.is_file():
            there = ", ".join(self.names())
            hint = f"there are: {there}" if there else "there is none at all: `mcuprof baseline set NAME` makes one"
            msg = f"there is no baseline {name!r} in {self.folder}; {hint}"
            raise UsageError(msg)
        return path
