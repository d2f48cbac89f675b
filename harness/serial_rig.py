"""A real board at a serial port. The port may go away and come back under another name: it is found again.

An upload that begins with opening the port at 1,200 baud, a reset of a chip with USB of its own, and a loose cable
look the same from here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from harness.board_lock import BoardLock
from harness.boards import Board
from harness.errors import RigError
from harness.patience import REAL, Patience, Timer
from harness.serial_port import Device, SerialPort, attached
from harness.session import Counts, Port, Session, closing_on_error
from harness.whereabouts import locate

_BACK_S = 15.0
"""How long a port may be away: bootloaders take up to ten seconds before they start the sketch."""
_LOOK_S = 0.1
_STALE_S = 0.1
"""What a bridge holds is here sooner, and no bootloader starts the sketch so soon."""


class SerialRig:
    """The board at ``port``: the path of a tty, an address (``rfc2217://HOST:PORT``), or ``labgrid:PLACE``."""

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
        self._open_port = open_port
        self._timer = timer
        self._path = port
        self._closed = False
        self._where = locate(port, board, devices, timer)
        self._lock = BoardLock(board.name, self._where.identity)

    @property
    def port(self) -> str:
        """Path or address of the port as it is called now; raises ``RigError`` where it does not come back."""
        patience = Patience(_BACK_S, self._timer)
        while True:
            path = self._where.find()
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
        reopen = partial(self._reopen, baud)
        return Session(self._open(baud), self.trouble, reopen=reopen, silence_s=silence_s, timer=self._timer)

    def _reopen(self, baud: int) -> Port:
        self._where.lost()
        return self._open(baud)

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
            self._where.lost()
            self._timer.sleep(_LOOK_S)

    def counted(self) -> tuple[Counts, ...]:
        """Return nothing: this board counts no regions of its own."""
        return ()

    def trouble(self) -> str | None:
        """Say that the board has been let go of; a port that has gone says so itself."""
        return "the run was stopped" if self._closed else None

    def close(self) -> None:
        """Let go of the board; what another thread does with it fails soon. May be called more than once."""
        self._closed = True
        self._where.release()
        self._lock.release()
