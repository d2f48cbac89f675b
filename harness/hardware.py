"""What a board file says of a real board: its USB ids, its upload, where its core comes from."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Reset = Literal["dtr", "software", "none"]
"""What starts the sketch anew: ``dtr``, opening the port; ``software``, the firmware alone; ``none``, nothing."""

SCRIPT = "mcuprof.script"
"""The build property that holds the path of a linker script with larger regions."""

_SHORTEST_S, _LONGEST_S = 0.1, 3600
_USB_ID = re.compile(r"[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}")
_REGION = re.compile(r"[A-Za-z_][\w.]*|")
_INDEX = re.compile(r"https?://\S+/package_[\w.-]*index\.json|")


class Usb(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the board is known on the bus."""

    ids: tuple[str, ...]
    """``VID:PID`` as four hexadecimal digits each."""
    shared: bool = False
    """Whether other boards have the same ids, as those of a bridge chip: they do not tell which board it is."""


class Upload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a program is written. What that does to the port, the core's boards.txt tells arduino-cli."""

    seconds: float = 120.0
    """How long an upload may take."""
    bootloader_seconds: float = 2.0
    """How long the bootloader listens before it starts the sketch, where opening the port starts it."""


class CoreSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the board's core comes from, and what its sketches need besides."""

    package_index: str = ""
    """Address of the vendor's package index; empty for Arduino's own, which arduino-cli knows."""
    libraries: tuple[str, ...] = ()
    """Folders of Arduino libraries in the sketchbook that every sketch for the board is built with."""


class Linker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the core's linker script calls the board's memories, and how a program is linked by another script.

    Patterns are arduino-cli's: ``{build.path}`` in them is that property of the core.
    """

    flash_region: str = ""
    ram_region: str = ""
    script: str = ""
    """Pattern of the script's path; empty where the regions end beyond every board, or nobody knows."""
    enlarge: dict[str, str] = {}
    """Build properties with which the core links by ``{mcuprof.script}``, a copy with larger regions."""

    def memory(self, region: str) -> str | None:
        """Return ``FLASH`` or ``RAM`` for a region of the linker script, or None where it is neither."""
        known = {self.ram_region: "RAM", self.flash_region: "FLASH"}
        return known.get(region) if region else None


def virtual_linker(*, program_in_ram: bool) -> Linker:
    """Return how programs for the virtual boards are linked, whose platform is mcuprof's own."""
    return Linker(
        flash_region="" if program_in_ram else "FLASH",
        ram_region="RAM",
        script="{build.variant.path}/{build.ldscript}",
        enlarge={"build.ldscript": f"{{{SCRIPT}}}"},
    )


def complaint(
    usb: Usb | None, upload: Upload, core: CoreSource, linker: Linker | None, *, virtual: bool
) -> tuple[str, str] | None:
    """Return the key at fault and what is wrong with it, or None where everything can be."""
    for usb_id in usb.ids if usb else ():
        if not _USB_ID.fullmatch(usb_id):
            return "usb.ids", f"expected VID:PID in hexadecimal, such as 2341:005a, got {usb_id!r}"
    if usb is not None and (virtual or not usb.ids):
        return ("usb", "a virtual board is on no bus") if virtual else ("usb.ids", "name at least one VID:PID")
    for key, seconds in (("seconds", upload.seconds), ("bootloader_seconds", upload.bootloader_seconds)):
        if not _SHORTEST_S <= seconds <= _LONGEST_S:
            return f"upload.{key}", f"expected {_SHORTEST_S} to {_LONGEST_S}, got {seconds:g}"
    if not _INDEX.fullmatch(core.package_index):
        return "core.package_index", f"expected the address of a package_…index.json, got {core.package_index!r}"
    return _linker_complaint(linker) if linker else None


def _linker_complaint(linker: Linker) -> tuple[str, str] | None:
    for region in (linker.flash_region, linker.ram_region):
        if not _REGION.fullmatch(region):
            return "linker", f"{region!r} is not a name of a region"
    if bool(linker.script) != any(f"{{{SCRIPT}}}" in value for value in linker.enlarge.values()):
        return "linker.enlarge", f"name script, and with it a property that holds {{{SCRIPT}}}, or neither"
    return None
