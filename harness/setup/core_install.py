"""The core of a real board, installed by arduino-cli into mcuprof's own data folder, which outlives every cache."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from harness import cmd, cores
from harness.boards import Board
from harness.errors import MissingError
from harness.platform import Workplace
from harness.setup import alone, tools
from harness.setup.arduino_cli import find_arduino_cli

Say = Callable[[str], None]

_INDEX_WITHIN_S = 300.0
_INSTALL_WITHIN_S = 3600.0
"""Some cores come with half a gigabyte of compiler."""
_NETWORK = re.compile(
    r"download failed|no such host|dial tcp|proxyconnect|connection refused|timed? ?out|network is", re.IGNORECASE
)


def ensure_core(board: Board, place: Workplace, say: Say) -> None:
    """Install the core of ``board`` where ``place`` has none; raises ``MissingError`` where it cannot be had."""
    there = place.core(board.core_id)
    if there is not None:
        say(f"the core {board.core_id} is there: {there.resolve()}")
        return
    with alone(say) as work:
        config = _write_config(work)
        index = ["--additional-urls", board.core.package_index] if board.core.package_index else []
        say(f"downloading the core {board.core_id} and its compiler for {board.name}; this can take some minutes")
        # That an index is old is no obstacle; install says what is.
        updated = _call(config, ["core", "update-index", *index], _INDEX_WITHIN_S)
        done = _call(config, ["core", "install", board.core_id, *index], _INSTALL_WITHIN_S)
        if done.returncode != 0 or board.core_id not in cores.installed():
            raise MissingError(_why_not(board, place, [done.stderr, done.stdout, updated.stderr, updated.stdout]))
        cores.ensure_indexes()
    say(f"the core {board.core_id} is installed: {cores.installed()[board.core_id]}")


def _write_config(work: Path) -> Path:
    """Write a configuration that keeps arduino-cli away from the user's folders."""
    config: dict[str, object] = {
        "directories": {
            "data": str(cores.data_dir()),
            "downloads": str(work / "downloads"),
            "user": str(work / "sketchbook"),
        },
        "updater": {"enable_notification": False},
        "metrics": {"enabled": False},
    }
    # arduino-cli heeds none of the variables by which other programs are told of a proxy.
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    if proxy:
        config["network"] = {"proxy": proxy}
    path = work / "arduino-cli.yaml"
    path.write_text(json.dumps(config) + "\n", encoding="utf-8")  # JSON is YAML
    return path


def _call(config: Path, words: Sequence[str], timeout: float) -> cmd.Completed:
    argv = [str(find_arduino_cli().path), "--config-file", str(config), "--no-color", *words]
    return cmd.run(argv, env=tools.without("ARDUINO_"), timeout=timeout, check=False)


def _why_not(board: Board, place: Workplace, said: Sequence[str]) -> str:
    lines = [line.strip() for text in said for line in text.splitlines() if line.strip()]
    failed = next((line for line in lines if _NETWORK.search(line)), None)
    reason = (failed or (lines[-1] if lines else "arduino-cli said nothing")).split("Download failed: ")[-1]
    vendor, architecture = board.core_id.split(":")
    sketchbook = place.sketchbooks[0] if place.sketchbooks else Path("SKETCHBOOK")
    return (
        f"the core {board.core_id} of the board {board.name} could not be "
        f"{'downloaded' if failed else 'installed'} ({reason}). With a network, run `mcuprof setup --board "
        f"{board.name}` again. Without one, copy the core's folder from a machine that has it, where it is "
        f"packages/{vendor}/hardware/{architecture}/VERSION in arduino-cli's data folder, to "
        f"{sketchbook / 'hardware' / vendor / architecture}, and name its compiler in mcuprof.toml under "
        f"[board.{board.name}.build_properties]; docs/boards.md tells how"
    )
