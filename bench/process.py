"""Runs mcuprof as a user does: a process, with caches and results in the bench's own folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def mcuprof(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it printed; the bench ends where it fails."""
    return _mcuprof({"MCUPROF_CACHE": str(folder / "cache"), "MCUPROF_RESULTS": str(folder / "results")}, words)


def mcuprof_cached(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as ``mcuprof`` does, but with the user's caches: nothing is compiled that has been before."""
    return _mcuprof({"MCUPROF_RESULTS": str(folder / "results")}, words)


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
