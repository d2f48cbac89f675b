"""Runs mcuprof as a user does: a process, with caches and results in the bench's own folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SHARED_MODELS = Path(__file__).resolve().parents[2] / "shared" / "models"
"""Networks that are not in the repository, beside the checkout where they are."""


def mcuprof(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it printed; the bench ends where it fails."""
    return _mcuprof({"MCUPROF_CACHE": str(folder / "cache"), "MCUPROF_RESULTS": str(folder / "results")}, words)


def measurements(folder: Path, *words: str, cached: bool = False) -> list[dict[str, Any]]:
    """Run a command that measures and return the measurements of its JSON document.

    Where ``cached``, with the user's caches: nothing is compiled that has been before.
    """
    settings = {"MCUPROF_RESULTS": str(folder / "results")}
    done = _mcuprof(settings, (*words, "--json")) if cached else mcuprof(folder, *words, "--json")
    found: list[dict[str, Any]] = json.loads(done.stdout)["measurements"]
    return found


def _mcuprof(settings: Mapping[str, str], words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "harness", *words],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"mcuprof {' '.join(words)} ended with code {done.returncode}:\n{done.stderr[-2000:]}")
    return done
