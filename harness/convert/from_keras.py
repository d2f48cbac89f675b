"""A model in Keras' own format → .tflite, by TensorFlow's converter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.convert.comparing import Original
from harness.convert.from_saved_model import convert_function
from harness.errors import UsageError


def convert(source: Path, made: Path) -> Original:
    """Write ``made`` and return the original; raises ``UsageError`` for a model that cannot be converted.

    Code in the file (lambda layers) is never run: Keras refuses it.
    """
    import keras
    import tensorflow as tf

    try:
        model = keras.saving.load_model(source, compile=False, safe_mode=True)
    # Keras throws what its layers do.
    except Exception as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        msg = f"Keras {keras.__version__} cannot load it: {said[:300]}"
        raise UsageError(msg) from error
    if not getattr(model, "inputs", None):
        msg = "it does not say what its inputs are: it has to be called, or built, before it is saved"
        raise UsageError(msg)
    inputs = [(tensor.name, tensor.shape, tf.as_dtype(tensor.dtype)) for tensor in model.inputs]

    def call(*values: Any) -> list[Any]:  # noqa: ANN401 (tensors)
        return list(tf.nest.flatten(model(list(values) if len(values) > 1 else values[0], training=False)))

    names = [tensor.name for tensor in model.outputs]
    return convert_function(call, inputs, names, made=made)
