"""The commands that show what there is and what is missing, and that get or drop it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.options import JSON
from harness.errors import McuprofError, MissingError

if TYPE_CHECKING:
    from harness.config import Config
    from harness.platform import Workplace
    from harness.setup import Check

_BOARD = click.option("--board", "-b", "board_name", metavar="NAME", help="Also what this board needs.")


_ATTACHED = ("port", "permission")
"""What set-up does not need: the board itself may be attached later."""


def _show(rows: Sequence[dict[str, Any]], key: str, *, as_json: bool) -> None:
    """Print rows as a table, or as a JSON document under ``key``."""
    if as_json:
        click.echo(json.dumps({"schema": 1, key: list(rows)}, indent=1))
        return
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from harness.report.terminal import console, print_table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in rows[0] if rows else [key]:
        number = bool(rows) and isinstance(rows[0][title], int | float)
        table.add_column(title, overflow="fold", no_wrap=number, justify="right" if number else "left")
    for row in rows:
        cells = (f"{v:,}" if isinstance(v, int) and not isinstance(v, bool) else str(v) for v in row.values())
        table.add_row(*map(escape, cells))
    print_table(table, console())


@click.command("boards", epilog="Example:  mcuprof boards --json")
@JSON
def boards(*, as_json: bool) -> None:
    """List the boards, the ports that they are attached at, and whether their cores are there."""
    from harness import config, ports, serial_port

    settings_file = config.load()
    known = settings_file.load_boards()
    place = _workplace(settings_file)
    attached = ports.by_board(known, serial_port.attached())
    rows = [
        {
            "board": board.name,
            "title": board.title,
            "fqbn": board.fqbn,
            "flash_bytes": board.flash_bytes,
            "ram_bytes": board.ram_bytes,
            "clock_hz": board.clock_hz,
            "clock": board.clock.value,
            "port": next((device.path for device in attached.get(board.name, ())), None),
            "ports": [device.path for device in attached.get(board.name, ())],
            "core": board.core_id,
            "core_installed": place.core(board.core_id) is not None,
        }
        for board in known
    ]
    if as_json:
        _show(rows, "boards", as_json=True)
        return
    shown = [
        {
            "board": row["board"],
            "title": row["title"],
            "flash B": row["flash_bytes"],
            "RAM B": row["ram_bytes"],
            "MHz": _megahertz(board.clock_hz),
            "time is": row["clock"],
            "port": " ".join(device.path for device in attached.get(board.name, ())) or "",
            "core": board.core_id if row["core_installed"] else f"{board.core_id} MISSING",
        }
        for board, row in zip(known, rows, strict=True)
    ]
    _show(shown, "boards", as_json=False)
    if not all(row["core_installed"] for row in rows):
        click.echo("`mcuprof setup --board NAME` gets the missing core of a board")


def _megahertz(hertz: int) -> str:
    return f"{hertz / 1_000_000:g}"


def _workplace(settings_file: Config) -> Workplace:
    from harness.platform import workplace

    return workplace(settings_file.path("boards"), settings_file.path("sketchbook"))


@click.command("models", epilog="Example:  mcuprof models")
@JSON
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
@JSON
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


@click.command("doctor", epilog="Example:  mcuprof doctor --board uno")
@_BOARD
@JSON
def doctor(*, board_name: str | None, as_json: bool) -> int:
    """Say which tools are there, which are missing, and how to get them. Exit code 3 where one is missing."""
    found = _checks(board_name)
    _show(check_rows(found), "checks", as_json=as_json)
    return 0 if all(check.found for check in found) else MissingError.exit_code


def check_rows(found: Sequence[Check]) -> list[dict[str, Any]]:
    """Return checks as ``doctor`` shows them."""
    return [
        {
            "tool": c.name,
            "there": "yes" if c.found else "NO",
            "version": c.version,
            "needed for": c.needed_for,
            "what to do": c.remedy or "nothing",
        }
        for c in found
    ]


def _checks(board_name: str | None) -> list[Check]:
    """Return the checks of everything, or of what one board needs."""
    from harness.setup import checks

    if board_name is None:
        return checks()
    from harness import config, serial_port
    from harness.setup.board_doctor import board_checks

    settings_file = config.load()
    board = settings_file.load_board(board_name)
    devices = () if board.is_virtual else serial_port.attached()
    of_the_board = board_checks(board, _workplace(settings_file), devices, settings_file.port_of(board_name))
    return [*checks(for_virtual_boards=board.is_virtual), *of_the_board]


@click.command("setup", epilog="Example:  mcuprof setup --board nano33ble --tflm ~/tflite-micro")
@_BOARD
@click.option(
    "--tflm",
    metavar="URL|PATH",
    help="TFLM to build with: the git address, .zip or folder of an Arduino library, a folder with its sources, or "
    "'default'.",
)
def setup(*, board_name: str | None, tflm: str | None) -> int:
    """Get what can be had without the system's package manager: arduino-cli, TFLM, a board's core."""
    from harness import config
    from harness.setup import checks, ensure_all

    settings_file = config.load()
    board = settings_file.load_board(board_name) if board_name else None
    if tflm is not None:
        _setup_tflm(tflm, settings_file)
    ensure_all(click.echo)
    if board is not None:
        from harness.setup.core_install import ensure_core

        ensure_core(board, _workplace(settings_file), click.echo)
    found = checks() if board is None else [c for c in _checks(board.name) if c.name not in _ATTACHED]
    missing = [check for check in found if not check.found]
    for check in missing:
        click.echo(f"missing: {check.name}, for {check.needed_for}: {check.remedy}", err=True)
    if not missing:
        click.echo("everything is there")
    return MissingError.exit_code if missing else 0


def _setup_tflm(what: str, settings_file: Config) -> None:
    from harness.setup import ensure_arduino_cli, tflm_install

    if what == tflm_install.DEFAULT:
        tflm_install.remove(click.echo)
    else:
        tflm_install.kind_of(what)  # what cannot be installed is known before the work
        ensure_arduino_cli(click.echo)
        tflm_install.install(what, click.echo)
    for key in ("tflm_library", "sketchbook"):
        path = settings_file.path(key)
        if path is not None:
            click.echo(f"TFLM: {key} in mcuprof.toml goes before it: {path}")


@click.command("clean", epilog="Example:  mcuprof clean --limit 1000")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="MB",
    help="Drop what has not been used for longest until this much is left.",
)
@click.option("--all", "everything", is_flag=True, help="Drop the whole cache.")
@JSON
def clean(*, limit: int | None, everything: bool, as_json: bool) -> None:
    """Show the size of the caches, and drop the oldest of them. Nothing that was measured is touched."""
    from harness import cache, config, paths

    megabytes = 0 if everything else limit
    if megabytes is None:
        megabytes = config.load().cache_limit_mb
    with cache.idle():
        freed = cache.shrink(megabytes * 1_000_000)
    rows = [{"cache": name, "bytes": size} for name, size in cache.sizes().items()]
    rows.append({"cache": "dropped now", "bytes": freed})
    _show(rows, "caches", as_json=as_json)
    if not as_json:
        click.echo(f"in {Path(paths.cache())}; limit {megabytes:,} MB")
