"""``python -m harness.quantization SCHEME MODEL OUTPUT [SAMPLES.npz]``: a float .tflite, by ai-edge-quantizer.

``SAMPLES.npz`` holds ``inputs``, shaped (samples, *the input's shape), and may hold ``range``, the ends of the input.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from harness.quantization.scheme import Scheme

_SIGNATURE = "serving_default"


def main(scheme: Scheme, model: Path, output: Path, samples: Path | None) -> None:
    """Write the quantized model."""
    from ai_edge_quantizer import quantizer

    content, tensor = _signed(model.read_bytes())
    made = quantizer.Quantizer(content)
    _set_recipe(made, scheme)
    seen = _calibrated(made, content, samples, tensor) if samples is not None else None
    result = made.quantize(seen, enable_progress_bar=False, enable_progress_report=False)
    output.write_bytes(bytes(result.quantized_model))


def _set_recipe(made: Any, scheme: Scheme) -> None:  # noqa: ANN401 (a Quantizer)
    """Say how each operator is quantized.

    Weights have a scale per channel, those of fully connected layers one: TFLM's older kernels know no other.
    """
    from ai_edge_quantizer import qtyping
    from ai_edge_quantizer.algorithm_manager import AlgorithmName

    every = qtyping.TFLOperationName.ALL_SUPPORTED
    match scheme:
        case Scheme.INT8 | Scheme.INT16X8:
            bits = {"activation_num_bits": 8 if scheme is Scheme.INT8 else 16, "weight_num_bits": 8}
            made.add_static_config(".*", every, **bits)
            made.add_static_config(
                ".*",
                qtyping.TFLOperationName.FULLY_CONNECTED,
                **bits,
                weight_granularity=qtyping.QuantGranularity.TENSORWISE,
            )
        case Scheme.DYNAMIC:
            made.add_dynamic_config(".*", every, num_bits=8)
        case Scheme.FLOAT16:
            weights = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
            config = qtyping.OpQuantizationConfig(
                weight_tensor_config=weights,
                compute_precision=qtyping.ComputePrecision.FLOAT,
                explicit_dequantize=True,
            )
            made.update_quantization_recipe(".*", every, config, AlgorithmName.FLOAT_CASTING)


def _calibrated(made: Any, content: bytes, samples: Path, tensor: str) -> Any:  # noqa: ANN401
    """Return the ranges that the network's tensors have on the samples."""
    import numpy as np
    from ai_edge_quantizer import calibrator
    from ai_edge_quantizer.utils import qsv_utils

    with np.load(samples, allow_pickle=False) as stored:
        inputs = stored["inputs"]
        ends = stored.get("range")
    # The quantizer's own way is a moving average, which leaves values out that were seen.
    calibration = calibrator.Calibrator(content, num_threads=1, qsv_update_func=qsv_utils.min_max_update)
    calibration.calibrate({_SIGNATURE: [{"input_0": each} for each in inputs]}, made._recipe_manager)
    seen = calibration.get_model_qsvs()
    if ends is not None:
        shape = np.shape(seen[tensor]["min"])
        seen[tensor] |= {"min": np.full(shape, ends[0], np.float32), "max": np.full(shape, ends[1], np.float32)}
    return seen


def _signed(content: bytes) -> tuple[bytes, str]:
    """Return a model with one signature, which the quantizer asks for, and the name of its input tensor.

    The quantizer keeps ranges by the names of tensors, which need not be unique in a file; here they become so.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(bytearray(content), 0)
    graph = model.subgraphs[0]
    _name_apart(graph.tensors)
    signature = schema.SignatureDefT()
    signature.signatureKey = _SIGNATURE
    signature.subgraphIndex = 0
    signature.inputs = [_mapped(schema, f"input_{place}", index) for place, index in enumerate(graph.inputs)]
    signature.outputs = [_mapped(schema, f"output_{place}", index) for place, index in enumerate(graph.outputs)]
    model.signatureDefs = [signature]
    builder = flatbuffers.Builder(len(content) + 4096)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output()), graph.tensors[graph.inputs[0]].name


def _name_apart(tensors: list[Any]) -> None:
    taken: set[str] = set()
    for index, tensor in enumerate(tensors):
        name = tensor.name.decode() if isinstance(tensor.name, bytes) else tensor.name or ""
        tensor.name = name if name and name not in taken else f"{name or 'tensor'}_{index}"
        taken.add(tensor.name)


def _mapped(schema: Any, name: str, index: int) -> Any:  # noqa: ANN401
    mapped = schema.TensorMapT()
    mapped.name, mapped.tensorIndex = name, int(index)
    return mapped


if __name__ == "__main__":
    main(Scheme(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]) if len(sys.argv) > 4 else None)  # noqa: PLR2004
