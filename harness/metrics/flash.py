"""``flash``: the size of the program by the rule of the board's core, by section and by part.

On a virtual board it is the program above the virtual empty sketch, plus what the real board's core takes for an
empty sketch (a figure in the board's file), so that it can stand beside a real board's.
"""

from __future__ import annotations

from harness import sizes
from harness.arduino import Build
from harness.boards import Board
from harness.case import Built
from harness.errors import DoesNotFitError
from harness.types import Json, Reading

NEEDS_RIG = False
ORDER = 10


def measure(built: Built) -> Reading:
    """Return the flash of the case; raises ``DoesNotFitError`` where the board has less."""
    return of_program(built.build, built.baselines.empty, built.case.board, built.baselines.bare)


def of_program(build: Build, empty: Build, board: Board, bare: Build | None = None) -> Reading:
    """Return the flash of a program; raises ``DoesNotFitError`` where the board has less.

    ``empty`` is the empty sketch, ``bare`` the firmware with no network, where the program has mcuprof's firmware.
    """
    figure = require_room(build.program_bytes, empty.program_bytes, board)
    counts_bss = bool(board.flash and board.flash.counts_bss)
    size = sizes.measure(
        build.elf,
        build.link_map,
        build_path=build.build_path,
        counts_bss=counts_bss,
    )
    parts, ram_parts = _parts(size, empty, board), size.ram_parts
    if bare is None:
        parts, ram_parts = _sketch_as_one(parts), _sketch_as_one(ram_parts)
    return Reading(
        value=figure,
        unit="B",
        samples=(figure,),
        details={
            "limit_bytes": board.flash_bytes,
            "program_bytes": build.program_bytes,
            "empty_sketch_bytes": empty.program_bytes,
            "harness_only_bytes": bare.program_bytes if bare else None,
            "harness_bytes": bare.program_bytes - empty.program_bytes if bare else None,
            "real_core_bytes": board.flash.core_bytes if board.flash else None,
            "counts_bss": counts_bss,
            "sections": _json(size.flash_sections),
            "ram_sections": _json(size.ram_sections),
            "parts": _json(parts),
            "ram_parts": _json(ram_parts),
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


def _parts(size: sizes.Sizes, empty: Build, board: Board) -> dict[str, int]:
    """Return the parts, with the virtual core replaced by the real one, so that they add up to the figure."""
    parts = dict(size.flash_parts)
    if board.flash is not None and parts:
        parts["core"] = parts.get("core", 0) + board.flash.core_bytes - empty.program_bytes
    return parts


def _sketch_as_one(parts: dict[str, int]) -> dict[str, int]:
    """Return the parts with those of the sketch's own files joined: of somebody else's sketch more is not known."""
    joined = {name: size for name, size in parts.items() if name not in sizes.OF_SKETCH}
    own = [size for name, size in parts.items() if name in sizes.OF_SKETCH]
    return joined | {"sketch": sum(own)} if own else joined


def _json(sizes_by_name: dict[str, int]) -> dict[str, Json]:
    """Return the sizes, largest first."""
    return {name: sizes_by_name[name] for name in sorted(sizes_by_name, key=lambda name: -sizes_by_name[name])}
