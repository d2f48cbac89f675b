"""An AVR board on libsimavr: its own bootloader takes the uploads, over the tty, from the core's own upload tool."""

from __future__ import annotations

import hashlib
import shutil
import threading
from pathlib import Path

from harness import cmd, cores, paths
from harness.boards import Board, Simavr
from harness.errors import MissingError, RigError
from harness.serial_port import SerialPort
from harness.session import Counts, Port, Session, closing_on_error
from harness.virtual import toolmaking
from harness.virtual.machine import RigFolder, await_machine, last_words
from harness.virtual.tty import VirtualPort

DEBIAN_PACKAGES = "gcc-avr avr-libc arduino-core-avr avrdude gcc libc6-dev libsimavr-dev"
CORE = cores.SYSTEM / "hardware" / "arduino" / "avr"
_SIMAVR_HEADER = "simavr/sim_avr.h"


def missing() -> str | None:
    """Say what a virtual AVR board lacks on this machine and how to get it, or None where everything is there."""
    programs = ("avr-gcc", "avr-objcopy", "avrdude", "cc")
    lacking = [name for name in programs if shutil.which(name) is None]
    if not (CORE / "boards.txt").is_file():
        lacking.append(str(CORE))
    if not Path("/usr/include", _SIMAVR_HEADER).is_file():
        lacking.append(_SIMAVR_HEADER)
    if not lacking:
        return None
    return (
        f"virtual AVR boards need {', '.join(lacking)}: `apt-get install {DEBIAN_PACKAGES}` as root, "
        "or `./dev setup` in a checkout, gets all they need on Debian and Ubuntu"
    )


class SimavrRig:
    """A virtual AVR board behind the tty ``port``."""

    def __init__(self, board: Board) -> None:
        if board.simavr is None:
            msg = f"{board.name} is not played by simavr"
            raise ValueError(msg)
        lacking = missing()
        if lacking:
            raise MissingError(lacking)
        program = _player()
        bootloader = _bootloader(board, board.simavr)
        self.board = board
        self._folder = RigFolder()
        self.log = self._folder.path / "simavr.log"
        """What the player prints: cycles between marks, crashes."""
        self._lock = threading.Lock()
        self._closed = False
        self._tty = VirtualPort(self._folder.path, lambda _: self.reset())
        words: list[str | Path] = [program, board.simavr.mcu, str(board.clock_hz), bootloader, self._tty.serial]
        try:
            self._machine = cmd.spawn(words, log=self.log)
            self._wait()
        except BaseException:
            self.close()
            raise

    @property
    def port(self) -> str:
        """Path of the tty."""
        return str(self._tty.path)

    def reset(self) -> None:
        """Pull the chip's reset, as a serial port's DTR line does; raises ``RigError`` where it does not answer."""
        with self._lock:
            if self._closed:
                msg = "the virtual board has been closed"
                raise RigError(msg)
            self._tty.hang_up()
            self._wait()

    def open(self) -> Session:
        """Open the port; raises ``RigError`` where it cannot be had."""
        return Session(SerialPort(self.port, self.board.baud), self.trouble)

    def listen(self, baud: int) -> Port:
        """Open the port and pull the chip's reset, as that does on a desk; raises ``RigError``."""
        port = SerialPort(self.port, baud)
        with closing_on_error(port):
            self.reset()
        return port

    def counted(self) -> tuple[Counts, ...]:
        """Return nothing: this board counts no regions of its own."""
        return ()

    def trouble(self) -> str | None:
        """Say what is wrong with the machine, or None when it runs."""
        if self._machine.returncode is not None:
            return f"simavr ended with code {self._machine.returncode}: {last_words(self.log)}"
        return None

    def close(self) -> None:
        """Stop the machine and remove the port. May be called more than once."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if hasattr(self, "_machine"):
                self._machine.kill()
        self._tty.close()
        self._folder.close()

    def _wait(self) -> None:
        await_machine("simavr", self._machine, self._tty.connected, self.log)


def _player() -> Path:
    """Return the program that plays a board, compiled where it is not there."""
    source = paths.data_dir() / "boards" / "cores" / "simavr" / "board.c"
    return toolmaking.made(
        "player",
        hashlib.sha256(source.read_bytes()).hexdigest()[:12],
        lambda new: [["cc", "-O2", "-std=gnu11", "-o", str(new), str(source), "-lsimavr", "-lm"]],
        "the player of the virtual AVR boards",
    )


def _bootloader(board: Board, simavr: Simavr) -> Path:
    """Return the board's bootloader as an Intel hex file, compiled from the core's source where it is not there."""
    source = CORE / "bootloaders" / simavr.bootloader
    words = [
        *("avr-gcc", f"-mmcu={simavr.mcu}", f"-DF_CPU={board.clock_hz}L"),
        *simavr.bootloader_flags,
        f"-Wl,--section-start=.text={board.flash_bytes:#x}",
        str(source),
    ]
    try:
        digest = hashlib.sha256(repr(words).encode() + source.read_bytes()).hexdigest()[:12]
    except OSError as error:
        msg = f"the bootloader {source} of {board.name} cannot be read: {error.strerror}"
        raise MissingError(msg) from error
    made = toolmaking.made(
        "bootloader",
        digest,
        lambda new: [
            [*words, "-o", f"{new}.elf"],
            ["avr-objcopy", "--set-start=0", "-j", ".text", "-j", ".data", "-O", "ihex", f"{new}.elf", str(new)],
        ],
        f"the bootloader of {board.name}",
    )
    end = hex_end(made.read_text(encoding="ascii"))
    if end > board.flash_bytes + simavr.bootloader_bytes:
        msg = f"this compiler makes the bootloader {source} larger than its {simavr.bootloader_bytes:,} bytes"
        raise MissingError(msg)
    return made


def hex_end(text: str) -> int:
    """Return the address after the last byte of an Intel hex file; raises ``ValueError`` where it is none."""
    end = base = 0
    for line in text.split():
        record = bytes.fromhex(line.removeprefix(":"))
        kind, data = record[3], record[4:-1]
        if kind == 0:
            end = max(end, base + int.from_bytes(record[1:3], "big") + len(data))
        elif kind in (2, 4):
            base = int.from_bytes(data, "big") << (4 if kind == 2 else 16)  # noqa: PLR2004 (segment, or upper half)
    return end
