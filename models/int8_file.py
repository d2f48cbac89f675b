"""From a trained Keras network to a small int8 TensorFlow Lite file that carries its own description."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import flatbuffers
import keras
import numpy as np
import tensorflow as tf
from recipe import FloatArray
from tensorflow.lite.python import schema_py_generated as schema

FILE_IDENTIFIER = b"TFL3"
METADATA_NAME = "mcuprof"
BUFFER_ALIGNMENT = 16
"""Bytes; kernels load int32 biases straight from the file."""


class AlignedBuffer(schema.BufferT):  # type: ignore[misc]
    """A buffer whose data is aligned, which the schema asks for and the generated packer forgets."""

    def Pack(self, builder: flatbuffers.Builder) -> int:  # noqa: N802
        """Write the buffer and return its offset."""
        data_offset = None
        if self.data is not None:
            data = bytes(self.data)
            builder.StartVector(1, len(data), BUFFER_ALIGNMENT)
            builder.head -= len(data)
            builder.Bytes[builder.head : builder.head + len(data)] = data
            data_offset = builder.EndVector()
        schema.BufferStart(builder)
        if data_offset is not None:
            schema.BufferAddData(builder, data_offset)
        return int(schema.BufferEnd(builder))


def convert(network: keras.Model, calibration: FloatArray, input_range: tuple[float, float]) -> bytes:
    """Quantize ``network`` to int8 with the ranges seen on ``calibration``, float32 of shape (N, *input shape).

    Weights of convolutions are quantized per channel, those of fully connected layers per tensor, because
    the interpreters of 2020 know no other way. The batch is fixed at one.
    """
    one = keras.Input(batch_shape=(1, *network.input_shape[1:]))
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(one, network(one)))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _calibration_steps(calibration, input_range)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return bytes(converter.convert())


def _calibration_steps(calibration: FloatArray, input_range: tuple[float, float]) -> Iterator[list[FloatArray]]:
    """Yield inputs of batch one; the first has one element at each end of ``input_range``."""
    for number, sample in enumerate(calibration):
        step = sample[np.newaxis].copy()
        if number == 0:
            step.flat[0], step.flat[-1] = input_range
        yield [step]


def tidy(model_bytes: bytes, description: str) -> bytes:
    """Return the same network without what a microcontroller has no use for.

    Dropped: the converter's metadata, signatures, calibration ranges, duplicate and empty buffers, long names,
    and reshapes before fully connected layers. Every data buffer comes out aligned to 16 bytes.
    """
    model = schema.ModelT.InitFromPackedBuf(model_bytes, 0)
    model.description = description
    model.signatureDefs = None
    model.metadata = None
    model.metadataBuffer = None
    for graph in model.subgraphs:
        graph.name = "main"
        graph.debugMetadataIndex = -1
        _fold_flattening(graph, model.operatorCodes)
        _drop_unused_tensors(graph)
        _rename_tensors(graph, model.operatorCodes)
        _state_new_shapes(graph, model)
        _drop_calibration(graph)
    _drop_unused_codes(model)
    _compact_buffers(model)
    return _pack(model)


def add_metadata(model_bytes: bytes, facts: Mapping[str, object]) -> bytes:
    """Return the model with ``facts`` as compact JSON in a metadata entry named ``mcuprof``."""
    model = schema.ModelT.InitFromPackedBuf(model_bytes, 0)
    text = json.dumps(facts, separators=(",", ":"), ensure_ascii=True)
    model.buffers.append(_buffer(text.encode()))
    entry = schema.MetadataT()
    entry.name = METADATA_NAME
    entry.buffer = len(model.buffers) - 1
    model.metadata = [entry]
    return _pack(model)


def _fold_flattening(graph: schema.SubGraphT, codes: list[schema.OperatorCodeT]) -> None:
    """Let fully connected layers read what a reshape before them reads: they flatten their input themselves."""
    sources = {
        op.outputs[0]: op.inputs[0]
        for op in graph.operators
        if codes[op.opcodeIndex].builtinCode == schema.BuiltinOperator.RESHAPE
    }
    for op in graph.operators:
        if codes[op.opcodeIndex].builtinCode == schema.BuiltinOperator.FULLY_CONNECTED:
            op.inputs = [sources.get(op.inputs[0], op.inputs[0]), *op.inputs[1:]]
    used = {index for op in graph.operators for index in op.inputs} | set(graph.outputs)
    graph.operators = [op for op in graph.operators if op.outputs[0] in used]


def _drop_unused_tensors(graph: schema.SubGraphT) -> None:
    """Renumber the tensors so that only those an operator reads or writes remain."""
    used = sorted({int(index) for op in graph.operators for index in (*op.inputs, *op.outputs)})
    places = {old: new for new, old in enumerate(used)}
    graph.tensors = [graph.tensors[index] for index in used]
    for owner in (graph, *graph.operators):
        owner.inputs = [places[int(index)] for index in owner.inputs]
        owner.outputs = [places[int(index)] for index in owner.outputs]


def _drop_unused_codes(model: schema.ModelT) -> None:
    operators = [op for graph in model.subgraphs for op in graph.operators]
    used = sorted({op.opcodeIndex for op in operators})
    model.operatorCodes = [model.operatorCodes[index] for index in used]
    for op in operators:
        op.opcodeIndex = used.index(op.opcodeIndex)


def _rename_tensors(graph: schema.SubGraphT, codes: list[schema.OperatorCodeT]) -> None:
    """Name each tensor by the operator that makes it, and constants by the operator that reads them."""
    op_names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    for number, op in enumerate(graph.operators):
        stem = f"{op_names[codes[op.opcodeIndex].builtinCode].lower()}_{number}"
        constants = ("", "/shape") if stem.startswith("reshape") else ("", "/weights", "/bias")
        for index, suffix in list(zip(op.inputs, constants, strict=False))[1:]:
            graph.tensors[index].name = stem + suffix
        graph.tensors[op.outputs[0]].name = stem
    graph.tensors[graph.inputs[0]].name = "input"
    graph.tensors[graph.outputs[0]].name = "output"


def _state_new_shapes(graph: schema.SubGraphT, model: schema.ModelT) -> None:
    """Write the shape of each RESHAPE into its options too, where older readers look for it."""
    for op in graph.operators:
        if model.operatorCodes[op.opcodeIndex].builtinCode == schema.BuiltinOperator.RESHAPE:
            op.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
            op.builtinOptions = schema.ReshapeOptionsT()
            op.builtinOptions.newShape = [int(size) for size in graph.tensors[op.outputs[0]].shape]


def _drop_calibration(graph: schema.SubGraphT) -> None:
    for tensor in graph.tensors:
        tensor.shapeSignature = None
        if tensor.quantization is not None:
            tensor.quantization.min = None
            tensor.quantization.max = None


def _compact_buffers(model: schema.ModelT) -> None:
    """Keep one buffer per distinct constant, after the empty buffer 0 that all activations share."""
    places: dict[bytes, int] = {b"": 0}
    buffers = [_buffer(None)]
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            data = model.buffers[tensor.buffer].data
            content = b"" if data is None else bytes(data)
            if content not in places:
                places[content] = len(buffers)
                buffers.append(_buffer(content))
            tensor.buffer = places[content]
    model.buffers = buffers


def _buffer(content: bytes | None) -> AlignedBuffer:
    buffer = AlignedBuffer()
    buffer.data = None if content is None else np.frombuffer(content, dtype=np.uint8)
    return buffer


def _pack(model: schema.ModelT) -> bytes:
    for number, buffer in enumerate(model.buffers):
        if not isinstance(buffer, AlignedBuffer):
            model.buffers[number] = _buffer(None if buffer.data is None else bytes(buffer.data))
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), file_identifier=FILE_IDENTIFIER)
    return bytes(builder.Output())
