"""What arduino-cli answers, and what compilers, linkers and upload tools said through it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import cmd, oversize, paths
from harness.boards import Board
from harness.errors import DoesNotFitError, McuprofError, NoUploadToolError, RigError, ToolFailedError

_OVERFLOW = re.compile(r"region [`'\"]?(\w+)'? overflowed by (\d+) bytes")
_MOVED_BACK = re.compile(r"cannot move location counter backwards \(from (?:0x)?([0-9a-f]+) to (?:0x)?([0-9a-f]+)\)")
"""What the linker says where the script puts heap and stack at the end of RAM and that is taken."""
_USES = re.compile(r"(Sketch uses|Global variables use) (\d+) bytes.*Maximum is (\d+) bytes")
"""What arduino-cli says last where a program is linked and larger than the board."""
_LINKER = re.compile(
    r"(?:\S*/)?[\w.-]*\bld(?:\.\w+)?: "
    r"(.*(?:cannot find|undefined reference|multiple definition|truncated to fit).*)"
)
"""What the linker says where something is missing, or there twice."""
_NO_TOOL = re.compile(r"fork/exec (\S*\{runtime\.tools\.([\w.-]+)\.path\}\S*): no such file")
"""What it says of a tool of the core's package that is not there."""
_NO_PROGRAM = re.compile(
    r'(?:fork/exec (\S+): no such file|exec: "([^"]+)": executable file not found|(\S+) cannot be run: No such file)'
)
"""What it, or the virtual AVR boards' own upload program, says where there is no program to start."""


def parse(done: cmd.Completed) -> dict[str, Any]:
    """Return the document that arduino-cli answered with; raises ``ToolFailedError`` where it is none."""
    try:
        answer = json.loads(done.stdout.strip() or done.stderr)  # it answers a failed upload on standard error
    except ValueError:
        said = (done.stderr or done.stdout).strip().splitlines()
        msg = f"arduino-cli ended with code {done.returncode}: {said[-1] if said else 'it printed nothing'}"
        raise ToolFailedError(msg) from None
    return answer if isinstance(answer, dict) else {}


def uploader_output(done: cmd.Completed) -> str:
    """Return what the upload tool said last, or else what arduino-cli did."""
    try:
        answer = parse(done)
    except ToolFailedError as error:
        return error.message
    result = answer.get("output") or answer.get("upload_result") or answer
    found = (result.get("stderr"), result.get("stdout"), answer.get("error"))
    return next((str(text) for text in found if text and str(text).strip()), "")


def upload_error(done: cmd.Completed, board: Board, port: str) -> RigError:
    """Return the error for an upload that failed."""
    said = [line.strip() for line in uploader_output(done).splitlines() if line.strip()]
    msg = f"the upload to {port} failed: {said[-1] if said else 'the tool said nothing'}"
    missing = _NO_PROGRAM.search("\n".join(said))
    if missing is None:
        return RigError(msg)
    remedy = f"`mcuprof doctor --board {board.name}` says what to do"
    return NoUploadToolError(f"{msg}. The program {missing[missing.lastindex or 0]} is not there: {remedy}")


def compile_error(answer: Mapping[str, Any], board: Board, log: Path) -> McuprofError:
    """Return the error for a sketch that was not built, with all that was said kept in the file ``log``."""
    output = "\n".join(str(answer.get(key) or "") for key in ("compiler_out", "compiler_err", "error"))
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(output, encoding="utf-8")
    if "No space left on device" in output:
        msg = (
            f"the disk is full: the build in {paths.cache()} could not be written; MCUPROF_CACHE names another place"
        )
        return McuprofError(msg)
    too_large = _too_large(output, board, log)
    if too_large is not None:
        return too_large
    msg = f"the sketch does not compile for {board.name}: {_first_error(answer, output, board)}"
    return ToolFailedError(f"{msg} (the compiler's whole output: {log})")


def _too_large(output: str, board: Board, log: Path) -> DoesNotFitError | None:
    """Return the error for a program that is too large, by what the linker said, or else by arduino-cli's check."""
    regions: dict[str, int] = {}
    ram = (board.linker.ram_region if board.linker else "") or "RAM"
    found = [(region, int(over)) for region, over in _OVERFLOW.findall(output)]
    found += [(ram, int(start, 16) - int(end, 16)) for start, end in _MOVED_BACK.findall(output)]
    for region, over in found:
        regions[region] = max(over, regions.get(region, 0))
    overflow = {(board.linker.memory(name) if board.linker else None) or name: n for name, n in regions.items()}
    if not overflow:
        uses = [("FLASH" if what == "Sketch uses" else "RAM", int(n), int(m)) for what, n, m in _USES.findall(output)]
        overflow = {memory: size - limit for memory, size, limit in uses if size > limit}
    return oversize.refusal(board.name, overflow, regions=regions) if overflow else None


def _first_error(answer: Mapping[str, Any], output: str, board: Board) -> str:
    missing = _NO_TOOL.search(output)
    if missing:
        return (
            f"the core's tool {missing[2]} is not there ({missing[1]}), as where the core was placed by hand: name "
            f"its folder as runtime.tools.{missing[2]}.path under [board.{board.name}.build_properties] in "
            "mcuprof.toml, or see docs/boards.md"
        )
    diagnostics = (answer.get("builder_result") or {}).get("diagnostics") or []
    first = next((d for d in diagnostics if d.get("severity") in ("ERROR", "FATAL")), None)
    if first:
        where = f"{Path(first.get('file', '')).name}:{first.get('line', '?')}"
        return f"{where}: {str(first.get('message', '')).splitlines()[0]}"
    # That ld failed is the last that is said of it, and says nothing.
    said = [line for line in output.splitlines() if not line.startswith("collect2:")]
    linker = next((found for found in map(_LINKER.match, said) if found), None)
    if linker:
        return f"the linker says: {linker[1]}"
    errors = [line for line in said if "error" in line.lower()]
    return errors[0].strip() if errors else output.strip()[-200:]
