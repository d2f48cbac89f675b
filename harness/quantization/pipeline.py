"""From a float network and data to a quantized one, with what it costs and who runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness import models
from harness.accuracy.task import Task
from harness.boards import Board
from harness.case import Settings
from harness.errors import UsageError
from harness.inspection.support import Support
from harness.models import Model
from harness.quantization import data, service, support, trial
from harness.quantization.scheme import Scheme
from harness.quantization.trial import Trial

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the user wants."""

    model: str
    scheme: Scheme
    out: Path
    data: Path | None = None
    test: Path | None = None
    calibration: int = 200
    samples: int = 1000
    seed: int = 0
    ends: tuple[float, float] | None = None
    """The input's range; None is that of the calibration samples."""
    task: Task | None = None


@dataclass(frozen=True, kw_only=True)
class Quantized:
    """What came out."""

    source: Model
    model: Model
    split: data.Split | None
    trial: Trial | None
    clipped: float
    """Share of the test samples' values that are outside the input's range."""
    runs_on: tuple[Support, ...]


def quantize(asked: Asked, settings: Settings, board: Board, say: Say) -> Quantized:
    """Quantize; raises ``UsageError`` where network or data do not fit, ``MissingError`` without the quantizer."""
    if asked.scheme.calibrated and asked.data is None:
        msg = f"{asked.scheme.value} takes ranges of activations from representative samples: name them with --data"
        raise UsageError(msg)
    source = models.load(asked.model)
    require_float(source)
    service.require_packages()
    split = _split(source, asked)
    tested = asked.test or asked.data
    if tested is not None:
        trial.require_fitting(source, tested, asked.task)
    inputs = []
    if asked.scheme.calibrated and asked.data is not None and split is not None:
        inputs = data.calibration_inputs(source, data.open_for(source, asked.data), split.calibration, asked.ends)
    say(f"quantizing {source.name} to {asked.scheme.value} by {service.name()}")
    made = service.quantize(source, asked.scheme, inputs, asked.ends, asked.out)
    clipped, tried = 0.0, None
    if tested is not None and split is not None:
        clipped = data.clipped_share(made, tested, split.test)
        say(f"running both networks on {len(split.test):,} samples")
        tried = trial.run(source, made, tested, split.test, asked.task)
    say("asking who runs it")
    runs_on = tuple(support.runs_on(made, settings, board))
    return Quantized(source=source, model=made, split=split, trial=tried, clipped=clipped, runs_on=runs_on)


def require_float(model: Model) -> None:
    """Raise ``UsageError`` where ``model`` is no float network, or has custom operators."""
    custom = [use.custom for use in model.operators if use.custom]
    if custom:
        msg = f"{model.name} has the custom operator {custom[0]}, which no quantizer here knows"
        raise UsageError(msg)
    others = [tensor.dtype for tensor in (*model.inputs, *model.outputs) if tensor.dtype != "float32"]
    if others:
        msg = f"{model.name} is no float network ({others[0]}): what is to be quantized takes and gives float32"
        raise UsageError(msg)
    if any(use.name in ("QUANTIZE", "DEQUANTIZE") for use in model.operators):
        msg = f"{model.name} is quantized in part already: begin with the float network that it was made of"
        raise UsageError(msg)


def _split(source: Model, asked: Asked) -> data.Split | None:
    if asked.data is None and asked.test is None:
        return None
    tests = data.open_for(source, asked.test).count if asked.test else None
    count = data.open_for(source, asked.data).count if asked.data else 0
    return data.split(count, calibration=asked.calibration, test=asked.samples, tests=tests, seed=asked.seed)
