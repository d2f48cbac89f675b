"""The build and upload properties that arduino-cli is given: the board's, and what the options of a build come to."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness import cores
from harness.boards import Board

OPTIMIZATIONS = ("O2", "Os", "O3")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a build depends on beside the sketch and the board."""

    library: Path | None = None
    """Root folder of the one Arduino library that the sketch needs."""
    library_digest: str = ""
    defines: tuple[str, ...] = ()
    """Preprocessor names that everything is compiled with."""
    libraries: tuple[Path, ...] = ()
    """Folders of Arduino libraries, of which the sketch takes those whose headers it includes."""
    optimization: str | None = None
    """``O2``, ``Os`` or ``O3``; None is the board core's own."""


def with_ctags(board: Board) -> Board:
    """Return ``board`` with the system's ctags where arduino-cli has none of its own and nobody names another.

    arduino-cli fetches it when it first updates its indexes; a core that was put there by hand is used without.
    """
    name = "tools.ctags.cmd.path"
    system = shutil.which("arduino-ctags")
    if system is None or name in board.build_properties or board.core_id.startswith(f"{cores.OURS}:"):
        return board
    if (cores.data_dir() / "packages" / "builtin" / "tools" / "ctags").is_dir():
        return board
    return msgspec.structs.replace(board, build_properties={**board.build_properties, name: system})


def compile_properties(board: Board, options: Options) -> dict[str, str]:
    """Return the build properties; the compiler heeds the last -O it is given, which these hooks come to be."""
    properties = dict(board.build_properties)
    flags = [f"-D{name}" for name in options.defines]
    flags += [f"-{options.optimization}"] if options.optimization else []
    if flags:
        for name in ("compiler.c.extra_flags", "compiler.cpp.extra_flags"):
            properties[name] = " ".join([properties.get(name, ""), *flags]).strip()
    return properties
