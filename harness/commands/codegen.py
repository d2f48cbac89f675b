"""``codegen``: a network as C files that need neither mcuprof nor a library."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands import options
from harness.commands.options import JSON, with_tuning
from harness.commands.output import FORCE, require_free, writing
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.case import Settings
    from harness.compiler.choices import Choices
    from harness.compiler.program import Program
    from harness.compiler.strategy import Options
    from harness.config import Config


@click.command("codegen", epilog="Example:  mcuprof codegen digits -o digits_c && cc -std=c99 digits_c/*.c")
@click.argument("model")
@click.option(
    "--output",
    "-o",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder that the files are written to.",
)
@click.option(
    "--name", default="model", show_default=True, metavar="NAME", help="What files and functions are called."
)
@click.option("--no-fuse", is_flag=True, help="Make each operator a function of its own, and do nothing in place.")
@options.weights("Weights")
@click.option(
    "--board",
    "-b",
    "board_name",
    metavar="NAME",
    help="Compile for this board, with what `mcuprof tune` has found for its processor (default: all by rule).",
)
@options.optimization("With --board: the optimization that it was found for (default: the board core's own).")
@options.tuning
@options.results("With --board: the folder for results with what was found.")
@JSON
@FORCE
def codegen(
    *,
    model: str,
    folder: Path,
    name: str,
    no_fuse: bool,
    weights: str | None,
    board_name: str | None,
    as_json: bool,
    force: bool,
    **tuned: Any,  # noqa: ANN401
) -> int:
    """Compile MODEL to C: NAME.c, NAME.h and an example main.c, for any C99 compiler."""
    from harness import config, models
    from harness.case import Settings
    from harness.compiler import source
    from harness.compiler.service import compile_model, tvm_version
    from harness.compiler.strategy import Weights

    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,60}", name) or name == "main":
        msg = f"--name {name!r} cannot be the name of a C function and file: letters, digits and _, and not main"
        raise UsageError(msg)
    network = models.load(model)
    require_free(folder, force=force)
    settings_file = config.load()
    kept = settings_file.weights if weights is None else Weights(weights)
    how = _how(board_name, Settings(fuse=not no_fuse, weights=kept), settings_file, **tuned)
    program = compile_model(network, how.options, how.choices)
    title = f"{network.name}, compiled by TVM {tvm_version()}"
    files = source.files(program, title, name) | {"main.c": source.example(program, title, name)}
    with writing(folder):
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
    if as_json:
        facts = {
            "folder": str(folder),
            "files": sorted(files),
            "arena_bytes": program.arena_bytes,
            "constant_bytes": program.constant_bytes,
            "steps": len(program.calls),
            "tuning": how.describe(program),
        }
        click.echo(json.dumps({"schema": 1, "codegen": facts}, indent=1))
        return 0
    click.echo(f"wrote {', '.join(sorted(files))} to {folder}")
    click.echo(f"constants {program.constant_bytes:,} B, arena {program.arena_bytes:,} B, {len(program.calls)} steps")
    if board_name is not None:
        click.echo(f"tuning: {how.describe(program)}")
    return 0


@dataclass(frozen=True, kw_only=True)
class _How:
    """How a network is compiled."""

    options: Options
    choices: Choices
    describe: Callable[[Program], str]
    """Says which of the choices a program has."""


def _how(
    board_name: str | None,
    settings: Settings,
    settings_file: Config,
    *,
    optimization: str | None,
    tuning: str | None,
    no_tuning: bool,
    results: Path | None,
) -> _How:
    """Return how to compile by ``settings``, with what was found for a board where one is named."""
    from harness.compiler.choices import NONE
    from harness.compiler.executor import options_for
    from harness.compiler.strategy import Options
    from harness.compiler.tuned import Tuned

    if board_name is None:
        if optimization or tuning not in (None, "off") or results:
            msg = "--opt, --tuning and --results go with --board: what was found is for a processor"
            raise UsageError(msg)
        plain = Options(fuse=settings.fuse, weights=settings.weights)
        return _How(options=plain, choices=NONE, describe=lambda _: "not used")
    settings = with_tuning(
        replace(settings, optimization=optimization or settings_file.optimization),
        settings_file,
        results or settings_file.results_folder(),
        tuning=tuning,
        no_tuning=no_tuning,
    )
    board, tuned = settings_file.load_board(board_name), Tuned(settings)
    return _How(
        options=options_for(settings, board),
        choices=tuned.choices(board),
        describe=lambda program: tuned.describe(program, board),
    )
