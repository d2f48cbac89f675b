"""The bundled models are what models/README.md says, and give the accuracy that they state."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tflite
from tflite_micro.python.tflite_micro import runtime

MODELS = Path(__file__).parents[2] / "models"
ALIGNMENT = 16
NEWEST_VERSIONS = {
    "AVERAGE_POOL_2D": 2,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "FULLY_CONNECTED": 4,
    "RESHAPE": 1,
    "SOFTMAX": 2,
}
"""The newest operator versions that TensorFlow Lite for Microcontrollers of 2020 accepts."""
OPERATOR_NAMES = {value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What one bundled model should be."""

    name: str
    input_shape: tuple[int, ...]
    labels: tuple[str, ...]
    operators: tuple[str, ...]
    samples: int
    least_accuracy: float


EXPECTED = (
    Expected(
        name="digits",
        input_shape=(1, 8, 8, 1),
        labels=tuple("0123456789"),
        operators=("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "FULLY_CONNECTED", "SOFTMAX"),
        samples=360,
        least_accuracy=0.95,
    ),
    Expected(
        name="keyword_spotting",
        input_shape=(1, 1960),
        labels=("silence", "unknown", "yes", "no"),
        operators=("RESHAPE", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SOFTMAX"),
        samples=40,
        least_accuracy=0.9,
    ),
    Expected(
        name="person_detection",
        input_shape=(1, 96, 96, 1),
        labels=("no_person", "person"),
        operators=(
            "DEPTHWISE_CONV_2D",
            *("DEPTHWISE_CONV_2D", "CONV_2D") * 13,
            *("AVERAGE_POOL_2D", "CONV_2D", "RESHAPE", "SOFTMAX"),
        ),
        samples=40,
        least_accuracy=0.88,
    ),
)

each_model = pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected.name)


def load(name: str) -> tflite.Model:
    """Return the parsed model ``name``."""
    return tflite.Model.GetRootAs((MODELS / f"{name}.tflite").read_bytes())


def metadata(name: str) -> dict[str, Any]:
    """Return the facts that the model ``name`` carries."""
    model = load(name)
    assert [model.Metadata(index).Name() for index in range(model.MetadataLength())] == [b"mcuprof"]
    text = model.Buffers(model.Metadata(0).Buffer()).DataAsNumpy().tobytes()
    facts = json.loads(text)
    assert text.decode() == json.dumps(facts, separators=(",", ":"))
    return dict(facts)


def samples(name: str) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]]:
    """Return the inputs, int8 (N, *input shape without the batch), and labels, int64 (N,), of ``name``."""
    with np.load(MODELS / f"{name}.npz") as arrays:
        assert sorted(arrays) == ["x_data", "y_data"]
        return arrays["x_data"], arrays["y_data"]


@each_model
def test_file_identifier(expected: Expected) -> None:
    assert tflite.Model.ModelBufferHasIdentifier((MODELS / f"{expected.name}.tflite").read_bytes(), 0)


@each_model
def test_operators_are_known_to_old_interpreters(expected: Expected) -> None:
    model = load(expected.name)
    graph = model.Subgraphs(0)
    codes = [model.OperatorCodes(graph.Operators(i).OpcodeIndex()) for i in range(graph.OperatorsLength())]
    assert model.SubgraphsLength() == 1
    assert tuple(OPERATOR_NAMES[code.DeprecatedBuiltinCode()] for code in codes) == expected.operators
    assert all(code.BuiltinCode() == code.DeprecatedBuiltinCode() for code in codes)
    assert all(code.Version() <= NEWEST_VERSIONS[OPERATOR_NAMES[code.BuiltinCode()]] for code in codes)


@each_model
def test_input_and_output(expected: Expected) -> None:
    graph = load(expected.name).Subgraphs(0)
    assert (graph.InputsLength(), graph.OutputsLength()) == (1, 1)
    source, target = graph.Tensors(graph.Inputs(0)), graph.Tensors(graph.Outputs(0))
    assert tuple(source.ShapeAsNumpy()) == expected.input_shape
    assert tuple(target.ShapeAsNumpy()) == (1, len(expected.labels))
    assert source.Type() == target.Type() == tflite.TensorType.INT8
    assert source.Quantization().ZeroPoint(0) == -128
    assert (target.Quantization().Scale(0), target.Quantization().ZeroPoint(0)) == (1 / 256, -128)


