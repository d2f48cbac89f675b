"""Which names a C or C++ source declares, found without a compiler.

A name too many is found sometimes: it only keeps two sources apart that could be compiled as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(\w+)[ \t]*(\w*)(?:[^\n\\]|\\.)*", re.MULTILINE | re.DOTALL)
_GUARD = re.compile(r"^[ \t]*#[ \t]*(?:pragma once|ifndef[ \t]+(\w+)\s+#[ \t]*define[ \t]+\1\b)", re.MULTILINE)
_TOKEN = re.compile(r'\w+|::|""|[^\w\s]')
_DEPTH = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_DECLARES = {"(", "[", "{", "=", ":", ";", ","}
"""What stands behind the name that is declared."""
_NO_NAMES = {"alignas", "decltype", "__attribute__", "static_assert", "struct", "class", "union", "enum"}

_SHARED = {"tflite", "ops", "micro", "internal"}
"""Namespaces that many sources open."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """The names that a source declares outside of functions and classes, with their namespaces."""

    functions: frozenset[str]
    others: frozenset[str]
    """Variables, types, values of enumerations, and macros that it leaves defined."""
    namespaces: frozenset[str]
    """Those that it opens, but for some that many sources share."""


def is_guarded(text: str) -> bool:
    """Whether a header can be included twice, and declares its names once."""
    return _GUARD.search(text) is not None


def declared(text: str) -> Declared | None:
    """Return the names that a source declares, or None where its braces do not match.

    They do not where the branches of an ``#if`` each open one.
    """
    plain = _TEXT.sub(lambda found: '""' if found[0][0] == '"' else " ", text)
    scope = _Scope()
    if not scope.read(_TOKEN.findall(_DIRECTIVE.sub(" ", plain))):
        return None
    return Declared(
        functions=frozenset(scope.functions),
        others=frozenset(scope.others | _macros(plain)),
        namespaces=frozenset(scope.namespaces),
    )


def _macros(text: str) -> set[str]:
    left: set[str] = set()
    for directive, name in _DIRECTIVE.findall(text):
        if directive == "define":
            left.add(f"#{name}")
        elif directive == "undef":
            left.discard(f"#{name}")
    return left


@dataclass
class _Scope:
    inside: list[str] = field(default_factory=list)
    """The namespaces that are open; one without a name is as good as none."""
    functions: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    namespaces: set[str] = field(default_factory=set)

    def read(self, tokens: Sequence[str]) -> bool:
        """Note what the tokens of a source declare; return whether their brackets match."""
        declaration: list[str] = []
        position = 0
        while position < len(tokens):
            token = tokens[position]
            end = position + 1
            if token == "}":
                if not self.inside:
                    return False
                self.inside.pop()
            elif token == "{" and self._opens_namespace(declaration):
                declaration = []
            elif _DEPTH.get(token) == 1:
                end = _after(tokens, position)
                if end == 0:
                    return False
                declaration.append(token)
                if token == "{":
                    self._note(declaration, tokens[position:end])
                    # A function ends with its body; anything else goes on to its semicolon.
                    declaration = [] if _is_function(declaration) else declaration
            elif token == ";":
                self._note([*declaration, ";"], ())
                declaration = []
            else:
                declaration.append(token)
            position = end
        return not self.inside

    def _opens_namespace(self, declaration: Sequence[str]) -> bool:
        if declaration == ["extern", '""']:
            self.inside.append("")
            return True
        words = declaration[1:] if declaration[:1] == ["inline"] else declaration
        if words[:1] != ["namespace"]:
            return False
        self.inside.append("::".join(word for word in words[1:] if word != "::"))
        self.namespaces |= {word for word in words[1:] if word.isidentifier() and word not in _SHARED}
        return True

    def _note(self, declaration: Sequence[str], body: Sequence[str]) -> None:
        if declaration[:1] in (["class"], ["struct"]) and declaration[2:] == [";"]:
            return  # said to be a class, and declared elsewhere
        if "enum" in declaration:
            values = (word for before, word in pairwise(body) if before in "{," and word.isidentifier())
            self.others |= {self._whole(name) for name in values}
        for name, sign in _declarators(declaration):
            (self.functions if sign == "(" else self.others).add(self._whole(name))

    def _whole(self, name: str) -> str:
        return "::".join([*(outer for outer in self.inside if outer), name])


def _is_function(declaration: Sequence[str]) -> bool:
    if "operator" in declaration:
        return True
    first = next((word for word in declaration if word in "(="), "")
    return first == "("


def _after(tokens: Sequence[str], position: int) -> int:
    """Return the position behind the bracket that closes the one at ``position``, or 0 where none does."""
    depth = 0
    for index in range(position, len(tokens)):
        depth += _DEPTH.get(tokens[index], 0)
        if depth == 0:
            return index + 1
    return 0


def _declarators(declaration: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Return the names that a declaration declares, and the sign that stands behind each."""
    words = _without_template(declaration)
    for index in range(1, len(words)):
        before, name, sign = words[max(index - 2, 0)], words[index - 1], words[index]
        if sign not in _DECLARES or name in _NO_NAMES:
            continue
        if name.isidentifier() and before != "::":
            yield name, sign
        if sign in "(=":
            return  # what follows are parameters or values


def _without_template(declaration: Sequence[str]) -> list[str]:
    """Return a declaration without anything in angle brackets."""
    words: list[str] = []
    depth = 0
    for word in declaration:
        depth += word == "<"
        if depth == 0:
            words.append(word)
        depth -= word == ">"
    return words if depth == 0 else list(declaration)  # some sign was not a bracket
