"""A TensorFlow SavedModel → .tflite, by TensorFlow's converter."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.convert.comparing import Original, Source, fixed
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.models import Array

_DEFAULT = "serving_default"


def convert(source: Path, made: Path) -> Original:
    """Write ``made`` and return the original; raises ``UsageError`` for a model that cannot be converted."""
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(source))
    except (OSError, ValueError, tf.errors.OpError) as error:
        msg = f"it cannot be loaded: {_first_line(error)}"
        raise UsageError(msg) from error
    signatures = loaded.signatures
    name = _DEFAULT if _DEFAULT in signatures else next(iter(signatures), None)
    if name is None or (name != _DEFAULT and len(signatures) > 1):
        have = ", ".join(signatures) or "none"
        msg = f"it needs a signature {_DEFAULT!r}, or one alone, that says what goes in and comes out; it has: {have}"
        raise UsageError(msg)
    signature = signatures[name]
    specs = dict(sorted(signature.structured_input_signature[1].items()))
    outputs = sorted(signature.structured_outputs)

    def call(*values: Any) -> list[Any]:  # noqa: ANN401
        found = signature(**dict(zip(specs, values, strict=True)))
        return [found[name] for name in outputs]

    inputs = [(name, _shape(spec), spec.dtype) for name, spec in specs.items()]
    return convert_function(call, inputs, outputs, made=made)


def convert_function(
    call: Callable[..., list[Any]],
    inputs: Sequence[tuple[str, Sequence[int | None], Any]],
    outputs: Sequence[str],
    *,
    made: Path,
) -> Original:
    """Convert a function of tensors with batch one; ``inputs`` are names, shapes and TensorFlow types.

    Raises ``UsageError`` where TensorFlow Lite lacks an operator.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    specs = [
        tf.TensorSpec(fixed(name, shape), dtype, name=f"input_{place}")
        for place, (name, shape, dtype) in enumerate(inputs)
    ]
    frozen = convert_variables_to_constants_v2(tf.function(call, autograph=False).get_concrete_function(*specs))

    def named(*values: Any) -> dict[str, Any]:  # noqa: ANN401 (tensors)
        return {f"output_{place}": value for place, value in enumerate(tf.nest.flatten(frozen(*values)))}

    signature = tf.function(named, autograph=False).get_concrete_function(*specs)
    with tempfile.TemporaryDirectory(prefix="saved-", dir=made.parent) as folder:
        tf.saved_model.save(tf.Module(), folder, signatures={_DEFAULT: signature})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[_DEFAULT])
        made.write_bytes(_converted(converter))

    def run(values: list[Array]) -> list[Array]:
        return [tensor.numpy() for tensor in call(*map(tf.constant, values))]

    return Original(
        inputs=tuple(
            Source(name=name, shape=tuple(spec.shape.as_list()), found=f"input_{place}")
            for place, ((name, _, _), spec) in enumerate(zip(inputs, specs, strict=True))
        ),
        outputs=tuple(Source(name=name, shape=(), found=f"output_{place}") for place, name in enumerate(outputs)),
        run=run,
    )


def _shape(spec: Any) -> list[int | None]:  # noqa: ANN401 (tf.TensorSpec)
    return [None, None] if spec.shape.rank is None else list(spec.shape.as_list())


def _converted(converter: Any) -> bytes:  # noqa: ANN401 (tf.lite.TFLiteConverter)
    from tensorflow.lite.python.convert_phase import ConverterError

    try:
        return bytes(converter.convert())
    except ConverterError as error:
        lacking = re.findall(r"^\s*(?:Flex|Custom) ops: (.+)$", str(error), re.MULTILINE)
        if not lacking:
            raise
        msg = f"TensorFlow Lite has no operators for: {', '.join(lacking)}"
        raise UsageError(msg) from error


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]
