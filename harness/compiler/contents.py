"""What a .tflite holds beside the graph, for those who only look at it: sizes of constants, names of operators."""

from __future__ import annotations

from dataclasses import dataclass

from harness.models import Model


@dataclass(frozen=True, kw_only=True)
class Constant:
    """A constant tensor."""

    nbytes: int
    """Bytes in the file, which may be fewer than the tensor's where it is stored sparsely."""
    is_quantized: bool
    """Whether it has a scale."""


def constants(model: Model) -> dict[int, Constant]:
    """Return the constant tensors of a loaded model, by their index."""
    import tflite

    root = tflite.Model.GetRootAsModel(model.data, 0)
    graph = root.Subgraphs(0)
    found: dict[int, Constant] = {}
    for index in range(graph.TensorsLength()):
        tensor = graph.Tensors(index)
        size = root.Buffers(tensor.Buffer()).DataLength()
        if size:
            quantization = tensor.Quantization()
            scales = 0 if quantization is None else quantization.ScaleLength()
            found[index] = Constant(nbytes=size, is_quantized=scales > 0)
    return found


def custom_names(model: Model) -> dict[int, str]:
    """Return the names of the custom operators of a loaded model, by their place in the order of execution."""
    import tflite

    root = tflite.Model.GetRootAsModel(model.data, 0)
    graph = root.Subgraphs(0)
    codes = [root.OperatorCodes(graph.Operators(i).OpcodeIndex()) for i in range(graph.OperatorsLength())]
    return {i: code.CustomCode().decode(errors="replace") for i, code in enumerate(codes) if code.CustomCode()}
