"""What a board file says of a real board: its USB ids, its upload, where its core comes from."""

from __future__ import annotations

import re

import msgspec

_USB_ID = re.compile(r"[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}")
_REGION = re.compile(r"[A-Za-z_][\w.]*|")
_INDEX = re.compile(r"https?://\S+/package_[\w.-]*index\.json|")


class Usb(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the board is known on the bus."""

    ids: tuple[str, ...]
    """``VID:PID`` as four hexadecimal digits each."""


class Upload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a program is written. What that does to the port, the core's boards.txt tells arduino-cli."""

    seconds: float = 120.0
    """How long an upload may take."""


class CoreSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the board's core comes from, and what its sketches need besides."""

    package_index: str = ""
    """Address of the vendor's package index; empty for Arduino's own, which arduino-cli knows."""
    libraries: tuple[str, ...] = ()
    """Folders of Arduino libraries in the sketchbook that every sketch for the board is built with."""


class Linker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the core's linker script calls the board's memories."""

    flash_region: str = ""
    ram_region: str = ""

    def memory(self, region: str) -> str | None:
        """Return ``FLASH`` or ``RAM`` for a region of the linker script, or None where it is neither."""
        known = {self.ram_region: "RAM", self.flash_region: "FLASH"}
        return known.get(region) if region else None


def complaint(
    usb: Usb | None, upload: Upload, core: CoreSource, linker: Linker | None, *, virtual: bool
) -> tuple[str, str] | None:
    """Return the key at fault and what is wrong with it, or None where everything can be."""
    for usb_id in usb.ids if usb else ():
        if not _USB_ID.fullmatch(usb_id):
            return "usb.ids", f"expected VID:PID in hexadecimal, such as 2341:005a, got {usb_id!r}"
    if usb is not None and (virtual or not usb.ids):
        return ("usb", "a virtual board is on no bus") if virtual else ("usb.ids", "name at least one VID:PID")
    if upload.seconds <= 0:
        return "upload.seconds", f"{upload.seconds:g} is too small"
    if not _INDEX.fullmatch(core.package_index):
        return "core.package_index", f"expected the address of a package_…index.json, got {core.package_index!r}"
    for region in (linker.flash_region, linker.ram_region) if linker else ():
        if not _REGION.fullmatch(region):
            return "linker", f"{region!r} is not a name of a region"
    return None
