"""Which board is at which port, by the ids of USB devices. Pure: the ports come from ``harness.serial_port``."""

from __future__ import annotations

from collections.abc import Sequence

from harness.boards import Board
from harness.serial_port import Device


def usb_id(device: Device) -> str | None:
    """Return ``vid:pid`` in lower case, or None for a port that is no USB device's."""
    if device.vid is None or device.pid is None:
        return None
    return f"{device.vid:04x}:{device.pid:04x}"


def by_board(boards: Sequence[Board], devices: Sequence[Device]) -> dict[str, list[Device]]:
    """Return the devices of each board that has any, in the order of their paths.

    A device whose ids two boards claim is listed for both: the ids of a USB bridge say nothing of what is behind it.
    """
    found: dict[str, list[Device]] = {}
    for board in boards:
        ids = {usb_id.lower() for usb_id in board.usb.ids} if board.usb else set()
        devices_of_it = sorted((d for d in devices if usb_id(d) in ids), key=lambda device: device.path)
        if devices_of_it:
            found[board.name] = devices_of_it
    return found


def only_one(boards: Sequence[Board], devices: Sequence[Device]) -> tuple[str, Device] | None:
    """Return the board and its port where exactly one is attached whose ids tell which board it is, else None."""
    telling = [board for board in boards if board.usb and not board.usb.shared]
    pairs = [(name, device) for name, found in by_board(telling, devices).items() for device in found]
    return pairs[0] if len(pairs) == 1 else None
