"""Where the port of a real board is now: at a path, behind a USB device that may move, at an address, in a lab."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from harness.labgrid_place import LabgridPlace, place_in
from harness.patience import Timer
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


def locate(port: str, devices: Callable[[], Sequence[Device]], timer: Timer) -> Whereabouts:
    """Return what knows where ``port`` is; raises ``MissingError`` where it is in a lab and labgrid is not there."""
    place = place_in(port)
    if place is not None:
        return LabgridPlace(*place, timer)
    there = [] if is_remote(port) else list(devices())
    device = next((d for d in there if _same_path(d.path, port)), None)
    return FixedPort(port) if device is None else UsbPort(port, device, there, devices)


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
        self, path: str, device: Device, there: Sequence[Device], devices: Callable[[], Sequence[Device]]
    ) -> None:
        self._path = path
        self._known = device
        self._others = [d for d in there if d is not device]
        self._devices = devices
        number = device.serial_number
        self.identity = f"serial number {number}" if number else f"port {device.path}"

    def find(self) -> str | None:
        """Return where the board is now, by what is surest: its serial number, its path, its kind."""
        known, there = self._known, list(self._devices())
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
                return self._take(found[0])
        return next((self._take(d) for d in same if _same_path(d.path, self._path)), None)

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
