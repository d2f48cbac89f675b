"""What arduino-cli answers, and what compilers, linkers and upload tools said through it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import cmd, paths
from harness.boards import Board
from harness.errors import DoesNotFitError, McuprofError, ToolFailedError

_OVERFLOW = re.compile(r"region [`'\"]?(\w+)'? overflowed by (\d+) bytes")
_USES = re.compile(r"(Sketch uses|Global variables use) (\d+) bytes.*Maximum is (\d+) bytes")
"""What arduino-cli says last where a program is linked and larger than the board."""


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


def compile_error(answer: Mapping[str, Any], board: Board, log: Path) -> McuprofError:
    """Return the error for a sketch that was not built, with all that was said kept in the file ``log``."""
    output = "\n".join(str(answer.get(key) or "") for key in ("compiler_out", "compiler_err", "error"))
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(output, encoding="utf-8")
    if "No space left on device" in output:
        msg = (
            f"the disk is full: the build in {paths.cache()} could not be written; MCUPROF_CACHE names another place"
        )
        return McuprofError(msg, log=log)
    overflows = [(region, int(n)) for region, n in _OVERFLOW.findall(output)]
    if overflows:
        name, over = max(overflows, key=lambda pair: pair[1])
        region = (board.linker.memory(name) if board.linker else None) or name
        msg = f"the program is {over:,} bytes larger than the {region} of {board.name}"
        return DoesNotFitError(msg, region=region, over_by=over, log=log)
    for what, size, limit in _USES.findall(output):
        region, over = "FLASH" if what == "Sketch uses" else "RAM", int(size) - int(limit)
        if over > 0:
            msg = f"the program is {over:,} bytes larger than the {region} of {board.name}"
            return DoesNotFitError(msg, region=region, over_by=over, log=log)
    diagnostics = (answer.get("builder_result") or {}).get("diagnostics") or []
    first = next((d for d in diagnostics if d.get("severity") in ("ERROR", "FATAL")), None)
    if first:
        where = f"{Path(first.get('file', '')).name}:{first.get('line', '?')}"
        what = f"{where}: {str(first.get('message', '')).splitlines()[0]}"
    else:
        errors = [line for line in output.splitlines() if "error" in line.lower()]
        what = errors[0].strip() if errors else output.strip()[-200:]
    msg = f"the sketch does not compile for {board.name}: {what} (the compiler's whole output: {log})"
    return ToolFailedError(msg, log=log)
