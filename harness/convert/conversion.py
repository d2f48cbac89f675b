"""Converts a model in a process of its own and keeps what came out, by the digest of the model.

The converters import whole frameworks, print at length and may abort; so they run by
``python -m harness.convert KIND SOURCE FOLDER``. What they print is kept as a log.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import msgspec

from harness import cmd, paths
from harness.cache import touch
from harness.convert import kinds
from harness.convert.kinds import Kind
from harness.convert.report import Outcome, Report
from harness.errors import ToolFailedError, UsageError

_TIMEOUT_S = 1800
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A converted model."""

    data: bytes = field(repr=False)
    """The .tflite."""
    report: Report


def on_stderr(text: str) -> None:
    """Tell the user something."""
    print(f"mcuprof: {text}", file=sys.stderr, flush=True)


def convert(path: Path, kind: Kind, say: Say = on_stderr) -> Conversion:
    """Return the model at ``path`` as .tflite.

    Raises ``MissingError`` where the packages for it are not installed, ``UsageError`` for a model that cannot be
    converted, ``ToolFailedError`` where the converter fails, or what it gives computes something else.
    """
    kinds.require_sound(path, kind)
    kinds.require_packages(path, kind)
    place = paths.cache() / "converted" / _key(path, kind)
    conversion = _read(place)
    if conversion is None:
        say(f"converting {path.name} by {converter(kind)}: it can take a minute, and is kept")
        conversion = _convert(path, kind, place)
    for port in conversion.report.inputs:
        say(f"{path.name}: input {port}")
    return conversion


def converter(kind: Kind) -> str:
    """Return name and version of what converts models of a kind."""
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for _, name in kind.importer.packages[:2])


def _key(path: Path, kind: Kind) -> str:
    """Return what a conversion depends on: the files, the packages and this code."""
    digest = hashlib.sha256(kind.value.encode())
    for file in kinds.files(path):
        digest.update(f"{file.relative_to(path.parent)} {file.stat().st_size}\n".encode())
        digest.update(file.read_bytes())
    versions = [importlib.metadata.version(name) for _, name in kind.importer.packages]
    digest.update(f"{versions} {_code_digest()}".encode())
    return digest.hexdigest()[:16]


@cache
def _code_digest() -> str:
    whole = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _read(place: Path) -> Conversion | None:
    try:
        report = msgspec.json.decode((place / "report.json").read_bytes(), type=Report)
        data = (place / "model.tflite").read_bytes()
    except (OSError, msgspec.DecodeError):
        return None
    touch(place)
    return Conversion(data=data, report=report)


def _convert(path: Path, kind: Kind, place: Path) -> Conversion:
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mcuprof-", dir=place.parent) as name:
        folder = Path(name)
        done = cmd.run_module("harness.convert", kind.value, path.resolve(), folder, timeout=_TIMEOUT_S)
        log = _log(place.name, done)
        outcome, made = _outcome(folder), folder / "model.tflite"
        if outcome.refused is not None:
            msg = f"{path} cannot be converted: {outcome.refused}"
            raise UsageError(msg)
        if outcome.report is None or not made.is_file():
            msg = f"{converter(kind)} could not convert {path}: {_last_words(done)} (all it said: {log})"
            raise ToolFailedError(msg)
        if not outcome.report.same:
            msg = (
                f"{converter(kind)} made a network of {path} that computes something else: outputs differ by up to "
                f"{outcome.report.largest_difference:.3g}, where the largest is "
                f"{outcome.report.largest_output:.3g} (all it said: {log})"
            )
            raise ToolFailedError(msg)
        place.mkdir(exist_ok=True)
        made.replace(place / "model.tflite")
        (place / "report.json").write_bytes(msgspec.json.encode(outcome.report))
        return Conversion(data=(place / "model.tflite").read_bytes(), report=outcome.report)


def _log(key: str, done: cmd.Completed) -> Path:
    log = paths.cache() / "logs" / f"convert-{key}.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"{done.stdout}\n{done.stderr}")
    return log


def _outcome(folder: Path) -> Outcome:
    try:
        return msgspec.json.decode((folder / "outcome.json").read_bytes(), type=Outcome)
    except (OSError, msgspec.DecodeError):
        return Outcome()


def _last_words(done: cmd.Completed) -> str:
    """Return the line that says most: the last one that names an error, else the last."""
    lines = [line.strip() for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or "error:" in line]
    found = (errors or lines or [f"it ended with code {done.returncode}"])[-1]
    return found[:300]
