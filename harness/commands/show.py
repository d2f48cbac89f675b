"""The commands that show what there is and what is missing, and that get or drop it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from harness.errors import McuprofError, MissingError

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


def _show(rows: Sequence[dict[str, Any]], key: str, *, as_json: bool) -> None:
    """Print rows as a table, or as a JSON document under ``key``."""
    if as_json:
        click.echo(json.dumps({"schema": 1, key: list(rows)}, indent=1))
        return
    from rich import box
    from rich.table import Table

    from harness.report.terminal import console, print_table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in rows[0] if rows else [key]:
        number = bool(rows) and isinstance(rows[0][title], int | float)
        table.add_column(title, overflow="fold", no_wrap=number, justify="right" if number else "left")
    for row in rows:
        table.add_row(*(f"{v:,}" if isinstance(v, int) and not isinstance(v, bool) else str(v) for v in row.values()))
    print_table(table, console())


@click.command("boards", epilog="Example:  mcuprof boards --json")
@_JSON
def boards(*, as_json: bool) -> None:
    """List the boards."""
    from harness import boards as all_boards
    from harness import config

    rows = [
        {
            "board": board.name,
            "title": board.title,
            "FQBN": board.fqbn,
            "flash B": board.flash_bytes,
            "RAM B": board.ram_bytes,
            "clock Hz": board.clock_hz,
            "time is": board.clock.value,
        }
        for board in all_boards.load_all(config.load().path("boards"))
    ]
    _show(rows, "boards", as_json=as_json)


@click.command("models", epilog="Example:  mcuprof models")
@_JSON
def models(*, as_json: bool) -> None:
    """List the bundled models; any other .tflite is named by its path."""
    from harness import models as all_models

    rows = []
    for name in all_models.bundled():
        model = all_models.load(name)
        rows.append(
            {
                "model": name,
                "bytes": len(model.data),
                "input": " ".join(f"{t.dtype} {list(t.shape)}" for t in model.inputs),
                "output": " ".join(f"{t.dtype} {list(t.shape)}" for t in model.outputs),
                "operators": ", ".join(f"{use.count} {use.name}" for use in model.operators),
                "accuracy": model.metadata.get("accuracy", "not stated"),
                "trained on": model.metadata.get("data", "not stated"),
            }
        )
    _show(rows, "models", as_json=as_json)


@click.command("impls", epilog="Example:  mcuprof impls")
@_JSON
def impls(*, as_json: bool) -> None:
    """List the implementations: the ways of running a model."""
    from harness import config, implementations
    from harness.case import Settings

    settings_file = config.load()
    settings = Settings(tflm_library=settings_file.path("tflm_library"), sketchbook=settings_file.path("sketchbook"))
    rows = []
    for name in implementations.names():
        try:
            what = implementations.create(name, settings).describe()
        except McuprofError as error:
            what = f"not usable: {error.message}"
        rows.append({"implementation": name, "runs on": what})
    _show(rows, "implementations", as_json=as_json)


@click.command("doctor", epilog="Example:  mcuprof doctor")
@_JSON
def doctor(*, as_json: bool) -> int:
    """Say which tools are there, which are missing, and how to get them. Exit code 3 where one is missing."""
    from harness.setup import checks

    found = checks()
    rows = [
        {
            "tool": c.name,
            "there": "yes" if c.found else "NO",
            "version": c.version,
            "needed for": c.needed_for,
            "what to do": c.remedy or "nothing",
        }
        for c in found
    ]
    _show(rows, "checks", as_json=as_json)
    return 0 if all(check.found for check in found) else MissingError.exit_code


@click.command("setup", epilog="Example:  mcuprof setup")
def setup() -> int:
    """Get what can be had without the system's package manager: arduino-cli and the TFLM sources."""
    from harness.setup import checks, ensure_all

    ensure_all(click.echo)
    missing = [check for check in checks() if not check.found]
    for check in missing:
        click.echo(f"missing: {check.name}, for {check.needed_for}: {check.remedy}", err=True)
    if not missing:
        click.echo("everything is there")
    return MissingError.exit_code if missing else 0


@click.command("clean", epilog="Example:  mcuprof clean --limit 1000")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="MB",
    help="Drop what has not been used for longest until this much is left.",
)
@click.option("--all", "everything", is_flag=True, help="Drop the whole cache.")
@_JSON
def clean(*, limit: int | None, everything: bool, as_json: bool) -> None:
    """Show the size of the caches, and drop the oldest of them. Nothing that was measured is touched."""
    from harness import cache, config, paths

    megabytes = 0 if everything else limit
    if megabytes is None:
        megabytes = config.load().cache_limit_mb
    freed = cache.shrink(megabytes * 1_000_000)
    rows = [{"cache": name, "bytes": size} for name, size in cache.sizes().items()]
    rows.append({"cache": "dropped now", "bytes": freed})
    _show(rows, "caches", as_json=as_json)
    if not as_json:
        click.echo(f"in {Path(paths.cache())}; limit {megabytes:,} MB")
