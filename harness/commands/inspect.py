"""``inspect``: what a model's file says, before anything is built."""

from __future__ import annotations

import json
from pathlib import Path

import click

from harness.commands import options
from harness.commands.options import JSON, with_tuning
from harness.commands.output import write_file
from harness.errors import UsageError


@click.command("inspect", epilog="Example:  mcuprof inspect my_model.tflite --board nano33ble --svg graph.svg")
@click.argument("model")
@click.option("--board", "-b", "boards", multiple=True, metavar="NAME", help="Board; all where none is named.")
@click.option(
    "--impl", "-i", "implementations", multiple=True, metavar="NAME", help="Implementation; all where none is named."
)
@options.tflm_library("judge by")
@options.sketchbook("libraries")
@click.option(
    "--svg",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw the graph into this file, over one that is there.",
)
@JSON
def inspect(
    *,
    model: str,
    boards: tuple[str, ...],
    implementations: tuple[str, ...],
    tflm_library: Path | None,
    sketchbook: Path | None,
    svg: Path | None,
    as_json: bool,
) -> int:
    """Tell what MODEL is made of, who can run it and where it can fit. Nothing is built.

    Operators with shapes and MACs, parameters, bytes of weights and activations, a lower bound of the arena, and for
    each implementation and board whether the model may fit or why it cannot.
    """
    from harness import config, models
    from harness import implementations as all_implementations
    from harness.case import Settings
    from harness.inspection import facts, picture, show, support

    if svg is not None and svg.suffix.lower() != ".svg":
        msg = f"--svg takes the file to write, whose name ends in .svg, and {svg} does not"
        raise UsageError(msg)
    settings_file = config.load()
    settings = Settings(
        optimization=settings_file.optimization,
        weights=settings_file.weights,
        tflm_library=tflm_library or settings_file.path("tflm_library"),
        sketchbook=sketchbook or settings_file.path("sketchbook"),
    )
    settings = with_tuning(settings, settings_file, settings_file.results_folder(), tuning=None, no_tuning=False)
    found = facts.of(models.load(model))
    names = dict.fromkeys(implementations or all_implementations.names())
    chosen = [settings_file.load_board(name) for name in dict.fromkeys(boards)] or settings_file.load_boards()
    fits = support.fits(found.model, [all_implementations.create(name, settings) for name in names], chosen)
    if svg is not None:
        write_file(svg, picture.draw(found).encode())
    supports = support.supports(fits)
    if as_json:
        drawn = {"svg": str(svg)} if svg else {}
        document = {"schema": 1, "inspection": show.document(found, supports, fits) | drawn}
        click.echo(json.dumps(document, indent=1))
        return 0
    from harness.report import terminal

    show.show(found, supports, fits, terminal.console())
    if svg is not None:
        click.echo(f"graph: {svg}")
    return 0
