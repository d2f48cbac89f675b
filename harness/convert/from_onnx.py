"""An ONNX model → .tflite, by onnx2tf."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.convert.comparing import Original, Source, fixed
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.models import Array

_PICTURE_NEEDED = "calibration_image_sample_data_20x128x128x3_float32.npy"
"""onnx2tf runs models whose input looks like a picture on this file, and downloads it where it is not there."""
_CHANNELS_FIRST = frozenset(
    {
        "AveragePool",
        "Conv",
        "ConvInteger",
        "ConvTranspose",
        "DepthToSpace",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "InstanceNormalization",
        "MaxPool",
        "QLinearConv",
        "Resize",
        "SpaceToDepth",
        "Upsample",
    }
)
"""Operators for which axis 1 of their input is the channels."""
_ELEMENTWISE = frozenset(
    {
        "Add",
        "BatchNormalization",
        "Cast",
        "Clip",
        "DequantizeLinear",
        "Div",
        "Identity",
        "Mul",
        "Pad",
        "QuantizeLinear",
        "Relu",
        "Sub",
    }
)


def convert(source: Path, made: Path) -> Original:
    """Write ``made`` and return the original; raises ``UsageError`` for a model that cannot be converted."""
    import numpy as np
    import onnx2tf

    model = _load(source)
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    given = [value for value in graph.input if value.name not in constants]
    shapes = {value.name: fixed(value.name, _shape(value)) for value in given}
    model = _settled(model, shapes)
    last = {name: len(shape) in (3, 4, 5) and _meets_channels(graph, name) for name, shape in shapes.items()}
    np.save(_PICTURE_NEEDED, np.random.default_rng(0).random((20, 128, 128, 3), dtype=np.float32))
    onnx2tf.convert(
        onnx_graph=model,
        output_folder_path="onnx2tf",
        batch_size=1,
        keep_shape_absolutely_input_names=[name for name, turned in last.items() if not turned] or None,
        not_use_onnxsim=True,
        non_verbose=True,
    )
    next(Path("onnx2tf").glob("*_float32.tflite")).replace(made)
    return Original(
        inputs=tuple(Source(name=name, shape=shape, channels_last=last[name]) for name, shape in shapes.items()),
        outputs=tuple(Source(name=value.name, shape=(), channels_last=True) for value in graph.output),
        run=_runner(source, list(shapes)),
    )


def _load(source: Path) -> Any:  # noqa: ANN401 (onnx.ModelProto)
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(source)
        onnx.checker.check_model(model)
    except (DecodeError, OSError, ValueError, onnx.checker.ValidationError) as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        msg = f"it is no valid ONNX model: {said[:300]}"
        raise UsageError(msg) from error
    return model


def _settled(model: Any, shapes: dict[str, tuple[int, ...]]) -> Any:  # noqa: ANN401 (onnx.ModelProto)
    """Return the model with the shapes of its inputs set, and those of all other tensors that follow from them."""
    import onnx

    for value in model.graph.input:
        for dim, size in zip(value.type.tensor_type.shape.dim, shapes.get(value.name, ()), strict=False):
            dim.dim_value = size
    for value in (*model.graph.output, *model.graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if dim.HasField("dim_param"):
                dim.Clear()
    return onnx.shape_inference.infer_shapes(model)


def _shape(value: Any) -> list[int | None]:  # noqa: ANN401 (onnx.ValueInfoProto)
    dims = value.type.tensor_type.shape.dim
    return [dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None for dim in dims]


def _meets_channels(graph: Any, name: str) -> bool:  # noqa: ANN401 (onnx.GraphProto)
    """Whether a tensor reaches an operator of channels by operators alone that leave each element at its place."""
    reached, waiting = set(), [name]
    while waiting:
        tensor = waiting.pop()
        for node in graph.node:
            if tensor not in node.input:
                continue
            if node.op_type in _CHANNELS_FIRST:
                return True
            if node.op_type in _ELEMENTWISE:
                waiting += [output for output in node.output if output not in reached]
                reached.update(node.output)
    return False


def _runner(source: Path, names: list[str]) -> Any:  # noqa: ANN401 (a function)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])

    def run(values: list[Array]) -> list[Array]:
        return list(session.run(None, dict(zip(names, values, strict=True))))

    return run
