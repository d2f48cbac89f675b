"""Make an Arduino library out of the TFLM sources that the Rust crate ``tfmicro`` carries.

The library has the same content wherever and whenever it is made. To be quick to build, its sources are grouped
into a few translation units; the linker drops what a sketch does not use, function by function.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from harness.errors import MissingError
from harness.setup import tflm_sources
from harness.tflm import includes, strings
from harness.tflm.library import content_digest, digest_of_files

LIBRARY = "mcuprof_tflm"

_LITE = "tensorflow/lite"
_DOWNLOADS = "tensorflow/lite/micro/tools/make/downloads"
_ROOTS = (f"{_DOWNLOADS}/gemmlowp", f"{_DOWNLOADS}/flatbuffers/include", f"{_DOWNLOADS}/ruy", ".")
_SOURCES = (
    "core/api/*.cc",
    "kernels/internal/quantization_util.cc",
    "kernels/kernel_util.cc",
    "micro/*.cc",
    "micro/memory_planner/*.cc",
    "micro/kernels/*.cc",
)
# Clocks, logs and tests of the computer that TFLM is developed on, and the resolver that links every kernel.
_NOT_FOR_BOARDS = {
    "debug_log.cc",
    "micro_time.cc",
    "micro_optional_debug_tools.cc",
    "test_helpers.cc",
    "all_ops_resolver.cc",
}
_C_SOURCES = ("c/common.c",)
_FOR_SKETCHES = (
    "micro/micro_interpreter.h",
    "micro/micro_mutable_op_resolver.h",
    "micro/micro_error_reporter.h",
    "micro/debug_log.h",
    "micro/kernels/micro_ops.h",
    "schema/schema_generated.h",
    "version.h",
)
_TF_VERSION = "tensorflow/core/public/version.h"

_SHARED_NAMESPACES = {"tflite", "ops", "micro"}
_NAMESPACE = re.compile(r"^\s*namespace\s+(\w+)\s*\{", re.MULTILINE)

_CONFIG_HEADER = f"{LIBRARY}_config.h"
_CONFIG = """\
// One configuration for the library and every sketch that uses it: its structures depend on it.
#pragma once

#ifndef NDEBUG
#define NDEBUG 1
#endif
#ifndef TF_LITE_STATIC_MEMORY
#define TF_LITE_STATIC_MEMORY 1
#endif
#ifndef TF_LITE_MCU_DEBUG_LOG
#define TF_LITE_MCU_DEBUG_LOG 1
#endif
"""
# By the #line, error messages in the program do not depend on where the library lies.
_PREFIX = """\
// This line and the next three were added by mcuprof.
#pragma GCC system_header
#include "{config}"
#line 1 "{name}"
"""
_ROOT_HEADER = f"""\
// Include this header first: it makes the Arduino tools add the library.
#pragma once

#include "{_CONFIG_HEADER}"
"""
_DEBUG_LOG = """\
// Where the library's text goes. A sketch that wants it elsewhere defines the function itself.
#include "mcuprof_tflm_config.h"

#include <Arduino.h>

#include "tensorflow/lite/micro/debug_log.h"

extern "C" __attribute__((weak)) void DebugLog(const char *text) { Serial.print(text); }
"""
_PROPERTIES = """\
name={name}
version={version}
author=The TensorFlow Authors
maintainer=mcuprof
sentence=TensorFlow Lite for Microcontrollers as of TensorFlow {version}, with its reference kernels.
paragraph=Made by mcuprof from the sources in the Rust crate {crate}. Apache License 2.0, see LICENSE.
category=Data Processing
url=https://www.tensorflow.org/lite/microcontrollers
architectures=*
includes={name}.h
"""


def crate_folder() -> Path:
    """Return the folder that the crate is unpacked in, whether or not it is there."""
    return tflm_sources.home()


def make_library(crate: Path, into: Path) -> Path:
    """Make the library in the folder ``into`` from the unpacked crate ``crate`` and return its folder.

    A library that is there with the same content is left alone, so that what was built from it stays valid; any
    other one is replaced in one step. Raises ``MissingError`` where the crate is not there or is not whole.
    """
    files = library_files(crate)
    target = into / LIBRARY
    built = {name: content for name, content in files.items() if name != "LICENSE"}
    if target.is_dir() and content_digest(target) == digest_of_files(built):
        return target
    into.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{LIBRARY}-", dir=into))
    try:
        made = work / LIBRARY
        for name, content in files.items():
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        _put_in_place(made, target, aside=work / "replaced")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _put_in_place(made: Path, target: Path, *, aside: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        target.rename(aside)
    try:
        made.rename(target)
    except OSError:
        if not target.is_dir():  # otherwise another process has made the same library meanwhile
            raise


def library_files(crate: Path) -> dict[str, bytes]:
    """Return the library's files, relative path → content; raises ``MissingError`` as ``make_library`` does."""
    base = crate / "submodules/tensorflow"
    sources = _sources(base)
    roots = [base / root for root in _ROOTS]
    public = [_there(base / _LITE / name) for name in _FOR_SKETCHES]
    needed = includes.closure([*sources, *public, _there(base / _TF_VERSION)], roots)
    files = {}
    for path in sorted(needed):
        name = _name_in_library(path, roots)
        files[f"src/{name}"] = _with_prefix(name, path.read_bytes())
    files |= _units([_name_in_library(path, roots) for path in sources], files)
    version = _tensorflow_version((base / _TF_VERSION).read_text(encoding="utf-8"))
    properties = _PROPERTIES.format(name=LIBRARY, version=version, crate=_crate_version(crate))
    files |= {
        f"src/{_CONFIG_HEADER}": _CONFIG.encode(),
        f"src/{LIBRARY}.h": _ROOT_HEADER.encode(),
        f"src/{LIBRARY}_debug_log.cpp": _DEBUG_LOG.encode(),
        "library.properties": properties.encode(),
        "LICENSE": _there(crate / "LICENSE-APACHE").read_bytes(),
    }
    return files