@each_model
def test_tensors_are_integer_and_of_fixed_shape(expected: Expected) -> None:
    graph = load(expected.name).Subgraphs(0)
    tensors = [graph.Tensors(index) for index in range(graph.TensorsLength())]
    assert {tensor.Type() for tensor in tensors} == {tflite.TensorType.INT8, tflite.TensorType.INT32}
    assert all(tensor.ShapeSignatureIsNone() for tensor in tensors)
    assert all(np.all(tensor.ShapeAsNumpy() > 0) for tensor in tensors)


@each_model
def test_convolution_weights_have_a_scale_per_channel(expected: Expected) -> None:
    model = load(expected.name)
    graph = model.Subgraphs(0)
    for operator in (graph.Operators(index) for index in range(graph.OperatorsLength())):
        name = OPERATOR_NAMES[model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()]
        if name not in {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}:
            continue
        bias = graph.Tensors(operator.Inputs(2))
        scales = graph.Tensors(operator.Inputs(1)).Quantization().ScaleLength()
        assert scales == (1 if name == "FULLY_CONNECTED" else bias.Shape(0))


@each_model
def test_constants_are_aligned(expected: Expected) -> None:
    content = (MODELS / f"{expected.name}.tflite").read_bytes()
    model = tflite.Model.GetRootAs(content)
    start = np.frombuffer(content, dtype=np.uint8).ctypes.data
    buffers = [model.Buffers(index) for index in range(model.BuffersLength())]
    data = [buffer.DataAsNumpy() for buffer in buffers if not buffer.DataIsNone()]
    assert data
    assert all((array.ctypes.data - start) % ALIGNMENT == 0 for array in data)


@each_model
def test_samples(expected: Expected) -> None:
    x, y = samples(expected.name)
    assert (x.shape, x.dtype) == ((expected.samples, *expected.input_shape[1:]), np.int8)
    assert (y.shape, y.dtype) == ((expected.samples,), np.int64)
    assert set(y) == set(range(len(expected.labels)))


@each_model
def test_metadata(expected: Expected) -> None:
    facts = metadata(expected.name)
    assert (facts["name"], tuple(facts["labels"])) == (expected.name, expected.labels)
    assert facts["license"] == "Apache-2.0"
    assert facts["title"]
    assert facts["data"].endswith(".")
    assert facts["accuracy"] >= expected.least_accuracy
    assert facts["test_samples"] >= expected.samples


@each_model
def test_stated_accuracy(expected: Expected) -> None:
    facts = metadata(expected.name)
    interpreter = runtime.Interpreter.from_file(str(MODELS / f"{expected.name}.tflite"))
    x, y = samples(expected.name)
    correct = 0
    for sample, label in zip(x, y, strict=True):
        interpreter.set_input(sample[np.newaxis], 0)
        interpreter.invoke()
        correct += int(np.argmax(interpreter.get_output(0)) == label)
    assert correct == facts["bundled_correct"]
    if facts["test_samples"] == expected.samples:
        assert facts["accuracy"] == round(correct / expected.samples, 4)


@each_model
def test_readme_states_the_file(expected: Expected) -> None:
    lines = (MODELS / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith(f"| `{expected.name}`")]
    size = (MODELS / f"{expected.name}.tflite").stat().st_size
    assert len(rows) == 1
    assert f"{size:,}" in rows[0]
    assert f"{metadata(expected.name)['accuracy']:.2%}".replace("%", " %") in rows[0]


def test_digits_fits_the_smallest_boards() -> None:
    model = load("digits")
    graph = model.Subgraphs(0)
    weights = sum(
        model.Buffers(graph.Tensors(index).Buffer()).DataLength()
        for index in range(graph.TensorsLength())
        if graph.Tensors(index).Type() == tflite.TensorType.INT8
    )
    live = [
        sum(int(np.prod(graph.Tensors(index).ShapeAsNumpy())) for index in (op.Inputs(0), op.Outputs(0)))
        for op in (graph.Operators(index) for index in range(graph.OperatorsLength()))
    ]
    assert weights <= 4_000
    assert max(live) <= 700
