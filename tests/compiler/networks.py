"""Writes small .tflite networks, one operator or a few, for the compiler's tests."""

from dataclasses import dataclass, field

import flatbuffers
import numpy as np
import tflite

_TYPES = {
    "float32": tflite.TensorType.FLOAT32,
    "float16": tflite.TensorType.FLOAT16,
    "int8": tflite.TensorType.INT8,
    "uint8": tflite.TensorType.UINT8,
    "int16": tflite.TensorType.INT16,
    "int32": tflite.TensorType.INT32,
    "int64": tflite.TensorType.INT64,
    "bool": tflite.TensorType.BOOL,
}


@dataclass(kw_only=True)
class T:
    """A tensor. ``scale`` and ``zero_point`` are numbers or lists; a scale of None leaves the quantization out."""

    shape: tuple
    dtype: str = "int8"
    scale: float | list | None = None
    zero_point: int | list = 0
    axis: int = 0
    data: np.ndarray | None = None
    signature: tuple | None = None


@dataclass
class Network:
    tensors: list[T] = field(default_factory=list)
    operators: list[tuple] = field(default_factory=list)

    def tensor(self, shape, dtype="int8", **more) -> int:
        """Add a tensor and return its index."""
        self.tensors.append(T(shape=tuple(shape), dtype=dtype, **more))
        return len(self.tensors) - 1

    def constant(self, data, **more) -> int:
        data = np.asarray(data)
        return self.tensor(data.shape, str(data.dtype), data=data, **more)

    def operator(self, name, inputs, outputs, options=None, version=1, **fields) -> None:
        """Add an operator; ``options`` names its table in the schema (``Conv2DOptions``), ``fields`` fill it.

        ``CUSTOM:Name`` is the custom operator ``Name``.
        """
        self.operators.append((name, list(inputs), list(outputs), options, version, fields))

    def finish(self, inputs, outputs) -> bytes:
        """Return the file."""
        b = flatbuffers.Builder(4096)
        buffers = [_buffer(b, None)]
        tensors = []
        for number, tensor in enumerate(self.tensors):
            place = 0
            if tensor.data is not None:
                buffers.append(_buffer(b, np.ascontiguousarray(tensor.data).astype(tensor.dtype).tobytes()))
                place = len(buffers) - 1
            tensors.append(_tensor(b, tensor, place, f"t{number}"))
        codes, numbers = [], {}
        for name, *_, version, _fields in self.operators:
            if (name, version) not in numbers:
                numbers[name, version] = len(codes)
                codes.append(_code(b, name, version))
        operators = [_operator(b, numbers[o[0], o[4]], o) for o in self.operators]
        lists = [_offsets(b, tensors), _ints(b, inputs), _ints(b, outputs), _offsets(b, operators)]
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, lists[0])
        tflite.SubGraphAddInputs(b, lists[1])
        tflite.SubGraphAddOutputs(b, lists[2])
        tflite.SubGraphAddOperators(b, lists[3])
        subgraph = tflite.SubGraphEnd(b)
        subgraphs, code_list, buffer_list = _offsets(b, [subgraph]), _offsets(b, codes), _offsets(b, buffers)
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, code_list)
        tflite.ModelAddSubgraphs(b, subgraphs)
        tflite.ModelAddBuffers(b, buffer_list)
        b.Finish(tflite.ModelEnd(b), b"TFL3")
        return bytes(b.Output())


def _offsets(b, items):
    b.StartVector(4, len(items), 4)
    for item in reversed(items):
        b.PrependUOffsetTRelative(item)
    return b.EndVector()


def _ints(b, items):
    return b.CreateNumpyVector(np.asarray(items, np.int32))


def _buffer(b, content):
    data = None
    if content is not None:
        b.StartVector(1, len(content), 16)
        b.head -= len(content)
        b.Bytes[b.head : b.head + len(content)] = content
        data = b.EndVector()
    tflite.BufferStart(b)
    if data is not None:
        tflite.BufferAddData(b, data)
    return tflite.BufferEnd(b)


