"""A model file → ``Model``: its tensors, its operators and the test inputs that lie beside it."""

from __future__ import annotations

import difflib
import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import paths
from harness.errors import UsageError
from harness.types import Json

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.generic]

DEFAULT_MODELS = ("keyword_spotting", "person_detection")
_MAX_BYTES = 64 << 20
_BUILTIN_CODE = 10
"""Place of ``OperatorCode.builtin_code`` in the table's list of fields."""
# The names that numpy and the TFLite schema give the element types which a microcontroller's tensors have.
_DTYPES = {
    "FLOAT32": "float32",
    "INT8": "int8",
    "UINT8": "uint8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "BOOL": "bool",
    "FLOAT16": "float16",
    "FLOAT64": "float64",
    "UINT32": "uint32",
    "UINT16": "uint16",
    "UINT64": "uint64",
}


@dataclass(frozen=True, kw_only=True)
class OperatorUse:
    """One operator that a model needs, as often as it occurs."""

    name: str
    """Name in the TFLite schema, such as ``DEPTHWISE_CONV_2D``; ``CUSTOM`` for a custom operator."""
    version: int
    custom: str | None = None
    """Name of a custom operator."""
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """An input or output tensor of a model."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    """numpy's name of the element type."""
    scale: float | None
    zero_point: int | None

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        import numpy as np

        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True, kw_only=True)
class Model:
    """A network file with its input and output tensors."""

    name: str
    path: Path
    data: bytes = field(repr=False)
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operators: tuple[OperatorUse, ...]
    metadata: Mapping[str, Json] = field(default_factory=dict)
    """The JSON of the file's ``mcuprof`` metadata entry, empty where there is none."""

    @property
    def sha256(self) -> str:
        """Digest of the file."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the outputs, where the file's metadata has them."""
        named = self.metadata.get("labels")
        return tuple(map(str, named)) if isinstance(named, list) else ()

    @property
    def is_quantized(self) -> bool:
        """Whether every input and output is an integer tensor, so that outputs can be compared to the byte."""
        return not any(tensor.dtype.startswith("float") for tensor in (*self.inputs, *self.outputs))


def bundled() -> dict[str, Path]:
    """Return the models that come with mcuprof, by name."""
    return {path.stem: path for path in sorted((paths.data_dir() / "models").glob("*.tflite"))}


