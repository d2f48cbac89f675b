"""Folders in which sketches that are built alike are built one after the other, and what they are built with."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import filelock
import msgspec

from harness import oversize, paths
from harness.boards import Board
from harness.build_properties import Options
from harness.errors import McuprofError
from harness.sketch import Sketch


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What arduino-cli would build a board with, as it says itself."""

    properties: Mapping[str, str]
    compiler: str

    def provenance(self) -> dict[str, str]:
        """Return what a result says of them."""
        return {"compiler": self.compiler, "core": self.core}

    @property
    def flags(self) -> str:
        """The C++ flags, without the one that names the folder which this was asked in."""
        flags = self.properties.get("compiler.cpp.flags", self.properties.get("build.flags", ""))
        return re.sub(r'\s*"?-ffile-prefix-map=[^\s"]*"?', "", flags)

    @property
    def core(self) -> str:
        """Name and version of the core."""
        fqbn = self.properties.get("build.fqbn", "")
        return f"{':'.join(fqbn.split(':')[:2])} {self.properties.get('version', '')}".strip()


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A folder in which sketches for one board are built alike: core and library are compiled once for them all."""

    folder: Path
    board: Board
    """With the build properties that it is built with."""
    options: Options
    tools: Tools

    @property
    def build_path(self) -> Path:
        """Where arduino-cli builds."""
        return self.folder / "build"

    @property
    def script(self) -> Path:
        """The linker script of the program that is being built, where it is not the core's own."""
        return self.folder / "larger.ld"

    def key(self, sketch: Sketch) -> str:
        """Name what is built of ``sketch``."""
        return hashlib.sha256(f"{self.folder.name} {sketch.digest}".encode()).hexdigest()[:16]

    def oversize(self) -> Lane:
        """Return the lane for what this one has no room for."""
        larger = replace(self, folder=self.folder.with_name(f"{self.folder.name}-oversize"))
        properties = oversize.properties(self.board, self.tools.properties, larger.script)
        return replace(larger, board=msgspec.structs.replace(self.board, build_properties=properties))

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep the lane for this thread; raises ``McuprofError`` where it cannot be written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self.folder / "lock"):
                yield
        except OSError as error:
            msg = f"the build cache {paths.cache()} cannot be written: {error.strerror or error}"
            raise McuprofError(msg) from error
