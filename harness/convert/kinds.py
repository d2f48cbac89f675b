"""Which files are models of other frameworks, and what is needed to convert them."""

from __future__ import annotations

import importlib.util
import zipfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from harness.errors import MissingError, UsageError

_MOST_BYTES = 1 << 29
_BOMB_RATIO = 300
_KERAS = "save it in Keras' present format: model.save('NAME.keras')"
_EXPORT = (
    "it may hold any Python object; export the network: "
    "torch.export.save(torch.export.export(model, inputs), 'NAME.pt2')"
)
_HINTS = {
    ".h5": _KERAS,
    ".hdf5": _KERAS,
    ".pb": "name the folder of the SavedModel, with saved_model.pb and variables in it",
    ".pt": _EXPORT,
    ".pth": _EXPORT,
}


@dataclass(frozen=True, kw_only=True)
class Importer:
    """What converts models of a kind."""

    title: str
    extra: str
    """The extra of mcuprof that brings its packages."""
    packages: tuple[tuple[str, str], ...]
    """Module and distribution of each; the first ones name the converter."""


class Kind(Enum):
    """A kind of model file; the value names the module ``harness.convert.from_VALUE``."""

    KERAS = "keras"
    SAVED_MODEL = "saved_model"
    ONNX = "onnx"
    TORCH = "torch"

    @property
    def importer(self) -> Importer:
        """What converts it."""
        return _IMPORTERS[self]


_LITERT = ("ai_edge_litert", "ai-edge-litert")
_TENSORFLOW = (("tensorflow", "tensorflow"), ("keras", "keras"), _LITERT)
_ONNX2TF = (
    ("onnx2tf", "onnx2tf"),
    ("tensorflow", "tensorflow"),
    ("tf_keras", "tf-keras"),
    ("onnx", "onnx"),
    ("onnxruntime", "onnxruntime"),
    ("onnx_graphsurgeon", "onnx-graphsurgeon"),
    ("sng4onnx", "sng4onnx"),
    ("psutil", "psutil"),
    _LITERT,
)
_TORCH = (("torch", "torch"), *_ONNX2TF, ("onnxscript", "onnxscript"))
_IMPORTERS = {
    Kind.KERAS: Importer(title="a Keras model", extra="keras", packages=_TENSORFLOW),
    Kind.SAVED_MODEL: Importer(title="a SavedModel", extra="keras", packages=_TENSORFLOW),
    Kind.ONNX: Importer(title="an ONNX model", extra="onnx", packages=_ONNX2TF),
    Kind.TORCH: Importer(title="a program exported from PyTorch", extra="torch", packages=_TORCH),
}
_SUFFIXES = {".keras": Kind.KERAS, ".onnx": Kind.ONNX, ".pt2": Kind.TORCH}


def of(path: Path) -> Kind | None:
    """Return the kind of a model file or folder by its name, None for what is no model of another framework.

    Raises ``UsageError`` for formats that cannot be converted, with what to do.
    """
    if path.is_dir():
        return Kind.SAVED_MODEL if (path / "saved_model.pb").is_file() else None
    suffix = path.suffix.lower()
    if suffix in _HINTS and path.is_file():
        msg = f"{path} cannot be converted: {_HINTS[suffix]}"
        raise UsageError(msg)
    return _SUFFIXES.get(suffix)


def require_packages(path: Path, kind: Kind) -> None:
    """Raise ``MissingError`` where a package is not installed that converts models of ``kind``."""
    importer = kind.importer
    missing = [name for module, name in importer.packages if importlib.util.find_spec(module) is None]
    if missing:
        have = "have" if len(missing) > 1 else "has"
        msg = (
            f"{path} is {importer.title}, and to convert it {', '.join(missing)} {have} to be installed: "
            f"pip install 'mcuprof[{importer.extra}]'"
        )
        raise MissingError(msg)


def files(path: Path) -> tuple[Path, ...]:
    """Return the files of a model, in a fixed order."""
    if path.is_dir():
        return tuple(sorted(file for file in path.rglob("*") if file.is_file()))
    # The weights of a large ONNX model lie in a file of their own beside it.
    beside = (path.with_name(path.name + ".data"),) if path.suffix.lower() == ".onnx" else ()
    return (path, *(file for file in beside if file.is_file()))


def require_sound(path: Path, kind: Kind) -> None:
    """Raise ``UsageError`` where a model is larger than any that is meant for a microcontroller, or a zip bomb."""
    size = sum(file.stat().st_size for file in files(path))
    if size > _MOST_BYTES:
        msg = f"{path} has {size:,} bytes: too many for a model that is meant for a microcontroller"
        raise UsageError(msg)
    if not size:
        msg = f"{path} is empty"
        raise UsageError(msg)
    if kind not in (Kind.KERAS, Kind.TORCH):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        msg = f"{path} is damaged, or no {path.suffix} file: {error}"
        raise UsageError(msg) from error
    if unpacked > _MOST_BYTES or unpacked > max(1 << 26, _BOMB_RATIO * size):
        msg = f"{path} has {size:,} bytes and would unpack to {unpacked:,}: it is no sound model"
        raise UsageError(msg)
