"""``mcuprof convert``: a model of another framework as .tflite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import JSON, with_caches
from harness.commands.output import require_absent, write_file
from harness.errors import UsageError
from harness.types import Json

if TYPE_CHECKING:
    from harness.convert.conversion import Conversion
    from harness.convert.report import Report


@click.command(epilog="Example:  mcuprof convert my_model.onnx my_model.tflite")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@JSON
@with_caches
def convert(*, source: Path, target: Path, force: bool, as_json: bool) -> int:
    """Convert the model IN to OUT, a .tflite.

    IN is a .keras, a folder with a SavedModel, a .onnx, or a .pt2 that torch.export saved. Both networks are run on
    the same random inputs, and nothing is written where their outputs differ.
    """
    from harness.convert import conversion, kinds

    if not source.exists():
        msg = f"there is no model {source}"
        raise UsageError(msg)
    kind = kinds.of(source)
    if kind is None:
        what = "is one already" if source.suffix.lower() == ".tflite" else "is none of these"
        msg = f"{source} {what}: .keras, .onnx, .pt2 and folders with a saved_model.pb are converted to .tflite"
        raise UsageError(msg)
    if target.suffix.lower() != ".tflite":
        msg = f"the model is written as .tflite, and the name {target} does not end so"
        raise UsageError(msg)
    require_absent(target, force=force)
    found = conversion.convert(source, kind)
    write_file(target, found.data)
    if as_json:
        click.echo(json.dumps({"schema": 1, "conversion": document(source, target, found)}, indent=1))
        return 0
    for line in lines(found.report):
        click.echo(line)
    click.echo(f"model: {target} ({len(found.data):,} B)")
    return 0


def document(source: Path, target: Path, found: Conversion) -> dict[str, Json]:
    """Return a conversion as a script reads it."""
    import msgspec

    report: dict[str, Json] = msgspec.to_builtins(found.report)
    return {"source": str(source), "model": str(target), "bytes": len(found.data), **report}


def lines(report: Report) -> list[str]:
    """Return what a conversion did, for a person."""
    return [
        f"converted by {report.converter}",
        *(f"input  {port}" for port in report.inputs),
        *(f"output {port}" for port in report.outputs),
        f"{report.compared} random inputs: outputs differ by at most {report.largest_difference:.2g} "
        f"(the largest is {report.largest_output:.3g})",
    ]
