"""``flash``: the size of the program by the rule of the board's core, by section and by part.

On a virtual board it is the program above the virtual empty sketch, plus what the real board's core takes for an
empty sketch (a figure in the board's file), so that it can stand beside a real board's.
"""

from __future__ import annotations

from harness import sizes
from harness.boards import Board
from harness.case import Built
from harness.errors import DoesNotFitError
from harness.types import Json, Reading

NEEDS_RIG = False
ORDER = 10


def measure(built: Built) -> Reading:
    """Return the flash of the case; raises ``DoesNotFitError`` where the board has less."""
    figure = require_fit(built)
    board = built.case.board
    counts_bss = bool(board.flash and board.flash.counts_bss)
    size = sizes.measure(
        built.build.elf, built.build.link_map, build_path=built.build.build_path, counts_bss=counts_bss
    )
    return Reading(
        value=figure,
        unit="B",
        samples=(figure,),
        details={
            "limit_bytes": board.flash_bytes,
            "program_bytes": built.build.program_bytes,
            "empty_sketch_bytes": built.baselines.empty.program_bytes,
            "harness_only_bytes": built.baselines.bare.program_bytes,
            "harness_bytes": built.baselines.bare.program_bytes - built.baselines.empty.program_bytes,
            "real_core_bytes": board.flash.core_bytes if board.flash else None,
            "counts_bss": counts_bss,
            "sections": _json(size.flash_sections),
            "ram_sections": _json(size.ram_sections),
            "parts": _json(_parts(size, built)),
            "ram_parts": _json(size.ram_parts),
        },
    )


def require_fit(built: Built) -> int:
    """Return the flash figure of the case; raises ``DoesNotFitError`` where the board has less."""
    return require_room(built.build.program_bytes, built.baselines.empty.program_bytes, built.case.board)


def require_room(program: int, empty: int, board: Board) -> int:
    """Return the flash figure of a program of ``program`` bytes; raises as ``require_fit`` does."""
    figure = as_on_the_board(program, empty, board)
    if figure > board.flash_bytes:
        over = figure - board.flash_bytes
        msg = f"{figure:,} bytes are {over:,} more than the {board.flash_bytes:,} bytes of flash on {board.name}"
        raise DoesNotFitError(msg, region="FLASH", over_by=over)
    return figure


def as_on_the_board(program: int, empty: int, board: Board) -> int:
    """Return the flash figure in bytes of a program of ``program`` bytes."""
    return program - empty + board.flash.core_bytes if board.flash else program


def _parts(size: sizes.Sizes, built: Built) -> dict[str, int]:
    """Return the parts, with the virtual core replaced by the real one, so that they add up to the figure."""
    parts = dict(size.flash_parts)
    flash = built.case.board.flash
    if flash is not None and parts:
        parts["core"] = parts.get("core", 0) + flash.core_bytes - built.baselines.empty.program_bytes
    return parts


def _json(sizes_by_name: dict[str, int]) -> dict[str, Json]:
    """Return the sizes, largest first."""
    return {name: sizes_by_name[name] for name in sorted(sizes_by_name, key=lambda name: -sizes_by_name[name])}
