"""``python -m harness.quantization.litert MODEL INPUTS.npz OUTPUTS.npz``: LiteRT's interpreter on every input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.models import Array


def main(model: Path, inputs: Path, outputs: Path) -> None:
    """Run the interpreter, without delegates, and write what it gives."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_path=str(model),
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    takes, gives = interpreter.get_input_details(), interpreter.get_output_details()
    found: dict[str, Array] = {}
    with np.load(inputs, allow_pickle=False) as stored:
        for index in range(len(stored.files) // len(takes)):
            for place, detail in enumerate(takes):
                interpreter.set_tensor(detail["index"], stored[f"{index}_{place}"])
            interpreter.invoke()
            for place, detail in enumerate(gives):
                found[f"{index}_{place}"] = interpreter.get_tensor(detail["index"])
    np.savez(outputs, **found)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*(Path(word) for word in sys.argv[1:4]))
