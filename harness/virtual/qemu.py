"""QEMU as a board: starts it on a program, restarts it on an upload, and never leaves one behind."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from harness import cmd
from harness.boards import Board, Virtual
from harness.errors import MissingError, RigError
from harness.serial_port import SerialPort
from harness.session import Counts, Port, Session, closing_on_error
from harness.trace import Detail
from harness.virtual.cycle_model import CycleCounter
from harness.virtual.machine import RigFolder, await_machine, in_option, last_words
from harness.virtual.tty import VirtualPort

PROGRAM = "qemu-system-arm"


class QemuRig:
    """A virtual Cortex-M board behind the tty ``port``."""

    def __init__(self, board: Board, detail: Detail = Detail.TOTALS) -> None:
        if board.virtual is None:
            msg = f"{board.name} is not a virtual board"
            raise ValueError(msg)
        if shutil.which(PROGRAM) is None:
            msg = (
                f"{PROGRAM} is not there, so virtual boards cannot run; "
                "`./dev setup` installs it, or your system's package manager does"
            )
            raise MissingError(msg)
        self.board = board
        self._virtual: Virtual = board.virtual
        self._folder = RigFolder()
        self._log = self._folder.path / "qemu.log"
        self._counter: CycleCounter | None = None
        if not board.no_plugin and (board.cycles or detail is Detail.CALLS):
            self._counter = CycleCounter(board, PROGRAM, self._folder.path / "cycles", detail)
        self._machine: cmd.Process | None = None
        self._program: Path | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._tty = VirtualPort(self._folder.path, lambda request: self.load(Path(request["load"])))

    @property
    def port(self) -> str:
        """Path of the tty."""
        return str(self._tty.path)

    def load(self, elf: Path) -> None:
        """Start the machine anew on the program ``elf``; raises ``RigError`` where it does not come up."""
        with self._lock:
            if self._closed:
                msg = "the virtual board has been closed"
                raise RigError(msg)
            self._stop()
            self._program = elf
            self._tty.forget()
            self._machine = cmd.spawn(self._command(elf), log=self._log)
            await_machine("QEMU", self._machine, self._tty.connected, self._log)

    def open(self) -> Session:
        """Open the port; raises ``RigError`` where it cannot be had."""
        port = SerialPort(self.port, self.board.baud)
        if self._counter is None:
            return Session(port, self.trouble)
        return Session(port, self.trouble, count=self._counter.last, trace=self._counter.trace)

    def listen(self, baud: int) -> Port:
        """Open the port and start the program that was loaded last anew; raises ``RigError``."""
        port = SerialPort(self.port, baud)
        if self._program is not None:
            with closing_on_error(port):
                self.load(self._program)
        return port

    def counted(self) -> tuple[Counts, ...]:
        """Return what the cycle model counted of each timed region; empty where it counts none."""
        return self._counter.all() if self._counter else ()

    def trouble(self) -> str | None:
        """Say what is wrong with the machine, or None when it runs."""
        if self._machine is not None and self._machine.returncode is not None:
            return f"QEMU ended with code {self._machine.returncode}: {last_words(self._log)}"
        return None

    def close(self) -> None:
        """Stop the machine and remove the port. May be called more than once."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._stop()
        self._tty.close()
        self._folder.close()

    def _stop(self) -> None:
        if self._machine is not None:
            self._machine.kill()
            self._machine = None
        self._tty.hang_up()

    def _command(self, elf: Path) -> list[str]:
        return [
            PROGRAM,
            "-M",
            self._virtual.machine,
            "-kernel",
            str(elf),
            # Time is the number of executed instructions. Asleep, the machine waits by the host's clock, which costs
            # the host nothing and is not counted.
            "-icount",
            f"shift={self._virtual.icount_shift}",
            "-display",
            "none",
            "-monitor",
            "none",
            "-chardev",
            f"socket,id=tty,path={in_option(self._tty.serial)}",
            "-serial",
            "chardev:tty",
            *(self._counter.arguments() if self._counter else []),
        ]
