"""A real board at a serial port. The port may go away and come back under another name: it is found again.

An upload that begins with opening the port at 1,200 baud, a reset of a chip with USB of its own, and a loose cable
look the same from here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from harness.board_lock import BoardLock
from harness.boards import Board
from harness.errors import RigError
from harness.patience import REAL, Patience, Timer
from harness.serial_port import Device, SerialPort, attached, is_remote
from harness.session import Port, Session, closing_on_error

_BACK_S = 15.0
"""How long a port may be away: bootloaders take up to ten seconds before they start the sketch."""
_LOOK_S = 0.1
_STALE_S = 0.1
"""What a bridge holds is here sooner, and no bootloader starts the sketch so soon."""


class SerialRig:
    """The board at ``port``: the path of a tty, or an address (``rfc2217://HOST:PORT``, ``socket://HOST:PORT``)."""

    def __init__(
        self,
        board: Board,
        port: str,
        *,
        devices: Callable[[], Sequence[Device]] = attached,
        open_port: Callable[[str, int], Port] = SerialPort,
        timer: Timer = REAL,
    ) -> None:
        self.board = board
        self._devices = devices
        self._open_port = open_port
        self._timer = timer
        self._path = port
        self._closed = False
        there = [] if is_remote(port) else list(devices())
        self._device = next((d for d in there if _same_path(d.path, port)), None)
        self._others = [d for d in there if d is not self._device]
        number = self._device.serial_number if self._device else None
        path = self._device.path if self._device else port
        self._lock = BoardLock(board.name, f"serial number {number}" if number else f"port {path}")

    @property
    def port(self) -> str:
        """Path of the port as it is called now; raises ``RigError`` where it does not come back."""
        patience = Patience(_BACK_S, self._timer)
        while True:
            path = self._find()
            if path is not None:
                self._path = path
                return path
            if self._closed or patience.left() <= 0:
                msg = (
                    f"the port {self._path} of {self.board.name} has gone and did not come back within "
                    f"{_BACK_S:g} s: look at the cable, or press the board's reset button"
                )
                raise RigError(msg)
            self._timer.sleep(_LOOK_S)

    def open(self) -> Session:
        """Open the port; raises ``RigError`` where it cannot be had."""
        baud, silence_s = self.board.baud, self.board.silence_s
        reopen = partial(self._open, baud)
        return Session(reopen(), self.trouble, reopen=reopen, silence_s=silence_s, timer=self._timer)

    def listen(self, baud: int) -> Port:
        """Open the port; raises ``RigError`` where it cannot be had.

        Where that resets the board, what still comes from before is dropped: what comes afterwards would be glued to
        it.
        """
        port = self._open(baud)
        if self.board.reset == "dtr":
            with closing_on_error(port):
                patience = Patience(_STALE_S, self._timer)
                while patience.left() > 0:
                    port.read()
        return port

    def _open(self, baud: int) -> Port:
        """Open the port as soon as it can be had.

        A port that has just come has other rights for a moment, and services that look for modems hold it for some
        seconds; so a refusal is believed only when it stays.
        """
        patience = Patience(_BACK_S, self._timer)
        while True:
            path = self.port
            try:
                return self._open_port(path, baud)
            except RigError:
                if self._closed or patience.left() <= 0:
                    raise
            self._timer.sleep(_LOOK_S)

    def trouble(self) -> str | None:
        """Say that the board has been let go of; a port that has gone says so itself."""
        return "the run was stopped" if self._closed else None

    def close(self) -> None:
        """Let go of the board; what another thread does with it fails soon. May be called more than once."""
        self._closed = True
        self._lock.release()

    def _find(self) -> str | None:
        """Return where the board is now, by what is surest: its serial number, its path, its kind."""
        if is_remote(self._path):
            return self._path
        known = self._device
        if known is None:
            return self._path if Path(self._path).exists() else None
        there = list(self._devices())
        if known.serial_number:
            # A bootloader is another device on the bus, but of the same serial number.
            same = [d for d in there if (d.serial_number, d.vid) == (known.serial_number, known.vid)]
        else:
            same = [d for d in there if (d.path, d.vid, d.pid) == (self._path, known.vid, known.pid)]
        new = [d for d in there if not any(_same_device(d, other) for other in self._others)]
        of_its_kind = [d for d in new if (d.vid, d.pid) == (known.vid, known.pid)]
        of_its_maker = [d for d in new if d.vid is not None and d.vid == known.vid]
        for found in (same, of_its_kind, of_its_maker):
            if len(found) == 1:
                return self._path if _same_path(found[0].path, self._path) else found[0].path
        return next((d.path for d in same if _same_path(d.path, self._path)), None)


def _same_device(one: Device, other: Device) -> bool:
    ours, theirs = (d.serial_number or d.path for d in (one, other))
    return (one.vid, one.pid, ours) == (other.vid, other.pid, theirs)


def _same_path(one: str, other: str) -> bool:
    return one == other or Path(one).resolve() == Path(other).resolve()
