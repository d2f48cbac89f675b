"""Linker scripts as text: regions of the MEMORY command made larger."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.errors import ToolFailedError

# Lines with a # are the preprocessor's, which most cores send their scripts through.
_TOKEN = re.compile(
    r"(?P<nothing>\s+|/\*.*?\*/|//[^\n]*|\#[^\n]*)"
    r'|(?P<word>"[^"]*"|[\w.$]+)'
    r"|(?P<sign><<|>>|<=|>=|==|!=|&&|\|\||.)",
    re.DOTALL,
)
_ORIGIN = ("origin", "org", "o")
_LENGTH = ("length", "len", "l")
_BINARY = frozenset("+-*/%&|^<>?") | {"<<", ">>", "<=", ">=", "==", "!=", "&&", "||"}
_UNARY = frozenset("+-~!")


@dataclass(frozen=True, kw_only=True)
class _Token:
    text: str
    start: int
    end: int
    is_word: bool


@dataclass(frozen=True, kw_only=True)
class _Region:
    """A region as it is defined, and where in the text the expression of its length stands."""

    name: str
    start: int
    end: int


def enlarged(script: str, by: Mapping[str, int]) -> str:
    """Return ``script`` with the length of each region of ``by`` larger by that many bytes, and all else as it is.

    Raises ``ToolFailedError`` for a region that the script does not define itself.
    """
    tokens = list(_tokens(script))
    regions = list(_regions(tokens))
    missing = sorted(set(by) - {region.name for region in regions})
    if missing:
        defined = ", ".join(dict.fromkeys(region.name for region in regions)) or "none"
        msg = f"the linker script does not define the region {missing[0]} (it defines: {defined})"
        if any(token.text == "INCLUDE" for token in tokens):
            msg += "; it may be in a script that this one INCLUDEs, which is not looked into"
        raise ToolFailedError(msg)
    for region in reversed(regions):
        if region.name in by:
            length = f"({script[region.start : region.end]}) + {by[region.name]}"
            script = script[: region.start] + length + script[region.end :]
    return script


def _tokens(script: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(script):
        if match.lastgroup != "nothing":
            yield _Token(text=match[0], start=match.start(), end=match.end(), is_word=match.lastgroup == "word")


def _regions(tokens: list[_Token]) -> Iterator[_Region]:
    """Yield the regions of every MEMORY command."""
    at = 0
    while at + 1 < len(tokens):
        if tokens[at].text == "MEMORY" and tokens[at + 1].text == "{":
            parser = _Parser(tokens, at + 2)
            yield from parser.regions()
            at = parser.at
        else:
            at += 1


class _Parser:
    """Reads what stands between the braces of a MEMORY command, from the token ``at`` on."""

    def __init__(self, tokens: list[_Token], at: int) -> None:
        self._tokens = tokens
        self.at = at

    def regions(self) -> Iterator[_Region]:
        while not self._took("}"):
            if self._took("INCLUDE"):
                self._take()
            else:
                yield self._region()

    def _region(self) -> _Region:
        name = self._take().text.strip('"')
        if self._next() == "(":
            self._group()
        self._expect(":")
        self._expect(*_ORIGIN)
        self._expect("=")
        self._expression()
        self._took(",")
        self._expect(*_LENGTH)
        self._expect("=")
        start, end = self._expression()
        return _Region(name=name, start=start, end=end)

    def _expression(self) -> tuple[int, int]:
        """Pass over an expression, which ends where no operator follows, and return where it begins and ends."""
        first, choices = self.at, 0
        while True:
            while self._next() in _UNARY:
                self._take()
            self._operand()
            if self._next() == ":" and choices:
                choices -= 1
            elif self._next() == "?":
                choices += 1
            elif self._next() not in _BINARY:
                return self._tokens[first].start, self._tokens[self.at - 1].end
            self._take()

    def _operand(self) -> None:
        if self._next() == "(":
            self._group()
        elif self._take().is_word and self._next() == "(":
            self._group()  # what a function is called with

    def _group(self) -> None:
        """Pass over what stands in parentheses."""
        depth = 0
        while True:
            sign = self._take().text
            depth += {"(": 1, ")": -1}.get(sign, 0)
            if depth == 0:
                return

    def _next(self) -> str:
        return self._tokens[self.at].text if self.at < len(self._tokens) else ""

    def _took(self, text: str) -> bool:
        """Pass over the next token where it is ``text``."""
        found = self._next() == text
        self.at += found
        return found

    def _take(self) -> _Token:
        if self.at >= len(self._tokens):
            msg = "the linker script ends within a MEMORY command"
            raise ToolFailedError(msg)
        self.at += 1
        return self._tokens[self.at - 1]

    def _expect(self, *texts: str) -> None:
        found = self._take().text
        if found.lower() not in texts:
            msg = f"the MEMORY command of the linker script has {found!r} where {texts[0].upper()!r} should be"
            raise ToolFailedError(msg)
