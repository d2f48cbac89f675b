"""TOML files that people write: read, converted and, where they are wrong, explained by file and key."""

from __future__ import annotations

import difflib
import re
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T", bound=msgspec.Struct)


def parse(path: Path, what: str) -> tuple[dict[str, Any], bytes]:
    """Return the tables of a file and its bytes; raises ``UsageError`` that begins with ``what``, its name."""
    try:
        content = path.read_bytes()
        return tomllib.loads(content.decode("utf-8")), content
    except OSError as error:
        msg = f"{what} cannot be read: {error.strerror}"
        raise UsageError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{what} is not valid TOML: {error}"
        raise UsageError(msg) from error


def convert(table: dict[str, Any], kind: type[T], what: str, *, within: str = "") -> T:
    """Return ``table`` as a ``kind``; raises ``UsageError`` that begins with ``what`` and names the key at fault.

    ``within`` is the name of the table in the file where it is not the whole of it.
    """
    try:
        return msgspec.convert(table, kind, strict=True)
    except msgspec.ValidationError as error:
        msg = f"{what}: {_explain(str(error), kind, within)}"
        raise UsageError(msg) from error


def with_dotted_keys(table: dict[str, Any], key: str) -> dict[str, Any]:
    """Return ``table`` with the table at ``key`` made flat, so that a dotted name needs no quotes in the file.

    TOML reads ``compiler.path = "x"`` as a table within a table; to arduino-cli it is one name.
    """
    inner = table.get(key)
    return {**table, key: dict(_flat(inner))} if isinstance(inner, dict) else table


def _flat(table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{rest}", leaf) for rest, leaf in _flat(value))
        else:
            yield name, value


def _explain(message: str, kind: type[msgspec.Struct], within: str) -> str:
    """Put msgspec's message into a user's words: its path ``$.virtual`` is the table ``[virtual]``."""
    where = re.search(r" - at `(?:key in )?\$\.?(.*?)`$", message)
    path = where[1].replace("[...]", "") if where else ""
    key = ".".join(filter(None, (within, path)))
    text = message[: where.start()] if where else message
    unknown = re.search(r"unknown field `(.*)`", text)
    if unknown:
        near = difflib.get_close_matches(unknown[1], _keys(kind, path), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"unknown key {unknown[1]!r}{f' in [{key}]' if key else ''}{hint}"
    missing = re.search(r"required field `(.*)`", text)
    if missing:
        return f"the key {missing[1]!r}{f' in [{key}]' if key else ''} is missing"
    choices = _choices(kind, path) if "invalid enum value" in text else ()
    hint = f"; it may be {', '.join(map(repr, choices))}" if choices else ""
    return f"the key {key!r}: {text[0].lower()}{text[1:]}{hint}"


def _choices(kind: type[msgspec.Struct], path: str) -> tuple[object, ...]:
    """Return the values that the key at ``path`` may have where it is one of some words."""
    table, _, key = path.rpartition(".")
    for part in filter(None, table.split(".")):
        kind = _table(kind, part) or kind
    return typing.get_args(typing.get_type_hints(kind).get(key))


def _keys(kind: type[msgspec.Struct], path: str) -> tuple[str, ...]:
    """Return the keys that the table at ``path`` (``virtual``; empty for the file itself) may have."""
    for part in filter(None, path.split(".")):
        inner = _table(kind, part)
        if inner is None:
            return ()
        kind = inner
    return kind.__struct_fields__


def _table(kind: type[msgspec.Struct], key: str) -> type[msgspec.Struct] | None:
    """Return what the table at ``key`` is read as."""
    hint = typing.get_type_hints(kind).get(key)
    choices = typing.get_args(hint) or (hint,)
    return next((one for one in choices if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)
