"""Cycles of a Cortex-M4 on QEMU: the plugin that counts them, and what it says of the timed regions."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from harness import cmd
from harness.boards import Board
from harness.errors import MissingError, RigError
from harness.session import Counts
from harness.virtual import toolmaking

_SOURCES = Path(__file__).with_name("cycles")
_QEMU_VERSION = re.compile(r"version (\d+)\.(\d+)")
_REGION = re.compile(r"region cycles=(\d+) instructions=(\d+)")


class CycleCounter:
    """The timed regions of one virtual board, as the plugin writes them down when they end."""

    def __init__(self, board: Board, qemu: str, file: Path) -> None:
        self._board = board
        self._plugin = plugin(qemu)
        self._file = file
        self._read = 0

    def arguments(self) -> list[str]:
        """Return the words for QEMU's command line; what was counted before is forgotten."""
        self._read = 0
        self._file.unlink(missing_ok=True)
        facts = self._board.cycles
        if facts is None:
            msg = f"{self._board.name} has no cycle model"
            raise ValueError(msg)
        settings = {
            "out": self._file,
            "flash_bytes": self._board.flash_bytes,
            "load_waits": facts.load_waits,
            "fetch_waits": facts.fetch_waits,
            "cache_bytes": facts.cache_bytes,
            "cache_ways": facts.cache_ways,
        }
        return ["-plugin", ",".join([str(self._plugin), *(f"{key}={value}" for key, value in settings.items())])]

    def last(self) -> Counts:
        """Return the counts of the region that has ended last; raises ``RigError`` where none has since."""
        found = None
        for line in self._new_lines():
            match = _REGION.fullmatch(line)
            if match:
                found = Counts(cycles=int(match[1]), instructions=int(match[2]))
        if found is None:
            msg = "the cycle model of the virtual board counted no timed region: is the sketch of another mcuprof?"
            raise RigError(msg)
        return found

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
            "gets it; `--clock instruction-count` does without"
        )
        raise MissingError(msg)
    interface = _interface(qemu)
    sources = sorted(_SOURCES.iterdir())
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    code = [str(path) for path in sources if path.suffix == ".c"]
    flags = ["-O2", "-std=gnu11", "-fPIC", "-shared", "-fvisibility=hidden", f"-DPLUGIN_INTERFACE={interface}"]
    return toolmaking.made(
        f"cycles-{interface}", digest, lambda new: [[compiler, *flags, "-o", str(new), *code]], "the cycle model"
    )


def _interface(qemu: str) -> int:
    """Return the version of QEMU's plugin interface, by the version of QEMU."""
    said = cmd.run([qemu, "--version"], timeout=30).stdout
    match = _QEMU_VERSION.search(said)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    return 1 if version < (9, 0) else 2 if version < (9, 1) else 3
