"""Which headers a set of C and C++ sources includes, found without a compiler.

Conditions of the preprocessor are not evaluated: a header below an ``#if`` counts as included. The answer is thus
never too small, whatever the board's compiler defines.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^">\n]+)[">]', re.MULTILINE)


def included_names(text: str) -> tuple[str, ...]:
    """Return the names of all ``#include`` lines of a source, in their order."""
    return tuple(_INCLUDE.findall(text))


def closure(sources: Iterable[Path], roots: Sequence[Path], leaves: Iterable[Path] = ()) -> frozenset[Path]:
    """Return ``sources`` and every file that they include, directly or not; ``leaves`` are not looked into.

    A name is looked for beside the file that includes it and then in ``roots``, in their order. Names that are in
    neither (those of the tool chain's own headers) are left out.
    """
    found: set[Path] = set()
    waiting = [_normal(source) for source in sources]
    known: dict[tuple[Path, str], Path | None] = {}
    closed = {_normal(leaf) for leaf in leaves}
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        if path in closed:
            continue
        for name in included_names(path.read_text(encoding="utf-8", errors="replace")):
            key = (path.parent, name)
            if key not in known:
                known[key] = _resolve(name, (path.parent, *roots))
            header = known[key]
            if header is not None:
                waiting.append(header)
    return frozenset(found)


def _resolve(name: str, folders: Iterable[Path]) -> Path | None:
    return next((_normal(folder / name) for folder in folders if (folder / name).is_file()), None)


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path))
