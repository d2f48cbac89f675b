"""Runs mcuprof as a user does: a process, with caches and results in the bench's own folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def mcuprof(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it printed; the bench ends where it fails."""
    env = os.environ | {"MCUPROF_CACHE": str(folder / "cache"), "MCUPROF_RESULTS": str(folder / "results")}
    done = subprocess.run(
        [sys.executable, "-m", "harness", *words], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"mcuprof {' '.join(words)} ended with code {done.returncode}:\n{done.stderr[-2000:]}")
    return done
