"""The samples on a board: inputs go there, outputs come back, and each sample is written down as it is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from harness.accuracy import prediction
from harness.accuracy.examples import Example, Examples
from harness.accuracy.journal import Journal
from harness.accuracy.prediction import Prediction
from harness.case import Bench

if TYPE_CHECKING:
    from harness.models import Array

_SLACK = 20
"""An inference may take this many times as long as the one before it until it counts as hung."""
_LEAST_DEADLINE_S = 10.0
_TELL_S = 5.0
"""How often it is told how far it is."""


class Runner(Protocol):
    """A network on a board."""

    def begin(self) -> None:
        """Make board and network ready."""
        ...

    def run(self, example: Example) -> Prediction:
        """Run the network on each input of a sample."""
        ...


class FirmwareRunner:
    """A network behind the profiling firmware."""

    def __init__(self, bench: Bench, examples: Examples) -> None:
        self._bench = bench
        self._examples = examples
        self._deadline = bench.first_run_deadline()

    def begin(self) -> None:
        """Reset the chip and start the network up."""
        self._bench.firmware.reset()
        self._bench.firmware.start(self._bench.first_run_deadline())

    def run(self, example: Example) -> Prediction:
        """Write the inputs, run, and read the outputs; every line of them has a checksum."""
        raw, times = zip(*map(self._infer, example.inputs), strict=True)
        examples = self._examples
        made = prediction.of(example.index, raw, example.real, examples.model.outputs[0], examples.task)
        return replace(made, times=times)

    def _infer(self, inputs: Array) -> tuple[bytes, float]:
        firmware = self._bench.firmware
        firmware.write_inputs([inputs])
        began = time.monotonic()
        stretch = firmware.run(self._deadline)
        self._deadline = max(_LEAST_DEADLINE_S, _SLACK * (time.monotonic() - began))
        return firmware.read_outputs()[0], stretch.on(self._bench.built.case.board)


def predict(examples: Examples, runner: Runner, journal: Journal, say: Callable[[str], None]) -> list[Prediction]:
    """Run what the journal does not have yet, and return the predictions in the order of the examples."""
    found: list[Prediction] = []
    begun = False
    told = time.monotonic()
    for number, example in enumerate(examples.read()):
        digest = prediction.digest([window.tobytes() for window in example.inputs])
        known = journal.get(example.index, digest)
        if known is None:
            if not begun:
                runner.begin()
                begun = True
            began = time.monotonic()
            known = replace(runner.run(example), took_s=time.monotonic() - began)
            journal.add(digest, known)
            if time.monotonic() - told > _TELL_S:
                told = time.monotonic()
                say(f"sample {number + 1:,} of {len(examples.indices):,}")
        found.append(known)
    return found
