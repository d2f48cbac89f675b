"""Outputs of the TFLM interpreter on the host: what a board's outputs are compared with.

The interpreter is C++ that may abort on a model that it does not like, so it runs in a process of its own:
``python -m harness.reference MODEL INPUTS.npz OUTPUTS.npz``. What it found is kept in the cache.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from harness import cmd, paths
from harness.cache import touch
from harness.case import Expected
from harness.errors import ToolFailedError, UnsupportedError
from harness.models import Model, sample_inputs

if TYPE_CHECKING:
    from harness.models import Array

_ARENA_BYTES = 64 << 20
_TIMEOUT_S = 600


def expected(model: Model, count: int, data: Path | None) -> Expected:
    """Return ``count`` inputs for ``model`` with the reference interpreter's outputs.

    Raises ``UnsupportedError`` where the interpreter itself cannot run the model.
    """
    inputs, source = sample_inputs(model, count, data)
    return Expected(inputs=inputs, outputs=outputs(model, inputs), source=source, reference=name())


def name() -> str:
    """Return name and version of the interpreter."""
    return f"tflite-micro {importlib.metadata.version('tflite-micro')}"


def outputs(model: Model, inputs: list[list[Array]]) -> list[list[Array]]:
    """Return what the interpreter gives for each input; raises ``UnsupportedError`` where it cannot run the model."""
    version = importlib.metadata.version("tflite-micro")
    digest = hashlib.sha256(f"{model.sha256} {version}".encode())
    for arrays in inputs:
        for array in arrays:
            digest.update(array.tobytes())
    place = paths.cache() / "reference" / f"{digest.hexdigest()[:16]}.npz"
    return _read(place, len(inputs), len(model.outputs)) or _compute(model, inputs, place)


def _read(place: Path, inputs: int, tensors: int) -> list[list[Array]] | None:
    import numpy as np

    try:
        with np.load(place, allow_pickle=False) as stored:
            found = [[stored[f"{i}_{j}"] for j in range(tensors)] for i in range(inputs)]
    except (OSError, ValueError, KeyError, EOFError):
        return None
    touch(place)
    return found


def _compute(model: Model, inputs: list[list[Array]], place: Path) -> list[list[Array]]:
    import numpy as np

    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mcuprof-", dir=place.parent) as made:
        folder = Path(made)
        (folder / "model.tflite").write_bytes(model.data)
        named = {f"{i}_{j}": array for i, arrays in enumerate(inputs) for j, array in enumerate(arrays)}
        np.savez(folder / "inputs.npz", **named)  # type: ignore[arg-type]
        out = folder / "outputs.npz"
        files = folder / "model.tflite", folder / "inputs.npz", out
        done = cmd.run_module("harness.reference", *files, timeout=_TIMEOUT_S)
        if done.returncode != 0 or not out.is_file():
            raise UnsupportedError(_why(model, done))
        out.replace(place)
    found = _read(place, len(inputs), len(model.outputs))
    if found is None:
        msg = f"the outputs of the reference interpreter could not be read back from {place}"
        raise ToolFailedError(msg)
    return found


def _why(model: Model, done: cmd.Completed) -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    told = [line for line in lines if "Traceback" not in line and not line.startswith(("File ", "Traceback"))]
    shown = " ".join(told[:1] + told[-1:] if len(told) > 1 else told) or f"it ended with code {done.returncode}"
    return f"the reference interpreter (tflite-micro) cannot run {model.name}: {shown[:300]}"


def main(model: Path, inputs: Path, outputs: Path) -> None:
    """Run the interpreter on every input of the file ``inputs`` and write what it gives to ``outputs``."""
    import numpy as np
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_file(str(model), arena_size=_ARENA_BYTES)
    found: dict[str, Array] = {}
    with np.load(inputs, allow_pickle=False) as stored:
        count = 1 + max(int(name.split("_")[0]) for name in stored.files)
        tensors = 1 + max(int(name.split("_")[1]) for name in stored.files)
        for index in range(count):
            for tensor in range(tensors):
                interpreter.set_input(stored[f"{index}_{tensor}"], tensor)
            interpreter.invoke()
            for tensor in range(_outputs(model)):
                found[f"{index}_{tensor}"] = np.array(interpreter.get_output(tensor))
    np.savez(outputs, **found)  # type: ignore[arg-type]


def _outputs(path: Path) -> int:
    from harness.models import parse

    return len(parse(path.read_bytes(), path).outputs)


if __name__ == "__main__":
    main(*(Path(word) for word in sys.argv[1:4]))