def _there(path: Path) -> Path:
    if not path.is_file():
        msg = (
            f"the TFLM sources are not whole: there is no {path}; `mcuprof setup` gets them anew, or name a TFLM "
            "Arduino library with --tflm-library"
        )
        raise MissingError(msg)
    return path


def _sources(base: Path) -> list[Path]:
    found = [
        path
        for pattern in _SOURCES
        for path in sorted((base / _LITE).glob(pattern))
        if path.name not in _NOT_FOR_BOARDS and not path.name.endswith("_test.cc")
    ]
    _there(base / _LITE / "micro/micro_interpreter.cc")
    return [*found, *(_there(base / _LITE / name) for name in _C_SOURCES)]


def _name_in_library(path: Path, roots: Sequence[Path]) -> str:
    root = next(root for root in roots if path.is_relative_to(root))
    name = path.relative_to(root).as_posix()
    # The Arduino tools compile every source below src/; these are compiled as part of a unit instead.
    return f"{name}.inc" if path.suffix in {".cc", ".c"} else name


def _with_prefix(name: str, content: bytes) -> bytes:
    prefix = _PREFIX.format(config=_CONFIG_HEADER, name=name.removesuffix(".inc"))
    # For Arduino, flatbuffers asks for a header that only one old library for AVR has.
    return prefix.encode() + content.replace(b"#include <utility.h>", b"#include <utility>")


def _units(names: Iterable[str], files: Mapping[str, bytes]) -> dict[str, bytes]:
    runtime: list[str] = []
    kernels: list[str] = []
    c_sources: list[str] = []
    for name in names:
        if name.endswith(".c.inc"):
            c_sources.append(name)
        else:
            (kernels if "micro/kernels" in name else runtime).append(name)
    texts = {name: files[f"src/{name}"].decode(errors="replace") for name in kernels}
    macros = files[f"src/{_LITE}/c/common.h"].decode(errors="replace")
    units = {"runtime.cpp": _unit(runtime), "c.c": _unit(c_sources)}
    for index, group in enumerate(group_kernels(texts)):
        pinned = strings.pins([macros, *(texts[name] for name in group)], f"{LIBRARY}_{index}")
        units[f"kernels_{index}.cpp"] = _unit(group, pinned)
    return {f"src/{LIBRARY}_{name}": content for name, content in units.items()}


def _unit(names: Iterable[str], first: str = "") -> bytes:
    lines = [f'#include "{_CONFIG_HEADER}"', first, *(f'#include "{name}"' for name in names)]
    return ("\n".join(lines) + "\n").encode()


def group_kernels(texts: Mapping[str, str]) -> list[list[str]]:
    """Group kernel sources (name → text) so that those of one group can be compiled as one.

    Each kernel has its own names in a namespace of its own; kernels that share one go to different groups.
    """
    groups: list[tuple[list[str], set[str]]] = []
    for name in sorted(texts, key=PurePosixPath):
        own = set(_NAMESPACE.findall(texts[name])) - _SHARED_NAMESPACES
        for members, taken in groups:
            if not own & taken:
                members.append(name)
                taken.update(own)
                break
        else:
            groups.append(([name], set(own)))
    return [members for members, _ in groups]


def _tensorflow_version(text: str) -> str:
    parts = dict(re.findall(r"#define TF_(MAJOR|MINOR|PATCH)_VERSION (\d+)", text))
    return ".".join(parts.get(part, "0") for part in ("MAJOR", "MINOR", "PATCH"))


def _crate_version(crate: Path) -> str:
    text = _there(crate / "Cargo.toml").read_text(encoding="utf-8")
    found = dict(re.findall(r'^(name|version) = "([^"]+)"', text, re.MULTILINE)[:2])
    return f"{found.get('name', 'tfmicro')} {found.get('version', '')}".strip()
