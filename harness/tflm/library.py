"""A TFLM C++ library in the form of an Arduino library: where it is, what it can do, how a sketch uses it.

Everything is read from the library's own files, so any library that carries TFLM will do.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness import paths
from harness.errors import MissingError, UnsupportedError, UsageError
from harness.models import OperatorUse
from harness.tflm import headers

_MICRO = "tensorflow/lite/micro"
_MARK = f"{_MICRO}/micro_interpreter.h"
_HEADERS = {".h", ".hpp", ".hh"}
SOURCES = {".c", ".cc", ".cpp", ".cxx", ".S"}
# Folders beside the sources of a library without src/ that are no part of what is built.
_NOT_BUILT = {"examples", "extras", "tests", "test", "docs", "scripts"}
_KERNELS = {"cmsis_nn": "CMSIS-NN", "cmsis-nn": "CMSIS-NN", "esp_nn": "ESP-NN"}


@dataclass(frozen=True, kw_only=True)
class TflmLibrary:
    """A TFLM library and the facts that a sketch for it depends on."""

    path: Path
    name: str
    version: str
    kernels: str
    """Which kernels it has and of which year, such as ``reference kernels, 2020``."""
    digest: str
    """SHA-256 of all that is built from it."""
    include: str
    """The header that makes arduino-cli add the library to a sketch."""
    operators: headers.Operators
    error_reporter: bool
    """Whether ``MicroInterpreter`` takes an ``ErrorReporter``; otherwise its text comes by ``DebugLog`` alone."""
    debug_log: headers.DebugLog
    weak_debug_log: bool
    """Whether a sketch may define ``DebugLog`` without a clash."""
    micro_string: bool
    """Whether it has ``MicroVsnprintf``, which is smaller than the C library's ``vsnprintf``."""

    def __str__(self) -> str:
        return f"TFLM {self.version} ({self.name}, {self.kernels})"

    def registration(self, use: OperatorUse) -> str:
        """Return the C++ call, on a resolver, that registers an operator.

        Raises ``UnsupportedError`` where the library has no kernel for it. The version is not judged: kernels
        check what they are given, and no version of a library says reliably which versions it knows.
        """
        custom = use.custom is not None
        known = self.operators.custom if custom else self.operators.builtin
        name = use.custom or use.name
        if name not in known:
            what = f"the custom operator {name}" if custom else name
            msg = f"{self} has no kernel for {what} (version {use.version})"
            raise UnsupportedError(msg)
        if self.operators.resolver is headers.Resolver.METHODS:
            return f"{known[name]}()"
        versions = f"{use.version}, {use.version}"
        if custom:
            return f'AddCustom("{name}", {known[name]}(), {versions})'
        return f"AddBuiltin(tflite::BuiltinOperator_{name}, {known[name]}(), {versions})"


def find_library(folders: Iterable[Path]) -> Path | None:
    """Return the first TFLM library in ``folders``, which hold Arduino libraries and need not exist, or None."""
    for folder in folders:
        candidates = sorted(folder.iterdir()) if folder.is_dir() else []
        for candidate in candidates:
            if not candidate.name.startswith(".") and _source_root(candidate) is not None:
                return candidate
    return None


def installed() -> Path | None:
    """Return the library that set-up put into mcuprof's own sketchbook, or None where there is none."""
    # What is built must not change under way, so the path does not lead through the link to what was installed last.
    return find_library([(paths.sketchbook() / "libraries").resolve()])


def describe(path: Path) -> TflmLibrary:
    """Read the library at ``path``; raises ``MissingError`` or ``UsageError`` where it is no usable TFLM library."""
    if not path.is_dir():
        msg = f"there is no TFLM library at {path}: no such folder"
        raise MissingError(msg)
    root = _source_root(path)
    if root is None:
        msg = (
            f"{path} is no TFLM library: neither src/{_MARK} nor {_MARK} is in it; give the folder of an Arduino "
            "library with TensorFlow Lite for Microcontrollers, or the one that its sources' tensorflow/ is in"
        )
        raise UsageError(msg)
    micro = root / _MICRO
    operators = headers.operators(
        resolver_header=_text(micro / "micro_mutable_op_resolver.h"),
        registrations_header=_text(micro / "kernels/micro_ops.h"),
        schema_header=_text(root / "tensorflow/lite/schema/schema_generated.h"),
        signal=any((root / "signal/micro/kernels").glob("*.c*")),
    )
    if operators is None:
        msg = (
            f"{path} is no TFLM library that mcuprof can use: neither methods such as AddConv2D() in "
            f"{_MICRO}/micro_mutable_op_resolver.h nor AddBuiltin() with {_MICRO}/kernels/micro_ops.h"
        )
        raise UsageError(msg)
    properties = _properties(_text(path / "library.properties"))
    return TflmLibrary(
        path=path,
        name=properties.get("name") or path.name,
        version=properties.get("version") or "of unknown version",
        kernels=_kernels(micro),
        digest=content_digest(path),
        include=_include(path, root, properties),
        operators=operators,
        error_reporter=headers.takes_error_reporter(_text(root / _MARK)),
        debug_log=headers.debug_log(_text(micro / "debug_log.h")),
        weak_debug_log=any(headers.defines_weak_debug_log(_text(source)) for source in _log_sources(root)),
        micro_string="MicroVsnprintf" in _text(micro / "micro_string.h"),
    )


def content_digest(path: Path) -> str:
    """Return the SHA-256 of the relative paths and bytes of all files that are built from the library ``path``."""
    return digest_of_files({file.relative_to(path).as_posix(): file.read_bytes() for file in _built_files(path)})


def digest_of_files(files: Mapping[str, bytes]) -> str:
    """Return ``content_digest`` of a library with these files, relative path → content."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode())
        digest.update(files[name])
    return digest.hexdigest()


def _built_files(path: Path) -> Iterator[Path]:
    properties = path / "library.properties"
    if properties.is_file():
        yield properties
    if (path / "src").is_dir():
        yield from (file for file in (path / "src").rglob("*") if file.is_file())
        return
    for file in path.rglob("*"):
        if file.suffix in _HEADERS | SOURCES and file.relative_to(path).parts[0] not in _NOT_BUILT:
            yield file


def _source_root(path: Path) -> Path | None:
    return next((root for root in (path / "src", path) if (root / _MARK).is_file()), None)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _properties(text: str) -> dict[str, str]:
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {key.strip(): value.strip() for key, sign, value in lines if sign}


def _include(path: Path, root: Path, properties: dict[str, str]) -> str:
    named = [name.strip() for name in properties.get("includes", "").split(",") if name.strip()]
    at_root = sorted(file.name for file in root.iterdir() if file.suffix in _HEADERS)
    for name in (*named, f"{path.name}.h", *at_root):
        if name in at_root:
            return name
    msg = f"{path} cannot be used as an Arduino library: there is no header in {root} that a sketch could include"
    raise UsageError(msg)


def _kernels(micro: Path) -> str:
    folders = [name for name in _KERNELS if any((micro / "kernels" / name).glob("*.c*"))]
    made = _KERNELS[folders[0]] if folders else "reference kernels"
    years = [int(year) for header in micro.glob("*.h") for year in re.findall(r"Copyright (20\d\d)", _text(header))]
    return f"{made}, {max(years)}" if years else made


def _log_sources(root: Path) -> Iterator[Path]:
    folders = (root, root / _MICRO)
    return (file for folder in folders for file in sorted(folder.iterdir()) if file.suffix in SOURCES)
