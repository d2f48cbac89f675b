"""Which headers a set of C and C++ sources includes, found without a compiler.

Conditions of the preprocessor are not evaluated: a header below an ``#if`` counts as included. The answer is thus
never too small, whatever the board's compiler defines.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^">\n]+)[">]', re.MULTILINE)


def included_names(text: str) -> tuple[str, ...]:
    """Return the names of all ``#include`` lines of a source, in their order."""
    return tuple(_INCLUDE.findall(text))


@dataclass(frozen=True, kw_only=True)
class Closure:
    """Sources and all that they include."""

    headers: Mapping[Path, Mapping[str, Path | None]]
    """File → what it includes: name → the file that this is, or None where it was not found."""

    @property
    def files(self) -> frozenset[Path]:
        """All of them."""
        return frozenset(self.headers)

    def missing(self) -> frozenset[str]:
        """Return the names that were not found; most are those of the tool chain's own headers."""
        return frozenset(name for names in self.headers.values() for name, header in names.items() if header is None)

    def included(self, source: Path) -> frozenset[Path]:
        """Return what one of the files includes, directly or not."""
        found: set[Path] = set()
        waiting = [source]
        while waiting:
            names = self.headers[waiting.pop()]
            new = {header for header in names.values() if header is not None} - found
            found |= new
            waiting += new
        return frozenset(found)


def closure(sources: Iterable[Path], roots: Sequence[Path], leaves: Iterable[Path] = ()) -> Closure:
    """Return ``sources`` and every file that they include, directly or not; ``leaves`` are not looked into.

    A name is looked for beside the file that includes it and then in ``roots``, in their order.
    """
    found: dict[Path, dict[str, Path | None]] = {_normal(leaf): {} for leaf in leaves}
    waiting = [_normal(source) for source in sources]
    known: dict[tuple[Path, str], Path | None] = {}
    reached: set[Path] = set()
    while waiting:
        path = waiting.pop()
        reached.add(path)
        if path in found:
            continue
        names = included_names(path.read_text(encoding="utf-8", errors="replace"))
        for name in names:
            key = (path.parent, name)
            if key not in known:
                known[key] = _resolve(name, (path.parent, *roots))
        found[path] = {name: known[path.parent, name] for name in names}
        waiting += [header for header in found[path].values() if header is not None]
    return Closure(headers={path: names for path, names in found.items() if path in reached})


def renamed(text: str, new_name: Callable[[str], str | None]) -> str:
    """Return a source's text with new names in its ``#include`` lines; where ``new_name`` has none, it stays."""

    def line(found: re.Match[str]) -> str:
        name = new_name(found[1])
        return found[0] if name is None else f'#include "{name}"'

    return _INCLUDE.sub(line, text)


def _resolve(name: str, folders: Iterable[Path]) -> Path | None:
    return next((_normal(folder / name) for folder in folders if (folder / name).is_file()), None)


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path))
