"""Runs mcuprof as a user does: a process, with caches and results in the bench's own folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SHARED_MODELS = Path(__file__).resolve().parents[2] / "shared" / "models"
"""Networks that are not in the repository, beside the checkout where they are."""


def mcuprof(folder: Path, *words: str, cached: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it printed; the bench ends where it fails.

    Where ``cached``, with the user's caches: nothing is compiled that has been before.
    """
    own = {"MCUPROF_RESULTS": folder / "results"} | ({} if cached else {"MCUPROF_CACHE": folder / "cache"})
    done = subprocess.run(
        [sys.executable, "-m", "harness", *words],
        env=os.environ | {name: str(path) for name, path in own.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"mcuprof {' '.join(words)} ended with code {done.returncode}:\n{done.stderr[-2000:]}")
    return done


def measurements(folder: Path, *words: str, cached: bool = False) -> list[dict[str, Any]]:
    """Run a command that measures, as ``mcuprof`` does, and return the measurements of its JSON document."""
    found: list[dict[str, Any]] = json.loads(mcuprof(folder, *words, "--json", cached=cached).stdout)["measurements"]
    return found