def _tensor(b, tensor, place, name):
    label, shape = b.CreateString(name), _ints(b, tensor.shape)
    signature = None if tensor.signature is None else _ints(b, tensor.signature)
    quantization = None
    if tensor.scale is not None:
        scales = np.atleast_1d(np.asarray(tensor.scale, np.float32))
        zero_points = np.atleast_1d(np.asarray(tensor.zero_point, np.int64))
        zero_points = np.resize(zero_points, scales.shape)
        vectors = b.CreateNumpyVector(scales), b.CreateNumpyVector(zero_points)
        tflite.QuantizationParametersStart(b)
        tflite.QuantizationParametersAddScale(b, vectors[0])
        tflite.QuantizationParametersAddZeroPoint(b, vectors[1])
        tflite.QuantizationParametersAddQuantizedDimension(b, tensor.axis)
        quantization = tflite.QuantizationParametersEnd(b)
    tflite.TensorStart(b)
    tflite.TensorAddShape(b, shape)
    tflite.TensorAddType(b, _TYPES[tensor.dtype])
    tflite.TensorAddBuffer(b, place)
    tflite.TensorAddName(b, label)
    if quantization is not None:
        tflite.TensorAddQuantization(b, quantization)
    if signature is not None:
        tflite.TensorAddShapeSignature(b, signature)
    return tflite.TensorEnd(b)


def _code(b, name, version):
    name, _, custom = name.partition(":")
    number = getattr(tflite.BuiltinOperator, name)
    text = b.CreateString(custom) if custom else None
    tflite.OperatorCodeStart(b)
    if text is not None:
        tflite.OperatorCodeAddCustomCode(b, text)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(number, 127))
    tflite.OperatorCodeAddBuiltinCode(b, number)
    tflite.OperatorCodeAddVersion(b, version)
    return tflite.OperatorCodeEnd(b)


def _operator(b, code, operator):
    _, inputs, outputs, options, _, fields = operator
    table = None
    if options is not None:
        values = {
            name: _ints(b, value) if isinstance(value, (list, tuple)) else value for name, value in fields.items()
        }
        getattr(tflite, f"{options}Start")(b)
        for name, value in values.items():
            getattr(tflite, f"{options}Add{name}")(b, value)
        table = getattr(tflite, f"{options}End")(b)
    ends = _ints(b, inputs), _ints(b, outputs)
    tflite.OperatorStart(b)
    tflite.OperatorAddOpcodeIndex(b, code)
    tflite.OperatorAddInputs(b, ends[0])
    tflite.OperatorAddOutputs(b, ends[1])
    if table is not None:
        tflite.OperatorAddBuiltinOptionsType(b, getattr(tflite.BuiltinOptions, options))
        tflite.OperatorAddBuiltinOptions(b, table)
    return tflite.OperatorEnd(b)


def small_network() -> bytes:
    """A convolution, a pooling, a dense layer and a softmax: little content, so that most bytes are structure."""
    net = Network()
    x = net.tensor((1, 6, 6, 2), scale=0.05, zero_point=3)
    w = net.constant(np.arange(-18, 18, dtype=np.int8).reshape(2, 3, 3, 2), scale=[0.01, 0.02])
    b = net.constant(np.array([5, -7], np.int32), scale=[0.0005, 0.001])
    a = net.tensor((1, 6, 6, 2), scale=0.06, zero_point=-10)
    window = {"Padding": 0, "StrideH": 1, "StrideW": 1}
    net.operator(
        "CONV_2D",
        [x, w, b],
        [a],
        "Conv2DOptions",
        3,
        FusedActivationFunction=1,
        DilationHFactor=1,
        DilationWFactor=1,
        **window,
    )
    p = net.tensor((1, 3, 3, 2), scale=0.06, zero_point=-10)
    net.operator(
        "AVERAGE_POOL_2D",
        [a],
        [p],
        "Pool2DOptions",
        2,
        Padding=1,
        StrideH=2,
        StrideW=2,
        FilterHeight=2,
        FilterWidth=2,
        FusedActivationFunction=0,
    )
    flat = net.tensor((1, 18), scale=0.06, zero_point=-10)
    shape = net.constant(np.array([1, 18], np.int32))
    net.operator("RESHAPE", [p, shape], [flat], "ReshapeOptions", NewShape=[1, 18])
    v = net.constant(np.arange(54, dtype=np.int8).reshape(3, 18), scale=0.01)
    d = net.tensor((1, 3), scale=0.2, zero_point=0)
    net.operator("FULLY_CONNECTED", [flat, v, -1], [d], "FullyConnectedOptions", 4, FusedActivationFunction=0)
    y = net.tensor((1, 3), scale=1 / 256, zero_point=-128)
    net.operator("SOFTMAX", [d], [y], "SoftmaxOptions", 2, Beta=1.0)
    return net.finish([x], [y])
