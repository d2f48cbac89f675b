"""Compiles a network in a process of its own and keeps what came out.

TVM is C++ that may abort on what it does not like, and takes a second to import; so it runs by
``python -m harness.compiler MODEL OUTPUT OPTIONS CHOICES NAME``, and the same network is not compiled twice.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import tempfile
from functools import cache
from pathlib import Path

import msgspec

from harness import cmd, models, paths
from harness.cache import touch
from harness.compiler.choices import NONE, Choices
from harness.compiler.program import FORMAT, Program
from harness.compiler.strategy import Options
from harness.errors import ToolFailedError, UnsupportedError
from harness.models import Model

_TIMEOUT_S = 600


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a compilation gave: a program, or the reason why there is none."""

    program: Program | None = None
    unsupported: str | None = None


def compile_model(model: Model, options: Options, choices: Choices = NONE) -> Program:
    """Return ``model`` compiled as ``options`` say.

    ``choices`` are what tuning has chosen; those for groups that the network does not have make no difference. Raises
    ``UnsupportedError`` for what cannot be compiled, ``ToolFailedError`` where TVM fails.
    """
    wanted = _Wanted(data=model.data, name=model.name, options=options)
    plain = _program(wanted)
    own = _own(plain, choices)
    return _program(msgspec.structs.replace(wanted, choices=own)) if own else plain


def _own(plain: Program, choices: Choices) -> bytes:
    """Return those choices as JSON that are for groups of a program; nothing where there are none."""
    own = {call.group: choices[call.group] for call in plain.calls if call.group in choices}
    return msgspec.json.encode(own) if own else b""


def _program(wanted: _Wanted) -> Program:
    outcome = _outcome(wanted)
    if outcome.program is None:
        raise UnsupportedError(outcome.unsupported or "the compiler gave no reason")
    return outcome.program


def compiled_before(model: Model, options: Options, choices: Choices = NONE) -> Outcome | None:
    """Return what an earlier compilation of ``model`` gave, None where there was none; nothing is compiled."""
    wanted = _Wanted(data=model.data, name=model.name, options=options)
    plain = _read(_place(wanted))
    own = _own(plain.program, choices) if plain is not None and plain.program is not None else b""
    return _read(_place(msgspec.structs.replace(wanted, choices=own))) if own else plain


def tvm_version() -> str:
    """Return the version of TVM, without importing it."""
    return importlib.metadata.version("apache-tvm")


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    data: bytes
    name: str
    options: Options
    choices: bytes = b"{}"
    """Of the groups that the network has, as JSON."""


@cache
def _outcome(wanted: _Wanted) -> Outcome:
    place = _place(wanted)
    return _read(place) or _compile(wanted, place)


def _place(wanted: _Wanted) -> Path:
    return paths.cache() / "compiled" / f"{_key(wanted)}.json"


def _key(wanted: _Wanted) -> str:
    """Return what a compilation depends on: the network, the options, the compiler and the packages under it."""
    digest = hashlib.sha256(wanted.data + b" " + wanted.choices)
    versions = [importlib.metadata.version(name) for name in ("apache-tvm", "apache-tvm-ffi", "tflite", "numpy")]
    digest.update(f"{wanted.name} {wanted.options} {FORMAT} {versions} {_compiler_digest()}".encode())
    return digest.hexdigest()[:16]


@cache
def _compiler_digest() -> str:
    whole = hashlib.sha256()
    for path in (Path(models.__file__), *sorted(Path(__file__).parent.rglob("*.py"))):
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _read(place: Path) -> Outcome | None:
    try:
        found = msgspec.json.decode(place.read_bytes(), type=Outcome)
    except (OSError, msgspec.DecodeError):
        return None
    touch(place)
    return found if found.program is not None or found.unsupported is not None else None


def _compile(wanted: _Wanted, place: Path) -> Outcome:
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mcuprof-", dir=place.parent) as name:
        source, made, choices = (Path(name) / file for file in ("model.tflite", "program.json", "choices.json"))
        source.write_bytes(wanted.data)
        choices.write_bytes(wanted.choices)
        words = source, made, msgspec.json.encode(wanted.options).decode(), choices, wanted.name
        done = cmd.run_module("harness.compiler", *words, timeout=_TIMEOUT_S)
        outcome = _read(made)
        if done.returncode != 0 or outcome is None:
            lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            msg = (
                f"TVM could not compile {wanted.name} (code {done.returncode}): {(lines or ['no message'])[-1][:300]}"
            )
            raise ToolFailedError(msg)
        made.replace(place)
    return outcome
