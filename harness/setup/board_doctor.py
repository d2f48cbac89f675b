"""What one board needs beside what all need: its core, a compiler, an upload tool, and a port that may be opened."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness import ports
from harness.arduino import Arduino
from harness.boards import Board
from harness.errors import McuprofError, MissingError
from harness.labgrid_place import find_client, place_in
from harness.platform import Workplace, missing_core
from harness.serial_port import Device, is_remote
from harness.setup.doctor import Check
from harness.virtual import simavr


def board_checks(board: Board, place: Workplace, devices: Sequence[Device], port: str | None) -> list[Check]:
    """Look for what ``board`` needs; ``port`` is the one that the user names for it, if any."""
    core = place.core(board.core_id)
    found = [
        Check(
            name=f"core {board.core_id}",
            found=core is not None,
            version=str(core.resolve()) if core else "",
            needed_for=f"building for {board.name}",
            remedy="" if core else missing_core(board),
        )
    ]
    if board.simavr is not None:
        return [*found, _avr_player(board)]
    if board.is_virtual:
        return found
    if core is not None:
        found += _tools(board, place)
    return [*found, *_port(board, devices, port)]


def _avr_player(board: Board) -> Check:
    lacking = simavr.missing()
    return Check(
        name="simavr and avrdude",
        found=lacking is None,
        version="" if lacking else str(simavr.CORE),
        needed_for=f"running {board.name}",
        remedy=lacking or "",
    )


def _tools(board: Board, place: Workplace) -> list[Check]:
    needed_for = f"building for {board.name}"
    try:
        tools = Arduino(place).tools_of(board)
    except McuprofError as error:
        return [Check(name="compiler", found=False, version="", needed_for=needed_for, remedy=error.message)]
    compiler = Check(name="compiler", found=True, version=tools.compiler, needed_for=needed_for, remedy="")
    return [compiler, _upload_tool(board, tools.properties)]


def _upload_tool(board: Board, properties: Mapping[str, str]) -> Check:
    name, program = upload_program(properties)
    found = shutil.which(program) is not None
    remedy = (
        f"the core's upload tool {name if '{' in program else program} is not there, as where the core was placed "
        f'by hand: name the program in mcuprof.toml, as tools.{name}.cmd.path = "…" under '
        f"[board.{board.name}.build_properties]"
    )
    return Check(
        name=f"upload tool {name}",
        found=found,
        version=program if found else "",
        needed_for=f"measuring on {board.name}",
        remedy="" if found else remedy,
    )


def upload_program(properties: Mapping[str, str]) -> tuple[str, str]:
    """Return the name of the tool that uploads, and its program, from a board's build properties.

    The properties of a tool are relative to it: ``{path}`` in them is its own ``tools.NAME.path``.
    """
    tool = properties.get("upload.tool.serial") or properties.get("upload.tool.default")
    name = (tool or properties.get("upload.tool", "")).split(":")[-1]
    own = {key: properties.get(f"tools.{name}.{key}", "") for key in ("path", "cmd", "cmd.path")}
    program = own["cmd.path"] or (f"{own['path']}/{own['cmd']}" if own["path"] else own["cmd"])
    return name, program.replace("{path}", own["path"])


def _port(board: Board, devices: Sequence[Device], port: str | None) -> list[Check]:
    needed_for = f"measuring on {board.name}"
    if port is not None and place_in(port):
        return [_labgrid(needed_for)]
    attached = [device.path for device in ports.by_board([board], devices).get(board.name, [])]
    if port is not None and is_remote(port):
        return []  # whether it answers is known when it is opened
    path = port or next(iter(attached), None)
    there = path is not None and Path(path).exists()
    remedy = (
        f"no port of {board.name} is there: attach it with a USB cable that carries data; "
        f"where it is there under another name, give it as port under [board.{board.name}] in mcuprof.toml"
    )
    found = [
        Check(name="port", found=there, version=path or "", needed_for=needed_for, remedy="" if there else remedy)
    ]
    if path is None or not there:
        return found
    allowed = os.access(path, os.R_OK | os.W_OK)
    return [
        *found,
        Check(
            name="permission",
            found=allowed,
            version=f"{path} may be opened" if allowed else "",
            needed_for=needed_for,
            remedy="" if allowed else f"`sudo usermod -aG {_group(path)} $USER`, then log in anew",
        ),
    ]


def _labgrid(needed_for: str) -> Check:
    try:
        client, remedy = find_client(), ""
    except MissingError as error:
        client, remedy = "", error.message
    return Check(name="labgrid", found=bool(client), version=client, needed_for=needed_for, remedy=remedy)


def _group(path: str) -> str:
    try:
        return Path(path).group()
    except (KeyError, OSError):
        return "dialout"
