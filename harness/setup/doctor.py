"""What ``mcuprof doctor`` shows: every outside tool, whether it is there, and how to get it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import McuprofError, MissingError
from harness.setup import arduino_cli, tflm_sources, tools
from harness.tflm.library import describe, installed

_CC = "gcc libc6-dev"
_CORTEX_M4 = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One outside tool or library."""

    name: str
    found: bool
    version: str
    """The version, or the place where the version is not known; empty where nothing was found."""
    needed_for: str
    remedy: str
    """What to do where it is missing, in one sentence; empty where it was found."""


def checks(*, for_virtual_boards: bool = True) -> list[Check]:
    """Look for what mcuprof needs beside Python packages and the cores of boards; takes a fraction of a second."""
    virtual = _for_virtual_boards() if for_virtual_boards else []
    library = installed()
    return [_arduino_cli(), *virtual, _tflm_library(library) if library else _tflm_sources()]


def _for_virtual_boards() -> list[Check]:
    return [
        _program(
            "arduino-ctags",
            ["--version"],
            needed_for="building sketches for the virtual boards",
            debian="arduino-ctags",
            homebrew=None,
        ),
        _program(
            "arm-none-eabi-gcc",
            ["-dumpfullversion"],
            needed_for="building for the virtual boards",
            debian="gcc-arm-none-eabi",
            homebrew="--cask gcc-arm-embedded",
        ),
        _library("newlib", "arm-none-eabi-gcc", "libc.a", debian="libnewlib-arm-none-eabi"),
        _library("libstdc++", "arm-none-eabi-g++", "libstdc++.a", debian="libstdc++-arm-none-eabi-newlib"),
        _program(
            "qemu-system-arm",
            ["--version"],
            needed_for="running the virtual boards",
            debian="qemu-system-arm",
            homebrew="qemu",
        ),
        _host_compiler(),
    ]


def _arduino_cli() -> Check:
    needed_for = "building and uploading sketches"
    try:
        cli = arduino_cli.find_arduino_cli()
    except MissingError as error:
        return Check(name="arduino-cli", found=False, version="", needed_for=needed_for, remedy=error.message)
    version = f"{cli.version} ({cli.path})"
    return Check(name="arduino-cli", found=True, version=version, needed_for=needed_for, remedy="")


def _tflm_library(path: Path) -> Check:
    needed_for = "tflm, where no other library is given"
    try:
        version = f"{describe(path)} ({path})"
    except McuprofError as error:
        remedy = f"{error.message}; `mcuprof setup --tflm` installs another one"
        return Check(name="TFLM library", found=False, version="", needed_for=needed_for, remedy=remedy)
    return Check(name="TFLM library", found=True, version=version, needed_for=needed_for, remedy="")


def _tflm_sources() -> Check:
    needed_for = "tflm, where no library is given"
    try:
        tflm_sources.find_tflm_sources()
    except MissingError as error:
        return Check(name="TFLM sources", found=False, version="", needed_for=needed_for, remedy=error.message)
    version = f"{tflm_sources.CRATE} {tflm_sources.VERSION} ({tflm_sources.home()})"
    return Check(name="TFLM sources", found=True, version=version, needed_for=needed_for, remedy="")


def _program(name: str, arguments: Sequence[str], *, needed_for: str, debian: str, homebrew: str | None) -> Check:
    path, answer = _first_answer(name, arguments)
    found = path is not None
    version = tools.parse_version(answer)
    return Check(
        name=name,
        found=found,
        version=f"{'.'.join(map(str, version))} ({path})" if found and version else str(path or ""),
        needed_for=needed_for,
        remedy="" if found else _remedy(name, debian=debian, homebrew=homebrew),
    )


def _host_compiler() -> Check:
    """Ask the machine's own C compiler for the headers of its C library, which Debian packages apart."""
    path, _ = _first_answer("cc", ["-fsyntax-only", "-x", "c", "-include", "stdio.h", os.devnull])
    remedy = "`xcode-select --install`" if sys.platform == "darwin" else _remedy("cc", debian=_CC, homebrew=None)
    return Check(
        name="cc",
        found=path is not None,
        version=str(path or ""),
        needed_for="counting cycles on the virtual boards with a Cortex-M",
        remedy="" if path else remedy,
    )


def _library(name: str, compiler: str, file: str, *, debian: str) -> Check:
    """Ask the compiler for a library in its Cortex-M4F variant; it answers with the bare name where it has none."""
    _, answer = _first_answer(compiler, [*_CORTEX_M4, f"-print-file-name={file}"])
    path = Path(answer.strip())
    found = path.is_absolute() and path.is_file()
    return Check(
        name=name,
        found=found,
        version=str(path.resolve()) if found else "",
        needed_for="building for the virtual boards",
        remedy="" if found else _remedy(name, debian=debian, homebrew="--cask gcc-arm-embedded"),
    )


def _first_answer(name: str, arguments: Sequence[str]) -> tuple[Path | None, str]:
    """Return the first program ``name`` on PATH that runs, and what it prints; (None, "") where there is none."""
    for path in tools.on_path(name):
        answer = tools.ask([path, *arguments])
        if answer is not None:
            return path, answer
    return None, ""


def _remedy(name: str, *, debian: str, homebrew: str | None) -> str:
    if sys.platform == "darwin" and homebrew is None:
        return (
            f"no formula has {name}: build it from its source and put it on PATH, or link to it the `ctags` "
            f"that the Arduino IDE keeps under ~/Library/Arduino15/packages/builtin/tools/ctags"
        )
    if sys.platform == "darwin":
        return f"`brew install {homebrew}`"
    if shutil.which("apt-get"):
        return f"`apt-get install {debian}` as root, or `./dev setup` in a checkout"
    return f"install {name} with your system's package manager (Debian's package is {debian}) and put it on PATH"
