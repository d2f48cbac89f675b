"""Which implementations can run a model, on which boards it has room, and why not: before anything is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from harness.boards import Board
from harness.case import Implementation
from harness.errors import McuprofError, UnsupportedError
from harness.least import Least
from harness.models import Model


class Verdict(Enum):
    """Whether a model can run."""

    MAY_FIT = "may fit"
    """Nothing speaks against it; a build tells."""
    TOO_SMALL = "too small"
    """The board lacks memory for what the network takes at the least."""
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"
    """The implementation is not usable on this machine, so that nothing can be said."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A model with one implementation on one board."""

    implementation: str
    board: str
    verdict: Verdict
    why: str = ""
    """Empty only where it may fit."""
    least: Least | None = None


@dataclass(frozen=True, kw_only=True)
class Support:
    """A model with one implementation, whatever the board."""

    implementation: str
    supported: bool | None
    """None where that is not known."""
    why: str = ""


def fits(model: Model, implementations: Sequence[Implementation], boards: Sequence[Board]) -> list[Fit]:
    """Return for each implementation and board whether the model can fit."""
    return [_fit(model, implementation, board) for implementation in implementations for board in boards]


def supports(found: Sequence[Fit]) -> list[Support]:
    """Return for each implementation whether it supports the model: where it does for any board."""
    by_name: dict[str, list[Fit]] = {}
    for fit in found:
        by_name.setdefault(fit.implementation, []).append(fit)
    return [_support(name, of_it) for name, of_it in by_name.items()]


def _support(name: str, of_it: Sequence[Fit]) -> Support:
    if any(fit.least is not None for fit in of_it):
        return Support(implementation=name, supported=True)
    # A board's own reason is given for some boards, the network's for all others.
    reasons = [fit.why for fit in of_it]
    why = max(dict.fromkeys(reasons), key=reasons.count)
    unknown = any(fit.verdict is Verdict.UNKNOWN for fit in of_it)
    return Support(implementation=name, supported=None if unknown else False, why=why)


def _fit(model: Model, implementation: Implementation, board: Board) -> Fit:
    name = implementation.name
    try:
        least = implementation.least(model, board)
    except UnsupportedError as error:
        return Fit(implementation=name, board=board.name, verdict=Verdict.UNSUPPORTED, why=error.message)
    except McuprofError as error:
        return Fit(implementation=name, board=board.name, verdict=Verdict.UNKNOWN, why=error.message)
    why = _too_small(board, least)
    verdict = Verdict.TOO_SMALL if why else Verdict.MAY_FIT
    return Fit(implementation=name, board=board.name, verdict=verdict, why=why, least=least)


def _too_small(board: Board, least: Least) -> str:
    """Say which memory of a board is too small; empty where none is."""
    flash = board.flash_bytes - (board.flash.core_bytes if board.flash else 0)
    ram = board.ram_bytes - (board.virtual.ram_reserved_bytes if board.virtual else 0)
    in_ram = board.virtual is not None and board.virtual.program_in_ram
    wanted = least.ram_bytes + (least.flash_bytes if in_ram else 0)
    said = []
    if least.flash_bytes > flash:
        said.append(f"its constants take {least.flash_bytes:,} B, and {flash:,} B of flash are free at most")
    if wanted > ram:
        what = "its constants and activations" if in_ram else "its activations"
        said.append(f"{what} take {wanted:,} B, and {ram:,} B of RAM are free at most")
    return "; ".join(said)
