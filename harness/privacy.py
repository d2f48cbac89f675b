"""Takes what tells of a person out of files that leave the machine: home folders, user and host names.

Pure but for ``Person.here``. What it cannot know of, such as a project's name, it leaves.
"""

from __future__ import annotations

import getpass
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_SHORTEST_NAME = 3
"""Shorter names are words of any text, and are only taken out of paths."""
_NO_NAMES = frozenset({"root", "user", "localhost"})
"""Names that tell nothing."""
_REMOTE = re.compile(r"\b(rfc2217|socket)://(\[[^\]\s]*\]|[^\s:/\"']+)")


@dataclass(frozen=True)
class Person:
    """Who is not to be told of."""

    homes: tuple[str, ...]
    user: str
    hosts: tuple[str, ...]

    @classmethod
    def here(cls) -> Person:
        """Return the user of this process, on this machine."""
        home = Path.home()
        try:
            user = getpass.getuser()
        except (KeyError, OSError):  # an id that no user has
            user = home.name
        node = os.uname().nodename
        homes = dict.fromkeys([str(home), str(home.resolve())])
        return cls(homes=tuple(h for h in homes if h != "/"), user=user, hosts=(node, node.partition(".")[0]))

    @cached_property
    def _rules(self) -> list[tuple[re.Pattern[str], str]]:
        """Return what is replaced in paths, the longest first."""
        rules = [(f"{re.escape(home)}(?![\\w-])", "~") for home in sorted(self.homes, key=len, reverse=True)]
        rules += [(f"(?<=/){re.escape(self.user)}(?=/)", "USER")] if self.user else []
        return [(re.compile(pattern), new) for pattern, new in rules]

    @cached_property
    def _names(self) -> list[tuple[re.Pattern[str], str]]:
        """Return what is replaced wherever it stands as a word of its own."""
        pairs = [*((host, "HOST") for host in sorted(self.hosts, key=len, reverse=True)), (self.user, "USER")]
        told = [(name, new) for name, new in pairs if len(name) >= _SHORTEST_NAME and name not in _NO_NAMES]
        return [(re.compile(f"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])"), new) for name, new in told]

    def out_of_paths(self, text: str) -> str:
        """Return text in which paths tell nothing; for code, in which a name may be a word of the language."""
        for pattern, new in self._rules:
            text = pattern.sub(new, text)
        return text

    def out_of_text(self, text: str) -> str:
        """Return text without home folders, and without user and host names."""
        text = _REMOTE.sub(r"\1://HOST", self.out_of_paths(text))
        for pattern, new in self._names:
            text = pattern.sub(new, text)
        return text

    def out_of_json(self, value: Any) -> Any:  # noqa: ANN401 (whatever JSON holds)
        """Return JSON values without them; keys stay."""
        if isinstance(value, str):
            return self.out_of_text(value)
        if isinstance(value, dict):
            return {key: self.out_of_json(item) for key, item in value.items()}
        return [self.out_of_json(item) for item in value] if isinstance(value, list | tuple) else value

    def out_of_binary(self, content: bytes) -> bytes:
        """Return a program whose paths tell nothing, with every byte else at its place."""
        for home in sorted(self.homes, key=len, reverse=True):
            content = content.replace(home.encode(), b"~".ljust(len(home.encode()), b"/"))
        user = self.user.encode()
        return content.replace(b"/" + user + b"/", b"/" + b"x" * len(user) + b"/") if user else content
