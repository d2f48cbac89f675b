"""``mcuprof quantize``: a float model as an integer one."""

from __future__ import annotations

import json
from pathlib import Path

import click

from harness.commands.options import DEFAULT_BOARD, JSON, with_caches
from harness.commands.output import require_absent, write_file
from harness.errors import UsageError

_TASKS = ("classifier", "regressor", "anomaly")
_SCHEMES = ("int8", "int16x8", "dynamic", "float16")


@click.command(epilog="Example:  mcuprof quantize digits.keras --data digits.npz --scheme int8 -o digits.tflite")
@click.argument("model", metavar="MODEL")
@click.option(
    "--scheme",
    type=click.Choice(_SCHEMES),
    default="int8",
    show_default=True,
    help="int8: runs everywhere. int16x8: with tvm-aot and tvm-graph, and with tflm by kernels that have it. "
    "float16: with tvm-aot and tvm-graph. "
    "dynamic: on no board.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Representative samples: an .npz with x_data, a .csv, or a folder of images or .wav files by class.",
)
@click.option(
    "--test",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Samples to try both models on (default: those of --data that ranges are not taken from).",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="The .tflite.")
@click.option(
    "--calibration",
    type=click.IntRange(min=1, max=10_000),
    default=200,
    show_default=True,
    metavar="N",
    help="How many samples ranges are taken from, at most half of them.",
)
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    metavar="N",
    help="How many samples both models are tried on, at most.",
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="S", help="Chooses which samples.")
@click.option(
    "--range",
    "ends",
    type=float,
    nargs=2,
    metavar="LOW HIGH",
    help="The input's range (default: that of the calibration samples).",
)
@click.option("--task", type=click.Choice(_TASKS), help="What the model is for (default: guessed from the labels).")
@click.option(
    "--tflm-library", type=click.Path(path_type=Path), metavar="DIR", help="TFLM to ask whether it runs the model."
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@JSON
@with_caches
def quantize(
    *,
    model: str,
    scheme: str,
    data: Path | None,
    test: Path | None,
    output: Path | None,
    calibration: int,
    samples: int,
    seed: int,
    ends: tuple[float, float] | None,
    task: str | None,
    tflm_library: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Quantize the float MODEL after training.

    Ranges of activations are taken from samples chosen by the seed, and both models are tried on others: their scores
    where there are labels, else how far their outputs differ. Then each implementation is asked whether it runs it.
    """
    from harness import config
    from harness.accuracy.task import Task
    from harness.case import Settings
    from harness.quantization import pipeline, show
    from harness.quantization.scheme import Scheme

    out = output or Path(f"{Path(model).stem}_{scheme}.tflite")
    if out.suffix.lower() != ".tflite":
        msg = f"the model is written as .tflite, and the name {out} does not end so"
        raise UsageError(msg)
    require_absent(out, force=force)
    if out.exists() and Path(model).exists() and out.samefile(model):
        msg = f"{out} is the float model, which nothing could be made of any more: choose another file with -o"
        raise UsageError(msg)
    if ends is not None and not -float("inf") < ends[0] < ends[1] < float("inf"):
        msg = f"--range takes the smaller end first, and they are {ends[0]:g} and {ends[1]:g}"
        raise UsageError(msg)
    asked = pipeline.Asked(
        model=model,
        scheme=Scheme(scheme),
        out=out,
        data=data,
        test=test,
        calibration=calibration,
        samples=samples,
        seed=seed,
        ends=ends,
        task=Task(task) if task else None,
    )
    settings_file = config.load()
    settings = Settings(
        tflm_library=tflm_library or settings_file.path("tflm_library"), sketchbook=settings_file.path("sketchbook")
    )
    board = settings_file.load_board(DEFAULT_BOARD)
    found = pipeline.quantize(asked, settings, board, _say)
    for warning in show.warnings(found):
        _say(f"warning: {warning}")
    write_file(out, found.model.data)
    if as_json:
        click.echo(json.dumps({"schema": 1, "quantization": show.document(asked, found)}, indent=1))
        return 0
    for line in show.lines(asked, found):
        click.echo(line)
    click.echo(f"model: {out}")
    return 0


def _say(text: str) -> None:
    click.echo(f"mcuprof: {text}", err=True)
