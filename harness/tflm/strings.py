"""Keep the strings of kernels that are compiled as one unit apart, so that the linker can drop them one by one.

A compiler writes a string that several functions of a unit use into the section of the first of them. A kernel that
a sketch uses would thereby keep all strings of a kernel that it does not use. A function for each string, written
before all others and used by none, gives each string a section of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_INCLUDE = re.compile(r"^[ \t]*#[ \t]*(?:include|line)\b[^\n]*$", re.MULTILINE)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_PIECE = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_LITERAL = re.compile(rf"{_PIECE.pattern}(?:[\s\\]*{_PIECE.pattern})*")
_CHECK = re.compile(r"\bTF_LITE_ENSURE\w*\(")
_OPENING, _CLOSING = "([{", ")]}"


def pins(texts: Iterable[str], prefix: str) -> str:
    """Return C++ functions, one for each string that the sources ``texts`` may put into a program.

    These are their literals and the arguments of their checks, which the checks' macros make strings of.
    ``prefix`` makes the functions' names differ from those of other units.
    """
    found: dict[str, None] = {}
    for text in texts:
        code = _COMMENT.sub(" ", _INCLUDE.sub("", text))
        found |= dict.fromkeys(_joined(literal[0]) for literal in _LITERAL.finditer(code))
        found |= dict.fromkeys(f"MCUPROF_TEXT({argument})" for argument in _checked(code))
    lines = ["#define MCUPROF_TEXT(...) #__VA_ARGS__"]
    lines += [
        f"__attribute__((no_reorder)) const char *{prefix}_string_{index}() {{ return {string}; }}"
        for index, string in enumerate(found)
    ]
    return "\n".join(lines)


def _joined(literal: str) -> str:
    return '"' + "".join(_PIECE.findall(literal)) + '"'


def _checked(code: str) -> Iterator[str]:
    for check in _CHECK.finditer(code):
        if code[: check.start()].rsplit("\n", 1)[-1].lstrip().startswith("#define"):
            continue
        arguments = _arguments(code, check.end())[1:]
        yield from (argument for argument in arguments if argument and '"' not in argument)


def _arguments(code: str, start: int) -> list[str]:
    """Return the arguments of the call whose opening parenthesis ends at ``start``, white space made single."""
    depth = 0
    parts = [""]
    for character in code[start:]:
        if character in _CLOSING:
            if depth == 0:
                break
            depth -= 1
        elif character in _OPENING:
            depth += 1
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [" ".join(part.split()) for part in parts]
