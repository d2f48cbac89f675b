"""Where the port of a real board is now: at a path, behind a USB device that may move, at an address, in a lab."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from harness.boards import Board
from harness.labgrid_place import LabgridPlace, place_in
from harness.patience import Timer
from harness.ports import usb_id
from harness.serial_port import Device, is_remote


class Whereabouts(Protocol):
    """What knows where a port is."""

    identity: str
    """What tells this board from all others; its lock is named after it."""

    def find(self) -> str | None:
        """Return the path or address of the port, None while it is away; raises ``RigError`` where there is none."""
        ...

    def lost(self) -> None:
        """Take note that the port has gone, or could not be opened."""
        ...

    def release(self) -> None:
        """Let go of what was taken to reach the port. May be called more than once."""
        ...


def locate(port: str, board: Board, devices: Callable[[], Sequence[Device]], timer: Timer) -> Whereabouts:
    """Return what knows where the ``port`` of ``board`` is.

    Raises ``MissingError`` where it is in a lab and labgrid is not there.
    """
    place = place_in(port)
    if place is not None:
        return LabgridPlace(*place, timer)
    there = [] if is_remote(port) else list(devices())
    device = next((d for d in there if _same_path(d.path, port)), None)
    return FixedPort(port) if device is None else UsbPort(port, board, device, there, devices)


class FixedPort:
    """A tty of which nothing but its path is known, or a port at an address on the network."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.identity = f"port {path}"

    def find(self) -> str | None:
        """Return the path or address, None while nothing is at the path."""
        return self._path if is_remote(self._path) or Path(self._path).exists() else None

    def lost(self) -> None:
        """Do nothing: there is nowhere else to look."""

    def release(self) -> None:
        """Do nothing: nothing was taken."""


class UsbPort:
    """The port of a device that the system lists. After it went away it may have another path."""

    def __init__(
        self,
        path: str,
        board: Board,
        device: Device,
        there: Sequence[Device],
        devices: Callable[[], Sequence[Device]],
    ) -> None:
        self._path = path
        self._known = device
        self._others = [d for d in there if d is not device]
        self._devices = devices
        self._ids = {usb_id.lower() for usb_id in board.usb.ids} if board.usb else set()
        number = device.serial_number
        # Makers of bridges give many of them the same number.
        self._telling = number is not None and all(d.serial_number != number for d in self._others)
        place = device.location or device.path
        self.identity = f"serial number {number}" if self._telling else f"port {place}"

    def find(self) -> str | None:
        """Return where the board is now: by its serial number, else by its place on the bus or its kind.

        Another board of its kind is not taken for it: one with another number, or at another place.
        """
        there = list(self._devices())
        same = [d for d in there if self._is_same(d)]
        stand_ins = [d for d in there if self._may_be(d) and not any(_same_device(d, o) for o in self._others)]
        of_its_kind = [d for d in stand_ins if d.pid == self._known.pid]
        for found in (same, of_its_kind, stand_ins):
            if len(found) == 1:
                return self._take(found[0])
        return next((self._take(d) for d in same if _same_path(d.path, self._path)), None)

    def _is_same(self, device: Device) -> bool:
        known = self._known
        if self._telling:
            # A bootloader is another device on the bus, but of the same serial number.
            return (device.serial_number, device.vid) == (known.serial_number, known.vid)
        here = device.location == known.location if known.location else _same_path(device.path, self._path)
        return (device.vid, device.pid) == (known.vid, known.pid) and here

    def _may_be(self, device: Device) -> bool:
        """Whether a device may be the board as its bootloader, or after it was attached anew."""
        known = self._known
        if device.vid is None or device.vid != known.vid or (self._ids and usb_id(device) not in self._ids):
            return False
        if device.location and known.location:
            return device.location == known.location
        # A bootloader may have a number of its own.
        return device.pid != known.pid or not (self._telling and device.serial_number)

    def _take(self, device: Device) -> str:
        if not _same_path(device.path, self._path):
            self._path = device.path
        return self._path

    def lost(self) -> None:
        """Do nothing: each look is a new one."""

    def release(self) -> None:
        """Do nothing: nothing was taken."""


def _same_device(one: Device, other: Device) -> bool:
    ours, theirs = (d.serial_number or d.path for d in (one, other))
    return (one.vid, one.pid, ours) == (other.vid, other.pid, theirs)


def _same_path(one: str, other: str) -> bool:
    return one == other or Path(one).resolve() == Path(other).resolve()
