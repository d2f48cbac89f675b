"""Board files: TOML → ``Board``. A board is one file; an unknown key or a wrong type names the file and the key."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from harness import hardware, paths, toml_file
from harness.errors import UsageError
from harness.hardware import CoreSource, Linker, Reset, Upload, Usb
from harness.types import Clock

_MACHINE_BYTES = 4 << 20
"""Each of the machine's two memories."""
_ICOUNT_SHIFTS = range(6, 11)
"""Steps in which the machine's timer can be read to the instruction."""
_WAITS = range(101)
_CACHE_BYTES = 1 << 20
_CACHE_WAYS = 64
_FQBN = re.compile(r"[\w.-]+:[\w.-]+:[\w.-]+(:[\w.-]+=[\w.+-]+(,[\w.-]+=[\w.+-]+)*)?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,32}")
"""The firmware tells its board's name in a line that a small board has room for."""
_PROCESSOR = re.compile(r"[a-z0-9_.-]{0,32}")
_TITLE = re.compile(r"[^\x00-\x1f\x7f]{1,80}")
_BAUDS = range(300, 12_000_001)
_FASTEST_HZ = 10_000_000_000


class FlashRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the flash figure of a virtual board is made to stand beside the real board's."""

    core_bytes: int
    """Flash of the empty sketch built with the real board's own core, in bytes."""


