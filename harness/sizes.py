"""Where the bytes of a program are: by section, from the ELF, and by part, from the linker's map.

An ELF's symbols do not tell which object they come from, and strings and alignment have no symbols at all; the map
lists every input section with its object, so that the parts add up to the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import ToolFailedError
from harness.sketch import NAME

# Input section, address, size, object; the name stands on a line of its own when it is long.
_INPUT = re.compile(r"^ (\.\S+|COMMON|\*fill\*)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)(?: (\S.*))?$")
_OUTPUT = re.compile(r"^(\.[\w.]+)(?:\s+0x[0-9a-f]+\s+0x[0-9a-f]+.*)?$")

_BUILD = "<build>/"
"""Stands for the build path."""

HARNESS_FILES = ("firmware.cpp", "wire.cpp", f"{NAME}.ino.cpp")

OF_SKETCH = ("model", "runtime", "harness")
"""Parts that are compiled from the sketch's own files."""

_COMPILED_FILES = ("model.c", "operators.c")
"""Hold a network's constants and its code."""
_CONSTANTS = (".rodata", ".progmem")
_DATA = (".data", ".bss")


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Bytes of a program."""

    flash_sections: dict[str, int]
    """By section, what the core's size recipe counts as the program."""
    ram_sections: dict[str, int]
    """By section, what is set aside in RAM."""
    flash_parts: dict[str, int]
    """The same by part: core, C library, library, model, runtime, harness, alignment."""
    ram_parts: dict[str, int]
    """What lies in RAM from the start (.data and .bss), by part."""


@dataclass(frozen=True, kw_only=True)
class _Section:
    name: str
    size: int
    writable: bool


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """An input section in the linked program."""

    section: str
    """The output section that it went to."""
    address: int
    size: int
    part: str


def measure(elf: Path, link_map: Path, *, build_path: str, size_recipe: str) -> Sizes:
    """Return the sizes of a linked program; raises ``ToolFailedError`` where it cannot be read.

    ``build_path`` is the folder that it was built in, which the paths of the map begin with. ``size_recipe`` is the
    core's regular expression for the lines of ``size -A`` that count as the program.
    """
    found = _sections(elf)
    try:
        flash = {s.name: s.size for s in found if re.match(size_recipe, f"{s.name} {s.size} 0")}
    except re.error as error:
        msg = f"the core's size recipe {size_recipe!r} cannot be read: {error}"
        raise ToolFailedError(msg) from error
    ram = {s.name: s.size for s in found if s.writable or s.name in _DATA}
    try:
        text = link_map.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""  # not every core writes a map: then the sections are all that is known
    pieces = list(_pieces(text.replace(f"{build_path}/", _BUILD)))
    initial = {name: size for name, size in ram.items() if name in _DATA}
    return Sizes(
        flash_sections=_folded(flash),
        ram_sections=_folded(ram),
        flash_parts=_by_part(pieces, flash),
        ram_parts=_by_part(pieces, initial),
    )


def _folded(sections: Mapping[str, int]) -> dict[str, int]:
    """Return the sections with those together that a linker script leaves in pieces: ``.text.setup`` is ``.text``."""
    folded: dict[str, int] = {}
    for name, size in sections.items():
        whole = re.sub(r"^(\.text|\.rodata|\.data|\.bss)\..*", r"\1", name)
        folded[whole] = folded.get(whole, 0) + size
    return folded


def _by_part(pieces: Sequence[_Piece], sections: Mapping[str, int]) -> dict[str, int]:
    """Add up the pieces of some output sections; what no piece fills is alignment."""
    parts: dict[str, int] = {}
    left = dict(sections)
    for piece in pieces:
        # By the map the last strings of a section may reach beyond its end, where others have the same.
        size = min(piece.size, left.get(piece.section, 0))
        if size:
            parts[piece.part] = parts.get(piece.part, 0) + size
            left[piece.section] -= size
    if parts:
        parts["alignment"] = parts.get("alignment", 0) + sum(left.values())
    return parts


def _sections(elf: Path) -> list[_Section]:
    """Return the sections that take memory on the board."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.constants import SH_FLAGS
    from elftools.elf.elffile import ELFFile

    try:
        with elf.open("rb") as stream:
            return [
                _Section(
                    name=section.name,
                    size=section["sh_size"],
                    # An unwind index without entries is marked as data.
                    writable=bool(section["sh_flags"] & SH_FLAGS.SHF_WRITE) and ".ARM." not in section.name,
                )
                for section in ELFFile(stream).iter_sections()
                if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_size"]
            ]
    except (OSError, ELFError) as error:
        msg = f"the program {elf} cannot be read: {error}"
        raise ToolFailedError(msg) from error


def _pieces(text: str) -> Iterator[_Piece]:
    """Yield what was linked in, piece by piece.

    Strings that several pieces share are kept once, so a piece may reach into the next one by the map; it ends where
    the next one begins.
    """
    listed = list(_listed(text))
    for piece, following in zip(listed, [*listed, None][1:], strict=True):
        end = piece.address + piece.size
        if following is not None and following.section == piece.section and piece.address <= following.address < end:
            end = following.address
        yield replace(piece, size=end - piece.address)


def _listed(text: str) -> Iterator[_Piece]:
    """Yield the pieces as the map lists them."""
    _, _, linked = text.partition("Linker script and memory map")
    output = ""
    pending = ""
    for raw in linked.splitlines():
        line = pending + raw.lstrip() if pending else raw
        pending = ""
        if re.fullmatch(r" (\.\S+|COMMON)", line):
            pending = f"{line} "
            continue
        head = _OUTPUT.match(line)
        if head:
            output = head[1]
            continue
        found = _INPUT.match(line)
        if found and int(found[3], 16):
            yield _Piece(
                section=output,
                address=int(found[2], 16),
                size=int(found[3], 16),
                part="alignment" if found[1] == "*fill*" else _part(found[4] or "", found[1]),
            )


def _part(origin: str, section: str) -> str:
    """Name the part of the program that a section of an object file belongs to, by where arduino-cli puts it."""
    where, _, name = origin.rpartition("/")
    if origin.startswith(f"{_BUILD}sketch/"):
        source = name.removesuffix(".o")
        if source.startswith("model_data") or (source in _COMPILED_FILES and section.startswith(_CONSTANTS)):
            return "model"
        return "harness" if source in HARNESS_FILES else "runtime"
    if origin.startswith(f"{_BUILD}libraries/"):
        return "library"
    if origin.startswith(f"{_BUILD}core/") or re.match(r"core\w*\.a\(", name) or where.endswith("/core"):
        return "core"
    if "/hardware/" in origin:
        return "core"  # a library that the core brings along, such as its system
    return "C library"
