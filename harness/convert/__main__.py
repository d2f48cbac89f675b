"""``python -m harness.convert KIND SOURCE FOLDER``: writes ``model.tflite`` and ``outcome.json`` into the folder."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import msgspec

from harness.convert import comparing
from harness.convert.conversion import converter
from harness.convert.kinds import Kind
from harness.convert.report import Outcome
from harness.errors import UsageError


def main(kind: Kind, source: Path, folder: Path) -> None:
    """Convert the model at ``source`` and compare its outputs with the original's."""
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="2", CUDA_VISIBLE_DEVICES="-1")
    os.chdir(folder)  # converters leave files where they are
    made = folder / "model.tflite"
    try:
        original = importlib.import_module(f"harness.convert.from_{kind.value}").convert(source, made)
        outcome = Outcome(report=comparing.compare(original, made, kind=kind.value, converter=converter(kind)))
    except UsageError as error:
        outcome = Outcome(refused=error.message)
    (folder / "outcome.json").write_bytes(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main(Kind(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
