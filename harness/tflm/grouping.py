"""Which sources can be compiled as one translation unit: those in which no name means two things."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.tflm import scopes


@dataclass(frozen=True, kw_only=True)
class _Known:
    """The names that a source knows, but for those that mean the same everywhere."""

    origins: Mapping[str, frozenset[object]]
    """Name → the files that declare it."""
    strict: frozenset[str]
    """Those that may mean one thing only. Functions that headers declare may be overloads of each other."""


class Names:
    """The names that the sources and headers of a library declare."""

    def __init__(self, texts: Mapping[Path, str], included: Callable[[Path], Iterable[Path]]) -> None:
        """``texts`` are those of all of them; ``included`` tells what a source includes, directly or not."""
        self._declared = {path: scopes.declared(text) for path, text in texts.items()}
        self._guarded = {path for path, text in texts.items() if scopes.is_guarded(text)}
        self._included = included
        times = Counter(name for path in texts for name in self._names(path))
        # A name of one file is the same for all that include it, if it does not come anew with each of them.
        anew = {name for path in texts if path not in self._guarded for name in self._names(path)}
        self._same = {name for name, count in times.items() if count == 1} - anew

    def groups(self, sources: Iterable[Path]) -> list[list[Path]]:
        """Group sources so that those of one group can be compiled as one; each goes to the first that has room."""
        groups: list[_Group] = []
        for source in sources:
            if self._declared[source] is None:  # nothing is known but that it can be compiled by itself
                groups.append(_Group(members=[source], closed=True))
                continue
            known = self._known(source)
            group = next((group for group in groups if group.has_room(known)), None)
            if group is None:
                group = _Group()
                groups.append(group)
            group.add(source, known)
        return [group.members for group in groups]

    def _names(self, path: Path) -> frozenset[str]:
        declared = self._declared[path]
        return declared.functions | declared.others if declared else frozenset()

    def _known(self, source: Path) -> _Known:
        origins: dict[str, set[object]] = {}
        strict = set(self._names(source))
        for path in (source, *self._included(source)):
            # A header without an include guard declares its names anew for each source.
            origin = path if path in self._guarded else (source, path)
            for name in self._names(path) - self._same:
                origins.setdefault(name, set()).add(origin)
            declared = self._declared[path]
            strict |= declared.others if declared else frozenset()
        own = self._declared[source]
        for namespace in own.namespaces if own else ():
            # Sources that open the same one, of those that few open, have much the same there.
            origins[f"namespace {namespace}"] = {source}
            strict.add(f"namespace {namespace}")
        return _Known(
            origins={name: frozenset(files) for name, files in origins.items()}, strict=frozenset(strict - self._same)
        )


@dataclass
class _Group:
    members: list[Path] = field(default_factory=list)
    origins: dict[str, frozenset[object]] = field(default_factory=dict)
    strict: frozenset[str] = frozenset()
    closed: bool = False

    def has_room(self, known: _Known) -> bool:
        if self.closed:
            return False
        return not any(
            name in self.origins and not files & self.origins[name]
            for name, files in known.origins.items()
            if name in self.strict or name in known.strict
        )

    def add(self, source: Path, known: _Known) -> None:
        self.members.append(source)
        self.strict |= known.strict
        for name, files in known.origins.items():
            self.origins[name] = self.origins.get(name, frozenset()) | files
