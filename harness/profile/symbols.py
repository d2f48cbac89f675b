"""The symbols of a linked program: which function lies at an address, and what takes how much flash."""

from __future__ import annotations

import bisect
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import cmd
from harness.errors import ToolFailedError

NO_SYMBOLS = "(no symbols)"
"""In place of functions in a program that was stripped of its symbols."""
_DEMANGLERS = ("arm-none-eabi-c++filt", "c++filt")
_DEMANGLE_S = 30.0
_BATCH = 500
"""Names that are handed to a demangler at once: a command line has a length."""
_DSP_ARCHITECTURE = 13
"""The number of Armv7E-M in the attributes of a program."""


@dataclass(frozen=True, kw_only=True)
class Symbol:
    """A named piece of a program."""

    name: str
    address: int
    size: int
    """Bytes; 0 where the program does not say."""
    is_function: bool
    in_flash: bool
    """Whether its content is part of what is written to flash."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What is read from the ELF of a program."""

    symbols: tuple[Symbol, ...]
    has_dsp: bool
    """Whether it is for an Armv7E-M, whose instructions multiply two pairs of numbers at once."""


class Functions:
    """The functions of a program by address."""

    def __init__(self, symbols: Iterable[Symbol]) -> None:
        found: dict[int, Symbol] = {}
        for symbol in symbols:
            if symbol.is_function:
                known = found.get(symbol.address)
                found[symbol.address] = symbol if known is None else min(known, symbol, key=_plainness)
        self._symbols = [found[address] for address in sorted(found)]
        self._addresses = [symbol.address for symbol in self._symbols]

    def at(self, address: int) -> str:
        """Return the name of the function that the instruction at ``address`` belongs to.

        Code that has no symbol is told by the symbol before it, so that it is one function and not one a block.
        """
        if not self._symbols:
            return NO_SYMBOLS
        place = bisect.bisect_right(self._addresses, address) - 1
        if place >= 0:
            symbol = self._symbols[place]
            if symbol.size == 0 or address < symbol.address + symbol.size:
                return symbol.name
            return f"(no symbol, after {symbol.name})"
        return f"(no symbol, before {self._symbols[0].name})"


def _plainness(symbol: Symbol) -> tuple[bool, int, str]:
    """Order names of one function: ``memcpy`` goes before ``__aeabi_memcpy``."""
    return symbol.name.startswith("_"), len(symbol.name), symbol.name


def flash_symbols(program: Program) -> tuple[tuple[str, int], ...]:
    """Return what takes flash by name, in bytes, the largest first; what has no name or no size is not in it."""
    sizes: dict[str, int] = {}
    for symbol in {(s.address, s.size): s for s in program.symbols if s.in_flash and s.size}.values():
        sizes[symbol.name] = sizes.get(symbol.name, 0) + symbol.size
    return tuple(sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0])))


def read(elf: Path) -> Program:
    """Read the symbols of a program; raises ``ToolFailedError`` where it cannot be read."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with elf.open("rb") as stream:
            opened = ELFFile(stream)
            raw = list(_symbols(opened))
            has_dsp = _attribute(opened, "TAG_CPU_ARCH") == _DSP_ARCHITECTURE
    except (OSError, ELFError) as error:
        msg = f"the program {elf} cannot be read: {error}"
        raise ToolFailedError(msg) from error
    return Program(symbols=tuple(_demangled(raw)), has_dsp=has_dsp)


def _symbols(elf: Any) -> Iterator[Symbol]:  # noqa: ANN401 (pyelftools carries no types)
    from elftools.elf.constants import SH_FLAGS

    table = elf.get_section_by_name(".symtab")
    if table is None:
        return
    sections = [elf.get_section(index) for index in range(elf.num_sections())]
    for symbol in table.iter_symbols():
        index = symbol["st_shndx"]
        if not isinstance(index, int) or not symbol.name or symbol.name.startswith("$"):
            continue
        flags, kind = sections[index]["sh_flags"], symbol["st_info"]["type"]
        is_code = bool(flags & SH_FLAGS.SHF_EXECINSTR)
        is_function = kind == "STT_FUNC" and is_code
        if not is_function and kind != "STT_OBJECT":
            continue
        yield Symbol(
            name=symbol.name,
            address=symbol["st_value"] & ~1 if is_code else symbol["st_value"],  # bit 0 says that it is Thumb code
            size=symbol["st_size"],
            is_function=is_function,
            in_flash=bool(flags & SH_FLAGS.SHF_ALLOC) and sections[index]["sh_type"] != "SHT_NOBITS",
        )


def _attribute(elf: Any, name: str) -> int | None:  # noqa: ANN401
    section = elf.get_section_by_name(".ARM.attributes")
    for vendor in section.iter_subsections() if section is not None else ():
        for scope in vendor.iter_subsubsections():
            for attribute in scope.iter_attributes():
                if attribute.tag == name:
                    return int(attribute.value)
    return None


def _demangled(symbols: Sequence[Symbol]) -> list[Symbol]:
    names = _readable({symbol.name for symbol in symbols if symbol.name.startswith("_Z")})
    return [
        Symbol(
            name=names.get(symbol.name, symbol.name),
            address=symbol.address,
            size=symbol.size,
            is_function=symbol.is_function,
            in_flash=symbol.in_flash,
        )
        for symbol in symbols
    ]


def _readable(mangled: Iterable[str]) -> Mapping[str, str]:
    """Return C++ names as they are written, without parameters; those that no tool is there for are left out."""
    tool = next((name for name in _DEMANGLERS if shutil.which(name)), None)
    names = sorted(mangled)
    if tool is None or not names:
        return {}
    shown: list[str] = []
    for start in range(0, len(names), _BATCH):
        said = cmd.run([tool, "--no-params", *names[start : start + _BATCH]], timeout=_DEMANGLE_S).stdout
        shown += said.splitlines()
    return {name: text.partition(" [clone")[0] for name, text in zip(names, shown, strict=True)}
