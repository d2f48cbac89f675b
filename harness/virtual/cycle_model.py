"""Cycles of a Cortex-M4 on QEMU: the plugin that counts them, and what it says of the timed regions."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from harness import cmd
from harness.boards import Board, Cycles
from harness.errors import MissingError, RigError, ToolFailedError
from harness.session import Counts
from harness.trace import Detail, Trace, last_region, regions
from harness.virtual import toolmaking
from harness.virtual.machine import in_option

_SOURCES = Path(__file__).with_name("cycles")
_PROBE_S = 30.0
_QEMU_VERSION = re.compile(r"version (\d+)\.(\d+)")


class CycleCounter:
    """The timed regions of one virtual board, as the plugin writes them down when they end.

    A board whose file says nothing of its memory is counted as one without wait states.
    """

    def __init__(self, board: Board, qemu: str, file: Path, detail: Detail = Detail.TOTALS) -> None:
        self._board = board
        self._plugin = plugin(qemu)
        self._file = file
        self._detail = detail
        self._read = 0
        self._last: Trace | None = None

    def arguments(self) -> list[str]:
        """Return the words for QEMU's command line; what was counted before is forgotten."""
        self._read = 0
        self._last = None
        self._file.unlink(missing_ok=True)
        facts = self._board.cycles or Cycles()
        settings = {
            "out": in_option(self._file),
            "flash_bytes": self._board.flash_bytes,
            "load_waits": facts.load_waits,
            "fetch_waits": facts.fetch_waits,
            "cache_bytes": facts.cache_bytes,
            "cache_ways": facts.cache_ways,
            "profile": "on" if self._detail is Detail.CALLS else "off",
        }
        given = [f"{key}={value}" for key, value in settings.items()]
        return ["-plugin", ",".join([in_option(self._plugin), *given])]

    def last(self) -> Counts:
        """Return the counts of the region that has ended last; raises ``RigError`` where none has since."""
        self._last = last_region(self._new_lines())
        return self.trace().whole

    def trace(self) -> Trace:
        """Return all that is known of the region that ``last`` counted; raises ``RigError`` as it does."""
        if self._last is None:
            msg = "the cycle model of the virtual board counted no timed region: is the sketch of another mcuprof?"
            raise RigError(msg)
        return self._last

    def all(self) -> tuple[Counts, ...]:
        """Return the counts of every region that has ended since the program was started."""
        self._read = 0
        return tuple(region.whole for region in regions(self._new_lines()))

    def _new_lines(self) -> Iterator[str]:
        try:
            with self._file.open("rb") as stream:
                stream.seek(self._read)
                new = stream.read()
        except FileNotFoundError:
            return iter(())
        self._read += len(new)
        return iter(new.decode("ascii", errors="replace").splitlines())


def plugin(qemu: str) -> Path:
    """Return the plugin for a QEMU, compiled where it is not there; raises ``MissingError`` where it cannot be."""
    compiler = shutil.which("cc")
    if compiler is None:
        msg = (
            "the cycle model of the virtual boards needs a C compiler (cc): `apt-get install gcc libc6-dev` as root "
            "gets it"
        )
        raise MissingError(msg)
    interface = _interface(qemu)
    sources = sorted(_SOURCES.iterdir())
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    code = [str(path) for path in sources if path.suffix == ".c"]
    flags = ["-O2", "-std=gnu11", "-fPIC", "-shared", "-fvisibility=hidden", f"-DPLUGIN_INTERFACE={interface}"]
    if sys.platform == "darwin":
        flags += ["-undefined", "dynamic_lookup"]  # QEMU's functions are found when it loads the plugin
    return toolmaking.made(
        f"cycles-{interface}", digest, lambda new: [[compiler, *flags, "-o", str(new), *code]], "the cycle model"
    )


def unusable(qemu: str) -> str:
    """Return why the cycle model cannot be had with a QEMU; "" where it can.

    Where QEMU itself is not there that is for others to tell.
    """
    if shutil.which(qemu) is None:
        return ""
    try:
        made = plugin(qemu)
    except (MissingError, ToolFailedError) as error:
        return error.message
    try:
        cmd.run([qemu, "-M", "none", "-display", "none", "-plugin", f"{in_option(made)},probe=on"], timeout=_PROBE_S)
    except ToolFailedError as error:
        return f"the cycle model does not go with this QEMU: {error.message}"
    return ""


def _interface(qemu: str) -> int:
    """Return the version of QEMU's plugin interface, by the version of QEMU."""
    said = cmd.run([qemu, "--version"], timeout=_PROBE_S).stdout
    match = _QEMU_VERSION.search(said)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    return 1 if version < (9, 0) else 2 if version < (9, 1) else 3
