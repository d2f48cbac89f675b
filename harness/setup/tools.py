"""Finding programs that really run, in a version that will do."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import cmd
from harness.errors import McuprofError

Version = tuple[int, ...]

# A shim or a proxy may try to fetch what it stands for; it gets no longer than this to answer.
_ANSWER_WITHIN_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A program that answered when it was asked for its version."""

    path: Path
    version: Version

    @property
    def version_text(self) -> str:
        """The version as it is written."""
        return ".".join(map(str, self.version))


def parse_version(text: str) -> Version | None:
    """Return the first dotted number of ``text`` (``go1.26.8`` → ``(1, 26, 8)``), or None where there is none."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(part) for part in found.group().split(".")) if found else None


def on_path(name: str, *, beyond: Sequence[Path] = ()) -> list[Path]:
    """Return every executable ``name`` on PATH, first come first, and then those in the folders ``beyond``.

    All of them, because the first may be a shim that does not run (pyenv, rustup).
    """
    folders = [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    candidates = dict.fromkeys(folder / name for folder in [*folders, *beyond])
    return [path for path in candidates if path.is_file() and os.access(path, os.X_OK)]


def ask(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> str | None:
    """Return what the program prints on standard output, or None where it does not run to a good end."""
    try:
        done = cmd.run(argv, cwd=Path("/"), env=env, timeout=_ANSWER_WITHIN_S, check=False)
    except McuprofError:
        return None
    return done.stdout if done.returncode == 0 else None


def ask_version(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> Version | None:
    """Return the version that the program prints first, or None where it does not run or prints none."""
    return parse_version(ask(argv, env=env) or "")


def environment(**changes: str | Path | None) -> dict[str, str]:
    """Return this process's environment with ``changes``; None takes a variable out."""
    env = {key: value for key, value in os.environ.items() if key not in changes}
    return env | {key: str(value) for key, value in changes.items() if value is not None}


def without(prefix: str) -> dict[str, str]:
    """Return this process's environment without the variables that begin with ``prefix``."""
    return {key: value for key, value in os.environ.items() if not key.startswith(prefix)}


def last_lines(text: str, count: int = 5) -> str:
    """Return the end of a tool's output, for an error message."""
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-count:]) or "  (it printed nothing)"
