"""A rig is a board that is there now. Hardware and virtual rigs answer to one Protocol."""

from __future__ import annotations

from typing import Protocol

from harness.boards import Board
from harness.errors import MissingError
from harness.session import Counts, Port, Session
from harness.trace import Detail


class Rig(Protocol):
    """A board at a port."""

    board: Board

    @property
    def port(self) -> str:
        """Path of the port, as arduino-cli and pyserial take it."""
        ...

    def open(self) -> Session:
        """Open the port for a conversation with the firmware; raises ``RigError``."""
        ...

    def listen(self, baud: int) -> Port:
        """Open the port for a sketch that speaks no protocol; raises ``RigError``.

        The sketch is started anew where the host can do that, as most boards do when their port is opened; so nothing
        that it prints is missed.
        """
        ...

    def counted(self) -> tuple[Counts, ...]:
        """Return what each timed region took that has ended since the program was started.

        Empty where the board counts none, or where the program marks none.
        """
        ...

    def trouble(self) -> str | None:
        """Say what is known to be wrong with the rig, or None."""
        ...

    def close(self) -> None:
        """Release everything. May be called more than once."""
        ...


def connect(board: Board, port: str | None = None, detail: Detail = Detail.TOTALS) -> Rig:
    """Return a rig for ``board``, a real one at ``port``; raises ``MissingError`` where there is none.

    ``detail`` is what a board on QEMU counts; the others count what their firmware does.
    """
    if board.simavr is not None:
        from harness.virtual.simavr import SimavrRig

        return SimavrRig(board)
    if board.is_virtual:
        from harness.virtual.qemu import QemuRig

        return QemuRig(board, detail)
    from harness.port_choice import no_port
    from harness.serial_rig import SerialRig

    if port is None:
        raise MissingError(no_port(board))

    return SerialRig(board, port)
