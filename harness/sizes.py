"""Where the bytes of a program are: by section, from the ELF, and by part, from the linker's map.

An ELF's symbols do not tell which object they come from, and strings and alignment have no symbols at all; the map
lists every input section with its object, so that the parts add up to the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ToolFailedError
from harness.sketch import NAME

# Input section, address, size, object; the name stands on a line of its own when it is long.
_INPUT = re.compile(r"^ (\.\S+|COMMON|\*fill\*)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)(?: (\S.*))?$")
_OUTPUT = re.compile(r"^(\.[\w.]+)(?:\s+0x[0-9a-f]+\s+0x[0-9a-f]+.*)?$")

HARNESS_FILES = ("firmware.cpp", "wire.cpp", f"{NAME}.ino.cpp")


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Bytes of a program."""

    sections: dict[str, int]
    """By output section that takes memory on the board."""
    flash_parts: dict[str, int]
    """What counts as the program, by part: core, C library, library, model, runtime, harness, alignment."""
    ram_parts: dict[str, int]
    """What lies in RAM from the start (.data and .bss), by part."""


def measure(elf: Path, link_map: Path, *, counts_bss: bool = False) -> Sizes:
    """Return the sizes of a linked program; raises ``ToolFailedError`` where it cannot be read.

    ``counts_bss`` says that the core's size recipe counts .bss as part of the program.
    """
    sections = _sections(elf)
    stored = {name for name, (_, is_stored) in sections.items() if is_stored or (counts_bss and name == ".bss")}
    flash: dict[str, int] = {}
    ram: dict[str, int] = {}
    try:
        text = link_map.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""  # not every core writes a map: then the sections are all that is known
    for section, size, part in _input_sections(text):
        if section in stored:
            flash[part] = flash.get(part, 0) + size
        if section in (".data", ".bss"):
            ram[part] = ram.get(part, 0) + size
    sizes = {name: size for name, (size, _) in sections.items()}
    _add_alignment(flash, sum(sizes[name] for name in stored))
    _add_alignment(ram, sizes.get(".data", 0) + sizes.get(".bss", 0))
    return Sizes(sections=sizes, flash_parts=flash, ram_parts=ram)


def _add_alignment(parts: dict[str, int], total: int) -> None:
    rest = total - sum(parts.values())
    if parts and rest:
        parts["alignment"] = parts.get("alignment", 0) + rest


def _sections(elf: Path) -> dict[str, tuple[int, bool]]:
    """Return (size, whether it is stored with the program) of each section that takes memory."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.constants import SH_FLAGS
    from elftools.elf.elffile import ELFFile

    try:
        with elf.open("rb") as stream:
            return {
                # An unwind index without entries is marked as empty, and yet takes flash.
                section.name: (section["sh_size"], section["sh_type"] != "SHT_NOBITS" or ".ARM." in section.name)
                for section in ELFFile(stream).iter_sections()
                if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_size"]
            }
    except (OSError, ELFError) as error:
        msg = f"the program {elf} cannot be read: {error}"
        raise ToolFailedError(msg) from error


def _input_sections(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield (output section, size, part) of every piece that was linked in."""
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
        piece = _INPUT.match(line)
        if piece and int(piece[3], 16):
            yield output, int(piece[3], 16), "alignment" if piece[1] == "*fill*" else _part(piece[4] or "")


def _part(origin: str) -> str:
    """Name the part of the program that an object file belongs to, by where arduino-cli puts it."""
    name = re.sub(r"\.o$", "", origin.rsplit("/", 1)[-1])
    if "/sketch/" in origin:
        if name.startswith("model_data"):
            return "model"
        return "harness" if name in HARNESS_FILES else "runtime"
    if "/libraries/" in origin:
        return "library"
    if "/core/" in origin or re.search(r"/core\w*\.a\(", origin):
        return "core"
    return "C library"
