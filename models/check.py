"""Run a finished model: in TensorFlow Lite Micro's interpreter, and in TensorFlow Lite's as a second opinion."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from recipe import FloatArray, Int8Array, LabelArray
from tflite_micro.python.tflite_micro import runtime


def quantize(model_bytes: bytes, x: FloatArray) -> Int8Array:
    """Quantize ``x``, float32 of shape (N, *input shape), with the model's input scale and zero point."""
    scale, zero_point = _reference(model_bytes).get_input_details()[0]["quantization"]
    steps: FloatArray = np.clip(np.round(x / scale) + zero_point, -128, 127)
    return steps.astype(np.int8)


def micro_outputs(model_bytes: bytes, x: Int8Array) -> Int8Array:
    """Infer in TensorFlow Lite Micro: int8 (N, *input shape) to int8 (N, classes)."""
    interpreter = runtime.Interpreter.from_bytes(model_bytes)
    outputs = []
    for sample in x:
        interpreter.set_input(sample[np.newaxis], 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0)[0].copy())
    return np.stack(outputs)


def reference_outputs(model_bytes: bytes, x: Int8Array) -> Int8Array:
    """Infer with TensorFlow Lite's own kernels: int8 (N, *input shape) to int8 (N, classes)."""
    interpreter = _reference(model_bytes)
    source = interpreter.get_input_details()[0]["index"]
    target = interpreter.get_output_details()[0]["index"]
    outputs = []
    for sample in x:
        interpreter.set_tensor(source, sample[np.newaxis])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(target)[0].copy())
    return np.stack(outputs)


def correct(outputs: Int8Array, y: LabelArray) -> int:
    """Count the rows of ``outputs``, int8 (N, classes), whose largest element is at ``y``, int64 (N,)."""
    return int(np.sum(np.argmax(outputs, axis=1) == y))


def _reference(model_bytes: bytes) -> tf.lite.Interpreter:
    # Not BUILTIN_REF: a few of its fully connected outputs are a step off, which a steep softmax magnifies.
    kind = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = tf.lite.Interpreter(model_content=model_bytes, experimental_op_resolver_type=kind, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter
