"""The one place that opens serial ports and asks the system which there are."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import stat
import termios
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from harness.errors import PortGoneError, RigError
from harness.patience import Patience

_ADDRESSES = "rfc2217://HOST:PORT, socket://HOST:PORT or labgrid:PLACE"
_GONE = (serial.SerialException, OSError, termios.error)
"""What is raised where a port goes away; pyserial lets the last one, which is no ``OSError``, out as it is."""
_SCHEMES = ("rfc2217", "socket")
_LOOKS = 3
_POLL_S = 0.02
_WRITE_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Device:
    """A serial port that the system lists, with what its USB device says of itself."""

    path: str
    vid: int | None = None
    pid: int | None = None
    serial_number: str | None = None
    location: str | None = None
    """Its place on the bus, such as ``1-2.3``: the same as long as it is plugged in there."""


def attached() -> list[Device]:
    """Return the serial ports that are there now."""
    return [
        Device(
            path=port.device,
            vid=port.vid,
            pid=port.pid,
            serial_number=port.serial_number or None,
            location=(port.location or "").split(":")[0] or None,
        )
        for port in _listed()
    ]


def _listed() -> list[ListPortInfo]:
    for _ in range(_LOOKS):
        with contextlib.suppress(TypeError, OSError):  # a device that goes away while it is looked at
            return list(list_ports.comports())
    return []


def is_remote(path: str) -> bool:
    """Whether ``path`` is an address on the network (``rfc2217://``, ``socket://``) and no path of a tty."""
    return "://" in path


def complaint(path: str) -> str | None:
    """Return why nothing can ever be at a port, or None where something may be."""
    if is_remote(path):
        try:
            address = urlsplit(path)
            right = address.scheme in _SCHEMES and address.hostname and address.port
        except ValueError:
            right = False
        return None if right else f"{path!r} is no address of a port: {_ADDRESSES}"
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        return f"the port {path} is not there ({error.strerror}): is the board attached?"
    return None if stat.S_ISCHR(mode) else f"{path} is no serial port"


class SerialPort:
    """A tty opened through pyserial for this process alone, or a port at an address on the network."""

    def __init__(self, path: str, baud: int) -> None:
        self._path = path
        try:
            if is_remote(path):
                # Neither kind of address knows a deadline for writing; the network has its own.
                self._serial = serial.serial_for_url(path, baudrate=baud, timeout=_POLL_S)
            else:
                self._serial = _open_tty(path, baud)
        except (serial.SerialException, OSError, ValueError, termios.error) as error:
            raise RigError(_why_not_open(path, error)) from error

    def read(self) -> bytes:
        """Return what has arrived; raises ``PortGoneError`` when the port has gone."""
        try:
            data: bytes = self._serial.read(1)
            return data + self._serial.read(self._serial.in_waiting) if data else data
        # pyserial lets TypeError out where a port is closed by another thread while it is read.
        except (*_GONE, TypeError) as error:
            msg = f"the port {self._path} vanished while it was read ({error})"
            raise PortGoneError(msg) from error

    def write(self, data: bytes) -> None:
        """Send bytes; raises ``PortGoneError`` when the port has gone, ``RigError`` when it takes nothing."""
        try:
            if is_remote(self._path):
                self._serial.write(data)
            else:
                self._write_to_tty(data)
        except (*_GONE, TypeError) as error:
            msg = f"the port {self._path} vanished while it was written ({error})"
            raise PortGoneError(msg) from error

    def _write_to_tty(self, data: bytes) -> None:
        """Send bytes, for as long as some are taken.

        pyserial's own deadline runs on while this process is suspended, and passes though everything was sent.
        """
        patience = Patience(_WRITE_S)
        while data:
            _, ready, _ = select.select([], [self._serial.fileno()], [], _POLL_S)
            if ready:
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(self._serial.fileno(), data) :]
                    patience = Patience(_WRITE_S)
            if patience.left() <= 0:
                msg = (
                    f"the port {self._path} takes no more bytes: the board does not read. "
                    "Press its reset button, or unplug it and plug it in again"
                )
                raise RigError(msg)

    def close(self) -> None:
        """Release the port."""
        with contextlib.suppress(*_GONE):
            self._serial.close()


def _open_tty(path: str, baud: int) -> serial.Serial:
    port = serial.Serial(None, baud, timeout=_POLL_S, exclusive=True)
    port.port = path
    # pyserial would drop what has come already: with a board that crashes as soon as it starts, the only word of it.
    port._reset_input_buffer = lambda: None
    port.open()
    return port


def _why_not_open(path: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if is_remote(path):
        return f"the port {path} cannot be reached: {error}. Does the server run there, and is the address right?"
    if "exclusively lock" in str(error) or number in (errno.EBUSY, errno.EAGAIN):
        who = _holders(path)
        named = f" ({', '.join(who)})" if who else ""
        return f"the port {path} is in use by another program{named}: close it (a serial monitor? another mcuprof?)"
    if number == errno.EACCES:
        return f"the port {path} may not be opened: add yourself to the group that owns it (often dialout)"
    if number == errno.ENOENT:
        return f"the port {path} is not there: is the board attached?"
    return f"the port {path} cannot be opened: {error}"


def _holders(path: str) -> list[str]:
    """Return the programs that have a tty open, as far as the system tells: on Linux, those of the same user."""
    wanted = os.path.realpath(path)
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            held = any(os.path.realpath(link) == wanted for link in (folder / "fd").iterdir())
            if held and int(folder.name) != os.getpid():
                found.append(f"{(folder / 'comm').read_text().strip()}, process {folder.name}")
    return sorted(found)
