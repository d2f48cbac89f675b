"""Make an Arduino library out of the sources of TFLM.

The library has the same content wherever and whenever it is made. To be quick to build, its sources are grouped
into a few translation units; the linker drops what a sketch does not use, function by function.
"""

from __future__ import annotations

import posixpath
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from harness.cache import touch
from harness.tflm import grouping, headers, includes, strings
from harness.tflm.library import content_digest, digest_of_files
from harness.tflm.sources import Sources

LIBRARY = "mcuprof_tflm"

_STRUCTURES = ("tensorflow/lite/c/common.h", "tensorflow/lite/core/c/common.h")
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
_CMSIS_NN_CONFIG = """\
#ifndef CMSIS_NN
#define CMSIS_NN 1
#endif
#ifndef KERNELS_OPTIMIZED_FOR_SPEED
#define KERNELS_OPTIMIZED_FOR_SPEED 1
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
_DEBUG_LOG_HEADER = "tensorflow/lite/micro/debug_log.h"
_DEBUG_LOG = f"""\
// Where the library's text goes. A sketch that wants it elsewhere defines the function itself.
#include "{_CONFIG_HEADER}"

#include <Arduino.h>

#include "{_DEBUG_LOG_HEADER}"

"""
_LOG_TEXT = 'extern "C" __attribute__((weak)) void DebugLog(const char *text) { Serial.print(text); }\n'
_LOG_FORMAT = """\
#include <stdio.h>

extern "C" __attribute__((weak)) void DebugLog(const char *format, va_list arguments) {
  char line[160];
  vsnprintf(line, sizeof line, format, arguments);
  Serial.print(line);
}
"""
_LOG_SNPRINTF = """
extern "C" int DebugVsnprintf(char *buffer, size_t size, const char *format, va_list arguments) {
  return vsnprintf(buffer, size, format, arguments);
}
"""
PROPERTIES = """\
name={name}
version={version}
author=The TensorFlow Authors
maintainer=mcuprof
sentence={sentence}
paragraph=Made by mcuprof from {origin}. Apache License 2.0, see LICENSE.
category=Data Processing
url=https://www.tensorflow.org/lite/microcontrollers
architectures=*
includes={name}.h
"""


def library_files(sources: Sources, *, properties: str, licence: Path | None) -> dict[str, bytes]:
    """Return the library's files, relative path → content."""
    places = {path: _name_in_library(sources, path) for path in sources.closure.files}
    files = {f"src/{name}": _content(sources, path, places) for path, name in sorted(places.items())}
    files |= _units(sources, places, files)
    files |= {
        f"src/{_CONFIG_HEADER}": (_CONFIG + (_CMSIS_NN_CONFIG if sources.cmsis_nn else "")).encode(),
        f"src/{LIBRARY}.h": _ROOT_HEADER.encode(),
        f"src/{LIBRARY}_debug_log.cpp": _debug_log(files).encode(),
        "library.properties": properties.encode(),
    }
    return files | ({"LICENSE": licence.read_bytes()} if licence else {})


def built_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return those files of a library that its digest is of."""
    return {name: content for name, content in files.items() if name != "LICENSE"}


def keep_library(files: Mapping[str, bytes], into: Path) -> Path:
    """Write a library's files, as ``write_library`` does, in a folder of ``into`` that is named after them."""
    folder = into / digest_of_files(built_files(files))[:12]
    library = write_library(files, folder)
    touch(folder)
    return library


def write_library(files: Mapping[str, bytes], into: Path) -> Path:
    """Write a library's files into a folder in the folder ``into`` and return that.

    A library that is there with the same content is left alone, so that what was built from it stays valid; any
    other one is replaced in one step.
    """
    target = into / LIBRARY
    if target.is_dir() and content_digest(target) == digest_of_files(built_files(files)):
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
    try:
        made.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        if content_digest(target) != content_digest(made):  # otherwise another process has made it meanwhile
            target.rename(aside)
            made.rename(target)


def _name_in_library(sources: Sources, path: Path) -> str:
    name = sources.name(path)
    # The Arduino tools compile every source below src/; these are compiled as part of a unit instead.
    return f"{name}.inc" if path.suffix in {".cc", ".cpp", ".c"} else name


def _content(sources: Sources, path: Path, places: Mapping[Path, str]) -> bytes:
    """Return a file of the tree as it is in the library, where only ``src`` is searched for headers."""
    name = places[path]
    text = path.read_bytes().decode("latin-1")  # every byte is a character of it
    text = includes.renamed(text, partial(_new_name, sources, path, places))
    prefix = _PREFIX.format(config=_CONFIG_HEADER, name=name.removesuffix(".inc"))
    # For Arduino, flatbuffers asks for a header that only one old library for AVR has.
    return prefix.encode() + text.replace("#include <utility.h>", "#include <utility>").encode("latin-1")


def _new_name(sources: Sources, path: Path, places: Mapping[Path, str], name: str) -> str | None:
    included = sources.closure.headers[path][name]
    if included is None:
        return None
    place = places[included]
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(places[path]), name))
    return None if place in (name, beside) else place


def _debug_log(files: Mapping[str, bytes]) -> str:
    header = files.get(f"src/{_DEBUG_LOG_HEADER}", b"").decode(errors="replace")
    if headers.debug_log(header) is headers.DebugLog.TEXT:
        return _DEBUG_LOG + _LOG_TEXT
    return _DEBUG_LOG + _LOG_FORMAT + (_LOG_SNPRINTF if "DebugVsnprintf" in header else "")


def _units(sources: Sources, places: Mapping[Path, str], files: Mapping[str, bytes]) -> dict[str, bytes]:
    texts = {path: files[f"src/{name}"].decode(errors="replace") for path, name in places.items()}
    names = grouping.Names(texts, sources.closure.included)

    def grouped(paths: Iterable[Path]) -> list[list[str]]:
        return [[places[path] for path in group] for group in names.groups(paths)]

    macros = [files[name].decode(errors="replace") for at in _STRUCTURES if (name := f"src/{at}") in files]
    units = _numbered("runtime", ".cpp", grouped(path for path in sources.runtime if path.suffix != ".c"))
    units |= _numbered("c", ".c", grouped(path for path in sources.runtime if path.suffix == ".c"))
    units |= _numbered("cmsis_nn", ".c", grouped(sources.cmsis_nn))
    for index, group in enumerate(grouped(sources.kernels)):
        own = (files[f"src/{name}"].decode(errors="replace") for name in group)
        units[f"kernels_{index}.cpp"] = _unit(group, strings.pins([*macros, *own], f"{LIBRARY}_{index}"))
    return {f"src/{LIBRARY}_{name}": content for name, content in units.items()}


def _numbered(name: str, suffix: str, groups: Iterable[Iterable[str]]) -> dict[str, bytes]:
    return {f"{name}{f'_{index}' if index else ''}{suffix}": _unit(group) for index, group in enumerate(groups)}


def _unit(names: Iterable[str], first: str = "") -> bytes:
    lines = [f'#include "{_CONFIG_HEADER}"', first, *(f'#include "{name}"' for name in names)]
    return ("\n".join(lines) + "\n").encode()
