"""Samples through a board that speaks MLPerf Tiny's protocol, whoever has flashed it."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.accuracy import measure
from harness.accuracy.examples import Example, Examples
from harness.accuracy.pipeline import Done, Trial, Work, depends_on
from harness.accuracy.prediction import Prediction
from harness.accuracy.task import Task
from harness.boards import Board
from harness.builds import Build
from harness.case import Case, Oversized
from harness.errors import HungError, RigError
from harness.mlperf_tiny.device import Device, Inferred, RefusedError
from harness.mlperf_tiny.variant import Dialect, Sent, speaking
from harness.types import Clock
from harness.workbench import Workbench

if TYPE_CHECKING:
    from harness.models import Array

_TRIES = 3
_FIRST_RUN_S = 300.0
_SLACK = 20
_LEAST_DEADLINE_S = 10.0


class MlperfRunner:
    """A network behind MLPerf Tiny's protocol. Its results are real numbers, rounded by the board."""

    def __init__(self, device: Device, examples: Examples, board: Board, sent: Sent) -> None:
        self._device = device
        self._examples = examples
        self._board = board
        self._sent = sent
        self._deadline = _FIRST_RUN_S

    def begin(self) -> None:
        """Do nothing: the board has answered already."""

    def run(self, example: Example) -> Prediction:
        """Load each input and run once; raises ``RigError`` where the board keeps failing."""
        import numpy as np

        done = [self._infer(self._bytes(example, place)) for place in range(len(example.inputs))]
        values = np.mean([inferred.results for inferred in done], axis=0).tolist()
        # What is rounded has no digest: equal bits cannot be told.
        return Prediction(
            index=example.index,
            digest="",
            values=tuple(map(float, values)),
            times=tuple(self._in_unit(inferred.elapsed_s) for inferred in done),
        )

    def _in_unit(self, seconds: float) -> float:
        """Return a time in the unit of the board's clock."""
        return seconds if self._board.clock is Clock.HARDWARE else seconds * self._board.clock_hz

    def _bytes(self, example: Example, place: int) -> bytes:
        """Return an input as the runner sends it: of anomaly detectors real numbers, else the model's own bytes."""
        import numpy as np

        if self._examples.task is Task.ANOMALY:
            return bytes(example.real[place].astype(np.float32).tobytes())
        found: Array = example.inputs[place]
        pixels = self._sent is Sent.PIXELS and found.dtype == np.int8
        return bytes((found.astype(np.int16) + 128).astype(np.uint8).tobytes() if pixels else found.tobytes())

    def _infer(self, data: bytes) -> Inferred:
        why: Exception | None = None
        for _ in range(_TRIES):
            try:
                self._device.load(data)
                began = time.monotonic()
                inferred = self._device.infer(1, 0, self._deadline)
                self._deadline = max(_LEAST_DEADLINE_S, _SLACK * (time.monotonic() - began))
                self._require_count(inferred)
            except (HungError, RefusedError) as error:
                why = error
                self._device.settle()
            else:
                return inferred
        said = why.message if isinstance(why, HungError) else f"the board answered: {why}"
        msg = f"{said} ({_TRIES} times)"
        raise RigError(msg) from why

    def _require_count(self, inferred: Inferred) -> None:
        reconstruction = self._examples.task is Task.ANOMALY
        wanted = 1 if reconstruction else math.prod(self._examples.model.outputs[0].shape)
        if len(inferred.results) != wanted:
            msg = (
                f"it gave {len(inferred.results)} results, and {self._examples.model.name} has {wanted} to give: is "
                "it another model?"
            )
            raise RefusedError(msg)


@dataclass(frozen=True, kw_only=True)
class ByMlperf:
    """How samples are run on a board that speaks the protocol: an ``accuracy.pipeline.OnBoard``."""

    model_id: str
    sent: Sent
    flashed: bool
    """Whether the board is left as it is."""

    def __call__(self, case: Case, trial: Trial, work: Work) -> Done:
        """Flash where that is asked for, then run what the journal lacks; raises ``CaseError``."""
        if self.flashed:
            with self._talk(case, None, work.workbench) as device:
                return Done(predictions=self._predict(case, trial, work, device, f"flashed {device.name}"))
        built = work.workbench.build(case)
        if isinstance(built, Oversized):
            raise built.refusal
        dialect = Dialect(model_id=self.model_id, sent=self.sent, reconstruction=trial.examples.task is Task.ANOMALY)
        name = case.implementation.name
        build = work.workbench.build_variant(
            built, lambda whole: speaking(whole, case.model, case.board, name, dialect), f"{case} (mlperf-tiny)"
        )
        with self._talk(case, build, work.workbench) as device:
            found = self._predict(case, trial, work, device, build.key)
        return Done(predictions=found, build=build, arena=built.arena, arena_probes=built.arena_probes)

    @contextlib.contextmanager
    def _talk(self, case: Case, build: Build | None, workbench: Workbench) -> Iterator[Device]:
        rig = workbench.rig(case.board)
        if build is not None:
            workbench.upload_for(case, build, rig)
        with contextlib.closing(workbench.wire_log(str(case))) as log:
            device = Device(rig.listen(case.board.baud), rig.trouble, timer=workbench.timer, record=log.record)
            with contextlib.closing(device):
                device.hello()
                workbench.say(f"{case}: {device.name!r} answers, with the model {device.model!r}")
                yield device

    def _predict(self, case: Case, trial: Trial, work: Work, device: Device, program: str) -> list[Prediction]:
        say: Callable[[str], None] = lambda text: work.workbench.say(f"{case}: {text}")  # noqa: E731
        say(f"{len(trial.examples.indices):,} samples by MLPerf Tiny's protocol")
        runner = MlperfRunner(device, trial.examples, case.board, self.sent)
        with work.journal(case, depends_on(trial, build=program, protocol="mlperf-tiny")) as journal:
            return measure.predict(trial.examples, runner, journal, say)