def load(name_or_path: str) -> Model:
    """Load a bundled model by its name, or any model by its path; what is no .tflite is converted to one.

    Raises ``UsageError`` where there is no such model or the file is not whole and valid, ``MissingError`` where the
    packages that convert it are not installed.
    """
    from harness.convert import conversion, kinds

    known = bundled()
    path = known.get(name_or_path) or paths.expand(name_or_path)
    try:
        kind = kinds.of(path)
        there = path.exists() if kind else path.is_file()
    except OSError:  # a name that is too long, a folder that may not be looked into
        there = False
    if not there:
        near = difflib.get_close_matches(name_or_path, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"bundled models: {', '.join(known)}"
        msg = f"there is no model {name_or_path!r}: not a bundled name and not a file ({hint})"
        raise UsageError(msg)
    if kind is not None:
        return parse(conversion.convert(path, kind).data, path)
    return parse(_read_file(path), path)


def _read_file(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            msg = f"{path} has {path.stat().st_size:,} bytes: more than any microcontroller holds"
            raise UsageError(msg)
        return path.read_bytes()
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise UsageError(msg) from error


def parse(data: bytes, path: Path) -> Model:
    """Read the flatbuffer ``data`` of the file ``path``; raises ``UsageError`` where it is not a valid model."""
    if len(data) < 16 or data[4:8] != b"TFL3":  # noqa: PLR2004 (root offset, identifier and a table at least)
        msg = f"{path} is not a .tflite file: the identifier TFL3 is not at its byte 4"
        raise UsageError(msg)
    try:
        return _read(data, path)
    except UsageError:
        raise
    # The flatbuffers package reads at whatever offset the file names; a bad one shows as one of these.
    except (
        struct.error,
        ValueError,
        IndexError,
        TypeError,
        OverflowError,
        KeyError,
        AttributeError,
        RecursionError,
        MemoryError,
        UnicodeDecodeError,
    ) as error:
        msg = f"{path} is damaged or cut short ({len(data):,} bytes): {error}"
        raise UsageError(msg) from error


@cache
def _enum_names(enum: type) -> dict[int, str]:
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}


def _read(data: bytes, path: Path) -> Model:
    import tflite

    root = tflite.Model.GetRootAsModel(data, 0)
    if root.Version() != 3:  # noqa: PLR2004 (the only version of the schema there is)
        msg = f"{path} has schema version {root.Version()}; only 3 is known"
        raise UsageError(msg)
    if root.SubgraphsLength() != 1:
        msg = f"{path} has {root.SubgraphsLength()} subgraphs; models with exactly one are supported"
        raise UsageError(msg)
    _check_buffers(root)
    graph = root.Subgraphs(0)
    tensors = [_tensor(graph.Tensors(i), root.BuffersLength()) for i in range(graph.TensorsLength())]
    inputs = _interface(graph.InputsAsNumpy(), tensors, path, "inputs")
    outputs = _interface(graph.OutputsAsNumpy(), tensors, path, "outputs")
    operators = _operators(root, graph, len(tensors))
    return Model(
        name=path.stem,
        path=path,
        data=data,
        inputs=inputs,
        outputs=outputs,
        operators=operators,
        metadata=_metadata(root),
    )


def _check_buffers(root: Any) -> None:  # noqa: ANN401 (the schema's classes carry no types)
    for index in range(root.BuffersLength()):
        buffer = root.Buffers(index)
        length = buffer.DataLength()
        if length:
            buffer.Data(length - 1)  # raises where the vector goes past the end of the file


def _interface(indices: Any, tensors: list[Tensor], path: Path, what: str) -> tuple[Tensor, ...]:  # noqa: ANN401
    if isinstance(indices, int) or len(indices) == 0:
        msg = f"{path} has no {what}"
        raise UsageError(msg)
    if min(indices) < 0:
        msg = f"{path}: one of its {what} is tensor {min(indices)}, which is none"
        raise UsageError(msg)
    chosen = tuple(tensors[int(index)] for index in indices)
    for tensor in chosen:
        if any(size < 1 for size in tensor.shape):
            msg = f"{path}: tensor {tensor.name!r} has the shape {list(tensor.shape)}, which is not fixed"
            raise UsageError(msg)
    return chosen


def element_type(number: int) -> str:
    """Return numpy's name for a number of the schema's ``TensorType``, ``void`` for a type that numpy has not."""
    import tflite

    return _DTYPES.get(_enum_names(tflite.TensorType)[number], "void")


def _tensor(tensor: Any, buffers: int) -> Tensor:  # noqa: ANN401
    if tensor.Buffer() >= buffers:
        msg = f"a tensor names buffer {tensor.Buffer()} of {buffers}"
        raise ValueError(msg)
    quantization = tensor.Quantization()
    per_tensor = quantization is not None and quantization.ScaleLength() == 1
    return Tensor(
        name=(tensor.Name() or b"").decode(),
        shape=tuple(int(tensor.Shape(i)) for i in range(tensor.ShapeLength())),
        dtype=element_type(tensor.Type()),
        scale=float(quantization.Scale(0)) if per_tensor else None,
        zero_point=int(quantization.ZeroPoint(0)) if per_tensor and quantization.ZeroPointLength() else None,
    )


def _operators(root: Any, graph: Any, tensors: int) -> tuple[OperatorUse, ...]:  # noqa: ANN401
    import tflite

    names = _enum_names(tflite.BuiltinOperator)
    counts: dict[tuple[str, int, str | None], int] = {}
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        if not 0 <= operator.OpcodeIndex() < root.OperatorCodesLength():
            msg = f"operator {index} names operator code {operator.OpcodeIndex()}, which is not there"
            raise ValueError(msg)
        for ends in (operator.InputsAsNumpy(), operator.OutputsAsNumpy()):
            if not isinstance(ends, int) and any(not -1 <= int(end) < tensors for end in ends):
                msg = f"operator {index} names a tensor that is not there"
                raise ValueError(msg)
        code = root.OperatorCodes(operator.OpcodeIndex())
        number = builtin_code(code)
        custom = code.CustomCode()
        key = (names.get(number, f"BUILTIN_{number}"), int(code.Version()), custom.decode() if custom else None)
        counts[key] = counts.get(key, 0) + 1
    return tuple(
        OperatorUse(name=name, version=version, custom=custom, count=count)
        for (name, version, custom), count in counts.items()
    )


def builtin_code(code: Any) -> int:  # noqa: ANN401
    """Return an operator code's number: the larger one of the schema's two fields, as TFLite has it.

    The package's own ``BuiltinCode`` takes the deprecated one for all operators that it can name, and there are
    converters that leave it at 0.
    """
    from flatbuffers.number_types import Int32Flags

    offset = code._tab.Offset(_BUILTIN_CODE)
    number = int(code._tab.Get(Int32Flags, offset + code._tab.Pos)) if offset else 0
    return max(number, int(code.DeprecatedBuiltinCode()))


def _metadata(root: Any) -> dict[str, Json]:  # noqa: ANN401
    for index in range(root.MetadataLength()):
        entry = root.Metadata(index)
        if entry.Name() == b"mcuprof":
            content = json.loads(bytes(root.Buffers(entry.Buffer()).DataAsNumpy()))
            return content if isinstance(content, dict) else {}
    return {}


def sample_inputs(model: Model, count: int, data: Path | None = None) -> tuple[list[list[Array]], str]:
    """Return up to ``count`` inputs for ``model`` (a list of arrays, one an input tensor) and where they come from.

    They are taken evenly from the data set ``data``, by default the .npz beside the model with its name; where there
    is none, the first input is all zeros and the others are drawn from a seeded generator.
    """
    path = data or model.path.with_suffix(".npz")
    if data is not None or (len(model.inputs) == 1 and path.is_file()):
        return _stored_inputs(model, count, path)
    return _generated_inputs(model, count), "seeded random numbers"


def _stored_inputs(model: Model, count: int, path: Path) -> tuple[list[list[Array]], str]:
    """Return ``count`` inputs of a data set, taken evenly, and what it is."""
    from harness import datasets
    from harness.datasets.values import to_input

    wanted = datasets.wanted_by(model)
    found = datasets.open_dataset(path, wanted)
    least = min(count, found.count)
    # As numpy's linspace has them: the first and the last are among them.
    picked = [round(i * (found.count - 1) / max(least - 1, 1)) for i in range(least)]
    inputs = [[to_input(sample[0], found.form, wanted.tensor)] for sample in found.read(picked)]
    return inputs, found.source


def _generated_inputs(model: Model, count: int) -> list[list[Array]]:
    import numpy as np

    random = np.random.default_rng(0)

    def draw(tensor: Tensor, index: int) -> Array:
        dtype = np.dtype(tensor.dtype)
        if index == 0:
            return np.zeros(tensor.shape, dtype)
        if dtype.kind == "f":
            return random.uniform(-1.0, 1.0, tensor.shape).astype(dtype)
        if dtype.kind == "b":
            return random.integers(0, 2, tensor.shape).astype(dtype)
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, tensor.shape, dtype=dtype, endpoint=True)

    return [[draw(tensor, index) for tensor in model.inputs] for index in range(count)]
