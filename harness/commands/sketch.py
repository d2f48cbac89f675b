"""``sketch``: the sketch of a case as a folder, to open in the Arduino IDE."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import click

from harness.commands import options
from harness.commands.options import JSON, with_caches, with_tuning
from harness.commands.output import FORCE, require_free, writing
from harness.errors import UsageError


@click.command("sketch", epilog="Example:  mcuprof sketch digits --impl tflm --board nano33ble-sim -o digits_sketch")
@click.argument("model")
@click.option("--impl", "-i", "implementation", required=True, metavar="NAME", help="Implementation.")
@click.option("--board", "-b", "board_name", required=True, metavar="NAME", help="Board.")
@click.option(
    "--output",
    "-o",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the sketch; its name is the sketch's name.",
)
@click.option(
    "--arena",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="TFLM's tensor arena (default: the smallest that works, searched for on the board).",
)
@options.optimization("Compiler optimization that the arena is searched with.")
@click.option("--no-fuse", is_flag=True, help="TVM: make each operator a function of its own.")
@options.tuning
@options.weights()
@options.tflm_library()
@options.sketchbook()
@click.option(
    "--protocol",
    type=click.Choice(["mcuprof", "mlperf-tiny"]),
    default="mcuprof",
    show_default=True,
    help="What the firmware speaks; MLPerf Tiny's own runner can drive the second.",
)
@click.option(
    "--sent",
    type=click.Choice(["int8", "uint8"]),
    default="int8",
    show_default=True,
    help="With mlperf-tiny: what is sent for an int8 input, its own bytes or pixels from 0 to 255.",
)
@click.option("--model-id", default="mcuprof", metavar="NAME", help="With mlperf-tiny: its name, such as kws01.")
@click.option("--reconstruction", is_flag=True, help="With mlperf-tiny: the result is the error, as of ad01.")
@JSON
@FORCE
@with_caches
def sketch(
    *,
    model: str,
    implementation: str,
    board_name: str,
    folder: Path,
    arena: int | None,
    optimization: str | None,
    no_fuse: bool,
    weights: str | None,
    tuning: str | None,
    no_tuning: bool,
    tflm_library: Path | None,
    sketchbook: Path | None,
    protocol: str,
    sent: str,
    model_id: str,
    reconstruction: bool,
    as_json: bool,
    force: bool,
) -> int:
    """Write the sketch that runs MODEL, with the profiling firmware, into a folder."""
    if protocol == "mcuprof" and (reconstruction or sent != "int8" or model_id != "mcuprof"):
        msg = "--sent, --model-id and --reconstruction go with --protocol mlperf-tiny"
        raise UsageError(msg)
    from harness import config, implementations, models
    from harness.case import Case, Settings
    from harness.compiler.strategy import Weights
    from harness.mlperf_tiny.variant import Dialect, Sent, speaking
    from harness.platform import workplace
    from harness.port_choice import choose_ports
    from harness.sketch import NAME, encoded
    from harness.workbench import Workbench

    settings_file = config.load()
    settings = Settings(
        arena=arena,
        fuse=not no_fuse,
        weights=settings_file.weights if weights is None else Weights(weights),
        optimization=optimization or settings_file.optimization,
        tflm_library=tflm_library or settings_file.path("tflm_library"),
        sketchbook=sketchbook or settings_file.path("sketchbook"),
    )
    results = settings_file.results_folder()
    settings = with_tuning(settings, settings_file, results, tuning=tuning, no_tuning=no_tuning)
    place = workplace(settings_file.path("boards"), settings.sketchbook)
    case = Case(
        model=models.load(model),
        board=settings_file.load_board(board_name),
        implementation=implementations.create(implementation, settings),
    )
    require_free(folder, force=force)
    ports = choose_ports([case.board], None, settings_file.port_of)
    bench = Workbench(place, settings, lambda text: click.echo(text, err=True), ports=ports)
    try:
        made = bench.sketch(case)
        if protocol == "mlperf-tiny":
            dialect = Dialect(model_id=model_id, sent=Sent(sent), reconstruction=reconstruction)
            made = speaking(made, case.model, case.board, implementation, dialect)
    finally:
        bench.close()
    with writing(folder):
        for name, content in made.files.items():
            # The Arduino IDE wants the main file named after its folder.
            target = f"{folder.resolve().name}.ino" if name == f"{NAME}.ino" else name
            (folder / target).write_bytes(encoded(content))
        library = case.implementation.library()
        if library is not None:
            shutil.copytree(library.path, folder / "libraries" / library.path.name, dirs_exist_ok=True)
    command = bench.compile_command(case, folder, folder / "libraries" if library is not None else None)
    if as_json:
        facts = {"folder": str(folder), "fqbn": case.board.fqbn, "compile": command}
        click.echo(json.dumps({"schema": 1, "sketch": facts}, indent=1))
        return 0
    click.echo(f"sketch: {folder} (for {case.board.fqbn})")
    if library is not None:
        click.echo(
            f"its library: {folder / 'libraries' / library.path.name}; the Arduino IDE wants it in your sketchbook"
        )
    click.echo(f"to build it:\n  {shlex.join(command)}")
    return 0
