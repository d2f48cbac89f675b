"""TFLM of 2020 as an Arduino library, made of the sources that the Rust crate ``tfmicro`` carries."""

from __future__ import annotations

import re
from pathlib import Path

from harness.errors import MissingError
from harness.setup import tflm_sources
from harness.tflm import sources
from harness.tflm.made import LIBRARY, PROPERTIES, keep_library, library_files


def crate_folder() -> Path:
    """Return the folder that the crate is unpacked in, whether or not it is there."""
    return tflm_sources.home()


def make_library(crate: Path, into: Path) -> Path:
    """Make the library from the unpacked crate ``crate``, in a folder of ``into`` named after its content, return it.

    Raises ``MissingError`` where the crate is not there or is not whole.
    """
    return keep_library(files(crate), into)


def files(crate: Path) -> dict[str, bytes]:
    """Return the library's files, relative path → content; raises ``MissingError`` as ``make_library`` does."""
    found = sources.find(crate / "submodules/tensorflow")
    version = _tensorflow_version(_text(found.base / sources.VERSION_HEADER))
    properties = PROPERTIES.format(
        name=LIBRARY,
        version=version,
        sentence=f"TensorFlow Lite for Microcontrollers as of TensorFlow {version}, with its reference kernels.",
        origin=f"the sources in the Rust crate {_crate_version(_text(crate / 'Cargo.toml'))}",
    )
    return library_files(found, properties=properties, licence=_there(crate / "LICENSE-APACHE"))


def _text(path: Path) -> str:
    return _there(path).read_text(encoding="utf-8")


def _there(path: Path) -> Path:
    if not path.is_file():
        msg = f"the TFLM sources are not whole: there is no {path}; `mcuprof setup` gets them anew"
        raise MissingError(msg)
    return path


def _tensorflow_version(text: str) -> str:
    parts = dict(re.findall(r"#define TF_(MAJOR|MINOR|PATCH)_VERSION (\d+)", text))
    return ".".join(parts.get(part, "0") for part in ("MAJOR", "MINOR", "PATCH"))


def _crate_version(text: str) -> str:
    found = dict(re.findall(r'^(name|version) = "([^"]+)"', text, re.MULTILINE)[:2])
    return f"{found.get('name', 'tfmicro')} {found.get('version', '')}".strip()
