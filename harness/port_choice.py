"""Which port each real board of a run is used at: the one named, the one configured, or the one it is found at."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from harness import ports
from harness.boards import Board
from harness.errors import MissingError, UsageError
from harness.labgrid_place import find_client, place_in
from harness.serial_port import Device, attached, complaint, is_remote


def choose_ports(
    boards: Sequence[Board],
    named: str | None,
    configured: Callable[[str], str | None],
    devices: Callable[[], Sequence[Device]] = attached,
) -> dict[str, str]:
    """Return the ports by board; a board that is at none is left out, for not all that is measured needs it.

    ``named`` is what the command line says, ``configured`` what ``mcuprof.toml`` says of a board. Raises
    ``UsageError`` where it cannot be told which port is meant.
    """
    real = [board for board in boards if not board.is_virtual]
    if named is not None and len(real) != 1:
        which = "no board of this run is real" if not real else f"{', '.join(b.name for b in real)} are real"
        msg = f"--port is for the one real board of a run, and {which}: name ports under [board.NAME] in mcuprof.toml"
        raise UsageError(msg)
    found = {board.name: named or configured(board.name) for board in real}
    unknown = [board for board in real if found[board.name] is None]
    there = ports.by_board(unknown, list(devices())) if unknown else {}
    for name, matching in there.items():
        if len(matching) > 1:
            paths = ", ".join(device.path for device in matching)
            msg = f"the board {name} may be at {paths}: name its port with --port, or under [board.{name}]"
            raise UsageError(msg)
        found[name] = matching[0].path
    chosen = {name: port for name, port in found.items() if port is not None}
    _require_distinct(chosen)
    return chosen


def _require_distinct(chosen: Mapping[str, str]) -> None:
    """Raise ``UsageError`` where two boards are to be at one port."""
    seen: dict[str, str] = {}
    for name, port in chosen.items():
        other = seen.setdefault(port if is_remote(port) else os.path.realpath(port), name)
        if other != name:
            msg = f"the boards {other} and {name} cannot both be at {port}: name their ports under [board.NAME]"
            raise UsageError(msg)


def require_ports(boards: Sequence[Board], chosen: Mapping[str, str]) -> None:
    """Raise ``MissingError`` where a real board is at no port, or in a lab and labgrid is not there.

    An address that is none is a ``UsageError``.
    """
    for board in boards:
        if not board.is_virtual and board.name not in chosen:
            raise MissingError(no_port(board))
    for port in chosen.values():
        wrong = None if place_in(port) else complaint(port)
        if wrong:
            raise UsageError(wrong) if is_remote(port) else MissingError(wrong)
    if any(place_in(port) for port in chosen.values()):
        find_client()


def no_port(board: Board) -> str:
    """Say that a board is at no port, and what to do."""
    return (
        f"no port of the board {board.name} is known: attach it, or name its port with --port, or `port` under "
        f"[board.{board.name}] in mcuprof.toml; `mcuprof boards` shows what is attached"
    )