class Virtual(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The virtual machine that plays a board."""

    machine: str
    icount_shift: int
    """An executed instruction takes 2**icount_shift nanoseconds of the machine's time."""
    ram_reserved_bytes: int
    """RAM that the real board's core takes, kept back from the sketch."""
    stack_bytes: int
    program_in_ram: bool = False
    """Whether code and constants lie in the same memory as data."""


class Cycles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The memory of a Cortex-M4 board, as far as it costs time; the processor's own cycles are the manual's."""

    load_waits: int = 0
    """Cycles that a load from flash takes more than one from RAM."""
    fetch_waits: int = 0
    """Cycles that 16 bytes of code take to come from flash where they are not in the cache."""
    cache_bytes: int = 0
    """Size of the instruction cache."""
    cache_ways: int = 1


class Simavr(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An AVR on libsimavr, with the board's own core and bootloader."""

    mcu: str
    """simavr's name of the chip."""
    bootloader: str
    """C source in the core's folder ``bootloaders``."""
    bootloader_flags: tuple[str, ...]
    """What it is compiled with, beside the chip, its clock, and the place behind the ``flash_bytes``."""
    bootloader_bytes: int
    """What is set aside for it behind the ``flash_bytes``."""


class Board(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Facts about a board. Sizes in bytes, the clock in Hz."""

    title: str
    fqbn: str
    clock_hz: int
    processor: str = ""
    """What boards share with one another that run the same program equally fast; empty where nothing is known."""
    flash_bytes: int
    ram_bytes: int
    baud: int = 115200
    interrupts_off: bool = True
    """Whether interrupts are off in timed regions."""
    build_properties: dict[str, str] = {}
    """Handed to arduino-cli as they are."""
    reset: Reset = "software"
    usb: Usb | None = None
    upload: Upload = Upload()
    core: CoreSource = CoreSource()
    linker: Linker | None = None
    flash: FlashRule | None = None
    virtual: Virtual | None = None
    cycles: Cycles | None = None
    """Where a virtual Cortex-M4 is to count cycles; without it, instructions."""
    simavr: Simavr | None = None
    name: str = ""
    digest: str = ""
    no_plugin: str = ""
    """Why QEMU cannot count cycles on this machine, where that was found out."""

    @property
    def is_avr(self) -> bool:
        """Whether its core is one for AVR processors: 16-bit addresses, and flash apart from RAM."""
        return self.core_id.endswith(":avr")

    @property
    def is_virtual(self) -> bool:
        """Whether a virtual machine plays this board."""
        return self.virtual is not None or self.simavr is not None

    @property
    def clock(self) -> Clock:
        """What times on this board are read from."""
        if self.simavr is not None or self.cycles is not None:
            return Clock.CYCLE_MODEL
        return Clock.INSTRUCTION_COUNT if self.is_virtual else Clock.HARDWARE

    @property
    def silence_s(self) -> float:
        """How long nothing may be sent to the board once its port was opened, in seconds."""
        return self.upload.bootloader_seconds if self.reset == "dtr" else 0.0

    @property
    def resolution(self) -> float:
        """Step of the clock, in its unit: one count; on a real AVR a cycle of its timer, else one of ``micros()``."""
        if self.clock is not Clock.HARDWARE:
            return 1.0
        return 1 / self.clock_hz if self.is_avr else 1e-6

    @property
    def core_id(self) -> str:
        """The core that the board is built with, as arduino-cli calls it: ``vendor:architecture``."""
        return ":".join(self.fqbn.split(":")[:2])

    @property
    def arduino_id(self) -> str:
        """The board's own part of the FQBN."""
        return self.fqbn.split(":")[2]


def with_clock(board: Board, clock: Clock) -> Board:
    """Return ``board`` with its times read from ``clock``; raises ``UsageError`` where it has no such clock."""
    if clock is Clock.INSTRUCTION_COUNT and board.virtual is not None:
        return msgspec.structs.replace(board, cycles=None)
    if board.clock is not clock:
        hint = ": its file has no [cycles]" if board.virtual is not None else ""
        msg = f"--clock {clock.value}: times on {board.name} are read from its {board.clock.value} clock alone{hint}"
        raise UsageError(msg)
    return board


def without_plugin(board: Board, why: str) -> Board:
    """Return a virtual Cortex-M board whose QEMU takes no plugin: its times are instructions."""
    return msgspec.structs.replace(with_clock(board, Clock.INSTRUCTION_COUNT), no_plugin=why)


def as_sketches_read(board: Board) -> Board:
    """Return ``board`` with the clock that a sketch reads by ``micros()``: QEMU's goes by instructions."""
    return board if board.virtual is None else with_clock(board, Clock.INSTRUCTION_COUNT)


def load_file(path: Path) -> Board:
    """Read one board file; raises ``UsageError`` that names the file and the key at fault."""
    what = f"the board file {path}"
    table, content = toml_file.parse(path, what)
    for derived in ("name", "digest", "no_plugin"):
        if derived in table:
            msg = f"{what}: {derived!r} is not a key (a board is named after its file)"
            raise UsageError(msg)
    board = toml_file.convert(_with_dotted_keys(table), Board, what)
    _check(board, path)
    # A copy of the file is another board: the firmware says for which of them it was built.
    digest = hashlib.sha256(path.stem.encode() + b"\0" + content).hexdigest()[:12]
    return msgspec.structs.replace(board, name=path.stem, digest=digest, linker=_linker(board))


def _with_dotted_keys(table: dict[str, Any]) -> dict[str, Any]:
    """Return a board file's table with the names of arduino-cli's properties in one piece."""
    linker = table.get("linker")
    if isinstance(linker, dict):
        table = {**table, "linker": toml_file.with_dotted_keys(linker, "enlarge")}
    return toml_file.with_dotted_keys(table, "build_properties")


def _linker(board: Board) -> Linker | None:
    """Return how programs for ``board`` are linked: as its file says, or by mcuprof's own platform."""
    if board.linker is None and board.virtual is not None:
        return hardware.virtual_linker(program_in_ram=board.virtual.program_in_ram)
    return board.linker


def _check(board: Board, path: Path) -> None:
    sizes = {
        "clock_hz": board.clock_hz,
        "flash_bytes": board.flash_bytes,
        "ram_bytes": board.ram_bytes,
        "baud": board.baud,
    }
    if board.virtual:
        sizes["virtual.stack_bytes"] = board.virtual.stack_bytes
        sizes["virtual.ram_reserved_bytes"] = board.virtual.ram_reserved_bytes + 1  # may be 0
    if board.simavr:
        sizes["simavr.bootloader_bytes"] = board.simavr.bootloader_bytes
    if board.flash:
        sizes["flash.core_bytes"] = board.flash.core_bytes + 1  # may be 0
    for key, value in sizes.items():
        if value <= 0:
            msg = f"the board file {path}: the key {key!r}: {value} is too small"
            raise UsageError(msg)
    if not _NAME.fullmatch(path.stem):
        msg = (
            f"the board file {path}: a board is named after its file, so use at most 32 letters, digits, '_', '.' "
            "and '-'"
        )
        raise UsageError(msg)
    limits = (
        ("title", _TITLE.fullmatch(board.title) is not None, "one line of at most 80 characters"),
        ("processor", _PROCESSOR.fullmatch(board.processor) is not None, "a name such as cortex-m4f"),
        ("baud", board.baud in _BAUDS, "300 to 12,000,000"),
        ("clock_hz", board.clock_hz <= _FASTEST_HZ, "at most 10 GHz"),
        (
            "flash",
            board.flash is None or board.is_virtual,
            "a virtual board; a real one's core says it",
        ),
        (
            "cycles",
            board.cycles is None or board.virtual is not None,
            "a virtual Cortex-M board; others count by themselves",
        ),
    )
    _require(limits, path)
    if not _FQBN.fullmatch(board.fqbn):
        msg = (
            f"the board file {path}: the key 'fqbn': expected vendor:architecture:board, got {board.fqbn!r} "
            "(options follow as :Option=Value,Option=Value)"
        )
        raise UsageError(msg)
    wrong = hardware.complaint(board.usb, board.upload, board.core, board.linker, virtual=board.is_virtual)
    if wrong:
        msg = f"the board file {path}: the key {wrong[0]!r}: {wrong[1]}"
        raise UsageError(msg)
    if board.virtual and board.virtual.ram_reserved_bytes + board.virtual.stack_bytes >= board.ram_bytes:
        msg = f"the board file {path}: [virtual] reserve and stack leave nothing of {board.ram_bytes:,} bytes of RAM"
        raise UsageError(msg)
    if board.virtual and board.simavr:
        msg = f"the board file {path}: [virtual] and [simavr] are two machines: keep the one that plays the board"
        raise UsageError(msg)
    if board.virtual:
        _check_machine(board, board.virtual, path)
    if board.simavr:
        _check_avr(board.simavr, path)


def _check_machine(board: Board, virtual: Virtual, path: Path) -> None:
    """Hold a virtual board to what its machine can play."""
    limits = (
        ("fqbn", board.fqbn.startswith("mcuprof:"), "mcuprof:qemu:NAME, the platform of the virtual boards"),
        ("virtual.machine", bool(virtual.machine), "QEMU's name of a machine"),
        ("flash_bytes", board.flash_bytes <= _MACHINE_BYTES, f"at most {_MACHINE_BYTES:,} on a virtual board"),
        ("ram_bytes", board.ram_bytes <= _MACHINE_BYTES, f"at most {_MACHINE_BYTES:,} on a virtual board"),
        ("clock_hz", board.clock_hz % 1_000_000 == 0, "a whole number of MHz on a virtual board"),
        ("virtual.icount_shift", virtual.icount_shift in _ICOUNT_SHIFTS, "6 to 10"),
    )
    _require(limits, path)
    cycles = board.cycles or Cycles()
    _require(
        (
            ("cycles.load_waits", cycles.load_waits in _WAITS, "0 to 100 cycles"),
            ("cycles.fetch_waits", cycles.fetch_waits in _WAITS, "0 to 100 cycles"),
            ("cycles.cache_bytes", 0 <= cycles.cache_bytes <= _CACHE_BYTES, f"0 to {_CACHE_BYTES:,}"),
            ("cycles.cache_ways", 1 <= cycles.cache_ways <= _CACHE_WAYS, f"1 to {_CACHE_WAYS}"),
        ),
        path,
    )


def _require(limits: Iterable[tuple[str, bool, str]], path: Path) -> None:
    """Raise ``UsageError`` for the first key that does not hold, of (key, whether it holds, what is expected)."""
    for key, holds, expected in limits:
        if not holds:
            msg = f"the board file {path}: the key {key!r}: expected {expected}"
            raise UsageError(msg)


def _check_avr(simavr: Simavr, path: Path) -> None:
    if not re.fullmatch(r"[a-z0-9]+", simavr.mcu):
        msg = f"the board file {path}: the key 'simavr.mcu': expected a chip such as atmega328p, got {simavr.mcu!r}"
        raise UsageError(msg)
    if Path(simavr.bootloader).is_absolute() or not simavr.bootloader.endswith(".c"):
        msg = (
            f"the board file {path}: the key 'simavr.bootloader': expected a .c in the core's folder bootloaders, "
            f"got {simavr.bootloader!r}"
        )
        raise UsageError(msg)


def files(extra: Path | None = None) -> dict[str, Path]:
    """Return the board files by name: those that come with mcuprof, then those in the folder ``extra``."""
    if extra is not None and not extra.is_dir():
        msg = f"the folder {extra} for board files is not there"
        raise UsageError(msg)
    folders = [paths.data_dir() / "boards", *([extra] if extra else [])]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def load(name: str, extra: Path | None = None) -> Board:
    """Return the board ``name``; raises ``UsageError`` with the nearest name where there is none."""
    known = files(extra)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        if extra is None and Path("boards", f"{name}.toml").is_file():
            hint = f'boards/{name}.toml is read where mcuprof.toml has the line boards = "boards". '
        msg = f"there is no board {name!r}: {hint}Known boards: {', '.join(sorted(known))}"
        raise UsageError(msg)
    return load_file(known[name])


def load_all(extra: Path | None = None) -> list[Board]:
    """Return every known board; raises ``UsageError`` where two virtual ones would be one to arduino-cli."""
    known = [load_file(path) for path in files(extra).values()]
    seen: dict[str, Board] = {}
    for board in known:
        other = seen.setdefault(board.fqbn, board) if board.virtual else board
        if other is not board:
            msg = (
                f"the boards {other.name} and {board.name} have the same fqbn {board.fqbn!r}: give one of them "
                "another last part, such as the name of its file"
            )
            raise UsageError(msg)
    return known
