"""``codegen``: a network as C files that need neither mcuprof nor a library."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from harness.commands.output import FORCE, require_free, writing
from harness.errors import UsageError


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
@click.option(
    "--weights",
    type=click.Choice(["int8", "int16"]),
    help="Weights in flash; int16 takes twice the flash and less time (default: int8).",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@FORCE
def codegen(
    *, model: str, folder: Path, name: str, no_fuse: bool, weights: str | None, as_json: bool, force: bool
) -> int:
    """Compile MODEL to C: NAME.c, NAME.h and an example main.c, for any C99 compiler."""
    from harness import models
    from harness.compiler import source
    from harness.compiler.service import compile_model, tvm_version
    from harness.compiler.strategy import Options, Weights

    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,60}", name) or name == "main":
        msg = f"--name {name!r} cannot be the name of a C function and file: letters, digits and _, and not main"
        raise UsageError(msg)
    network = models.load(model)
    require_free(folder, force=force)
    options = Options(fuse=not no_fuse, weights=Weights(weights or Weights.INT8.value))
    program = compile_model(network, options)
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
        }
        click.echo(json.dumps({"schema": 1, "codegen": facts}, indent=1))
        return 0
    click.echo(f"wrote {', '.join(sorted(files))} to {folder}")
    click.echo(f"constants {program.constant_bytes:,} B, arena {program.arena_bytes:,} B, {len(program.calls)} steps")
    return 0
