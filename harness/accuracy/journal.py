"""What came out, sample by sample, in a file that grows: what was measured once is not lost, however a run ends.

A line is ``CHECKSUM JSON``. The first one says what the samples were run with; those after it are of one sample each.
A line that was cut off when the process or the machine died does not match its checksum, and is dropped.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.accuracy.prediction import Prediction
from harness.errors import McuprofError
from harness.types import Json


class Journal:
    """The predictions of one case. ``header`` says what they depend on: a file with another one begins anew."""

    def __init__(self, path: Path, header: Mapping[str, Json]) -> None:
        self._path = path
        self._found: dict[int, tuple[str, Prediction]] = {}
        with self._telling():
            path.parent.mkdir(parents=True, exist_ok=True)
            kept = self._read(dict(header))
            self._file = path.open("r+b" if kept else "wb", buffering=0)
            self._file.truncate(kept)
            self._file.seek(kept)
        if not kept:
            self._write(dict(header))

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            os.fsync(self._file.fileno())
        self._file.close()

    def __len__(self) -> int:
        return len(self._found)

    def get(self, index: int, inputs: str) -> Prediction | None:
        """Return what came out for a sample, None where it was not run yet, or with other inputs (their digest)."""
        found = self._found.get(index)
        return found[1] if found is not None and found[0] == inputs else None

    def add(self, inputs: str, prediction: Prediction) -> None:
        """Write down what came out for a sample; raises ``McuprofError`` where that cannot be done."""
        self._write(
            {
                "sample": prediction.index,
                "inputs": inputs,
                "outputs": prediction.digest,
                "values": list(prediction.values),
                "times": list(prediction.times),
                "took_s": prediction.took_s,
            }
        )
        self._found[prediction.index] = inputs, prediction

    def _write(self, content: Mapping[str, Any]) -> None:
        text = json.dumps(content).encode()
        with self._telling():
            self._file.write(b"%08x %s\n" % (zlib.crc32(text), text))

    def _read(self, header: dict[str, Json]) -> int:
        """Take what is there over, and return up to which byte it is good; 0 where all of it begins anew."""
        if not self._path.is_file():
            return 0
        kept = 0
        with self._path.open("rb") as stream:
            for number, line in enumerate(stream):
                content = _checked(line)
                if content is None or (number == 0 and content != header):
                    break
                if number:
                    prediction = _prediction(content)
                    self._found[prediction.index] = content["inputs"], prediction
                kept += len(line)
        return kept

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            msg = (
                f"{self._path} cannot be written: {error.strerror or error}. What was measured before is still there"
            )
            raise McuprofError(msg) from error


def _checked(line: bytes) -> dict[str, Any] | None:
    checksum, _, text = line.partition(b" ")
    text = text.removesuffix(b"\n")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text):
        return None
    content: dict[str, Any] = json.loads(text)
    return content


def _prediction(content: Mapping[str, Any]) -> Prediction:
    return Prediction(
        index=content["sample"],
        digest=content["outputs"],
        values=tuple(content["values"]),
        times=tuple(content["times"]),
        took_s=content["took_s"],
    )
