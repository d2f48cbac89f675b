"""The core of a real board, installed by arduino-cli into mcuprof's own data folder, which outlives every cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from harness import cores
from harness.boards import Board
from harness.errors import MissingError
from harness.platform import Workplace
from harness.setup import alone, own_arduino

Say = Callable[[str], None]

_INDEX_WITHIN_S = 300.0
_INSTALL_WITHIN_S = 3600.0
"""Some cores come with half a gigabyte of compiler."""


def ensure_core(board: Board, place: Workplace, say: Say) -> None:
    """Install the core of ``board`` where ``place`` has none; raises ``MissingError`` where it cannot be had."""
    there = place.core(board.core_id)
    if there is not None:
        say(f"the core {board.core_id} is there: {there.resolve()}")
        return
    with alone(say) as work:
        config = own_arduino.write_config(work, data=cores.data_dir(), sketchbook=work / "sketchbook")
        index = ["--additional-urls", board.core.package_index] if board.core.package_index else []
        say(f"downloading the core {board.core_id} and its compiler for {board.name}; this can take some minutes")
        # That an index is old is no obstacle; install says what is.
        updated = own_arduino.call(config, ["core", "update-index", *index], _INDEX_WITHIN_S)
        done = own_arduino.call(config, ["core", "install", board.core_id, *index], _INSTALL_WITHIN_S)
        if done.returncode != 0 or board.core_id not in cores.installed():
            raise MissingError(_why_not(board, place, [done.stderr, done.stdout, updated.stderr, updated.stdout]))
        cores.ensure_indexes()
    say(f"the core {board.core_id} is installed: {cores.installed()[board.core_id]}")


def _why_not(board: Board, place: Workplace, said: Sequence[str]) -> str:
    reason, is_network = own_arduino.reason(said)
    reason = reason.split("Download failed: ")[-1]
    vendor, architecture = board.core_id.split(":")
    sketchbook = place.sketchbooks[0] if place.sketchbooks else Path("SKETCHBOOK")
    return (
        f"the core {board.core_id} of the board {board.name} could not be "
        f"{'downloaded' if is_network else 'installed'} ({reason}). With a network, run `mcuprof setup --board "
        f"{board.name}` again. Without one, copy the core's folder from a machine that has it, where it is "
        f"packages/{vendor}/hardware/{architecture}/VERSION in arduino-cli's data folder, to "
        f"{sketchbook / 'hardware' / vendor / architecture}, and name its compiler in mcuprof.toml under "
        f"[board.{board.name}.build_properties]; docs/boards.md tells how"
    )
