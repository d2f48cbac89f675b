"""Programs that a board has no room for: linked all the same to be measured, and never run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from harness.boards import Board
from harness.errors import DoesNotFitError, ToolFailedError
from harness.hardware import SCRIPT
from harness.linker_script import enlarged

_LIMIT_BYTES = 1 << 28
"""What arduino-cli is told that the board has: as much as is ever linked."""
_SLACK_BYTES = 1 << 20
"""What a region gets beyond what it lacks, for what linker scripts align and set aside behind it."""
_AFTER_LINKING = re.compile(r"recipe\.(hooks\.(objcopy|postbuild)|objcopy)\..*pattern.*")


def refusal(
    board_name: str, overflow: Mapping[str, int], *, regions: Mapping[str, int] | None = None
) -> DoesNotFitError:
    """Return the error for a program that is larger than a board by the bytes that ``overflow`` has for memories."""
    largest_first = sorted(overflow.items(), key=lambda item: -item[1])
    (first, over), *others = largest_first
    said = f"the program is {over:,} bytes larger than the {first} of {board_name}"
    said += "".join(f" and {more:,} bytes larger than its {memory}" for memory, more in others)
    return DoesNotFitError(said, overflow=dict(largest_first), regions=regions)


def unmeasured(first: DoesNotFitError, why: str) -> DoesNotFitError:
    """Return ``first`` with the reason for which the size of the program is not known."""
    msg = f"{first.message}; its size cannot be told: {why}"
    return DoesNotFitError(msg, overflow=first.overflow, regions=first.regions, at_least=first.at_least)


def properties(board: Board, core: Mapping[str, str], script: Path) -> dict[str, str]:
    """Return the build properties with which a program of any size is linked, and no more is made of it.

    ``core`` holds the properties of the board's core; ``script`` is where the larger linker script will be.
    """
    found = dict(board.build_properties)
    # What comes after linking makes files for uploads, and some of it refuses a program that is too large.
    found |= {name: "" for name in core if _AFTER_LINKING.fullmatch(name)}
    found |= {"upload.maximum_size": str(_LIMIT_BYTES), "upload.maximum_data_size": str(_LIMIT_BYTES)}
    if board.linker is not None:
        found |= board.linker.enlarge
        found |= {SCRIPT: str(script)} if board.linker.script else {}
    return found


def larger_script(board: Board, core: Mapping[str, str], build_path: Path, by: Mapping[str, int]) -> str | None:
    """Return the linker script of a build with its regions larger than by ``by`` bytes; None where there is none.

    ``build_path`` is where a build without it was made. Raises ``ToolFailedError`` where regions overflow and
    nothing is known of the script, or where it cannot be used.
    """
    if board.linker is None or not board.linker.script:
        if by and not (board.linker and board.linker.enlarge):
            msg = f"the file of the board {board.name} does not say, under [linker], which script its core links by"
            raise ToolFailedError(msg)
        return None
    path = Path(_expanded(board.linker.script, {**core, "build.path": str(build_path)}))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"the linker script {path}, which the file of the board {board.name} names, cannot be read ({error})"
        raise ToolFailedError(msg) from error
    try:
        return enlarged(text, {region: over + _SLACK_BYTES for region, over in by.items()})
    except ToolFailedError as error:
        msg = f"{error.message}: {path}"
        raise ToolFailedError(msg) from error


def _expanded(pattern: str, known: Mapping[str, str]) -> str:
    """Return a pattern of arduino-cli with the properties in place of their names."""
    return re.sub(r"\{([\w.]+)\}", lambda name: known.get(name[1], name[0]), pattern)
