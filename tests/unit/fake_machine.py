"""A machine that is only told about: programs on PATH, and what each answers. No process is started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness import cmd
from harness.errors import ToolFailedError


class FakeMachine:
    """Stands in for ``harness.cmd.run``; ``calls`` holds the command lines in order."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.calls: list[tuple[str, ...]] = []
        self.envs: list[dict[str, str]] = []
        self._answers = {}
        self._folders: list[Path] = []
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("PATH", "")
        monkeypatch.setenv("MCUPROF_HOME", str(root / "home"))
        monkeypatch.setenv("MCUPROF_CACHE", str(root / "cache"))
        monkeypatch.setattr(cmd, "run", self._run)

    def add(self, folder: str, name: str, answer) -> Path:
        """Put a program into a folder of PATH.

        ``answer`` is its output, its exit code, both, or a function of (argv, kw) that returns one of these.
        """
        path = self.place(self.root / folder / name, answer)
        if path.parent not in self._folders:
            self._folders.append(path.parent)
        self._monkeypatch.setenv("PATH", os.pathsep.join(map(str, self._folders)))
        return path

    def place(self, path: Path, answer) -> Path:
        """Put a program somewhere off PATH."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        path.chmod(0o755)
        self._answers[path] = answer
        return path

    def _run(self, argv, **kw):
        words = tuple(str(word) for word in argv)
        self.calls.append(words)
        self.envs.append(dict(kw.get("env") or {}))
        answer = self._answers.get(Path(words[0]), 127)
        if callable(answer):
            answer = answer(words, kw)
        if answer == "hangs":
            msg = f"{words[0]} did not end"
            raise ToolFailedError(msg)
        if isinstance(answer, tuple):
            out, code = answer
        else:
            code, out = (answer, "") if isinstance(answer, int) else (0, answer)
        return cmd.Completed(
            argv=words, returncode=code, stdout=out, stderr="went wrong" if code and not out else "", seconds=0
        )
