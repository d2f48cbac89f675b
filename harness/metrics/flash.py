"""``flash``: the size of the program by the rule of the board's core, by section and by part.

On a virtual board it is the program above the virtual empty sketch, plus what the real board's core takes for an
empty sketch (a figure in the board's file), so that it can stand beside a real board's.
"""

from __future__ import annotations

from dataclasses import replace

from harness import sizes
from harness.boards import Board
from harness.builds import Build, Oversize, Program
from harness.case import Built, Oversized
from harness.errors import DoesNotFitError
from harness.types import Json, Reading

NEEDS_RIG = False
ORDER = 10


def measure(built: Built | Oversized) -> Reading:
    """Return the flash of the case; of one that the board has no room for, with ``does-not-fit`` and the reason."""
    reading = of_program(built.build, built.baselines.empty, built.case.board, built.baselines.bare)
    if isinstance(built, Built):
        return reading
    no_arena = built.case.implementation.searches_arena and built.arena is None
    return not_fitting(
        reading, built.refusal, "; the size is without the arena, which is not known" if no_arena else ""
    )


def of_program(program: Program, empty: Program, board: Board, bare: Program | None = None) -> Reading:
    """Return the flash of a program, whether or not the board has room for it.

    ``empty`` is the empty sketch, ``bare`` the firmware with no network, where the program has mcuprof's firmware.
    """
    figure = as_on_the_board(program.program_bytes, empty.program_bytes, board)
    size = sizes.measure(
        program.elf, program.link_map, build_path=program.build_path, size_recipe=program.size_recipe
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
            "program_bytes": program.program_bytes,
            "empty_sketch_bytes": empty.program_bytes,
            "harness_only_bytes": bare.program_bytes if bare else None,
            "harness_bytes": bare.program_bytes - empty.program_bytes if bare else None,
            "real_core_bytes": board.flash.core_bytes if board.flash else None,
            "counts_bss": ".bss" in size.flash_sections,
            "sections": _json(size.flash_sections),
            "ram_sections": _json(size.ram_sections),
            "parts": _json(parts),
            "ram_parts": _json(ram_parts),
        },
    )


def not_fitting(reading: Reading, refusal: DoesNotFitError, more: str = "") -> Reading:
    """Return the flash of a program that a board has no room for, with the reason and, behind it, ``more``."""
    details: dict[str, Json] = {**reading.details, **refusal.details(), "overflow": {**refusal.overflow}}
    return replace(reading, status=refusal.status, reason=refusal.message + more, details=details)


def overflow(program: Build | Oversize, empty_bytes: int, board: Board) -> dict[str, int]:
    """Return which memories of ``board`` are too small for a program, and by how many bytes: none where it fits.

    ``empty_bytes`` is the size of the empty sketch. What the linker said of a virtual board's flash is put in the
    figures of the board that it stands for.
    """
    found = dict(program.overflow) if isinstance(program, Oversize) else {}
    over = as_on_the_board(program.program_bytes, empty_bytes, board) - board.flash_bytes
    in_one_memory = board.linker is not None and not board.linker.flash_region
    if over > 0 and not (in_one_memory and "RAM" in found) and (board.flash or "FLASH" not in found):
        found["FLASH"] = over
    return found


def as_on_the_board(program: int, empty: int, board: Board) -> int:
    """Return the flash figure in bytes of a program of ``program`` bytes."""
    return program - empty + board.flash.core_bytes if board.flash else program


def _parts(size: sizes.Sizes, empty: Program, board: Board) -> dict[str, int]:
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
