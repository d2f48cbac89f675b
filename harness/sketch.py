"""Templates → the files of a sketch, with a digest of their content."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__, paths
from harness.boards import Board

if TYPE_CHECKING:
    import jinja2

NAME = "mcuprof_sketch"
"""Folder and file name that every sketch is built under, so that builds can share what they have in common."""

_COMMON = ("clock.h", "firmware.cpp", "firmware.h", "network.h", "reset.h", "wire.cpp", "wire.h")


class Markers(Enum):
    """What of a network is marked in its sketch, so that a profile can tell it apart."""

    NONE = "none"
    OPERATORS = "operators"
    """Where each operator begins and ends; TVM's are groups of operators."""


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """The files of a sketch by name; the main file is ``mcuprof_sketch.ino``."""

    files: Mapping[str, str] | Mapping[str, bytes] = field(repr=False)
    """Contents by path below the sketch's folder: text where mcuprof wrote them, bytes where somebody else did."""
    digest: str
    """Of all files, as twelve hexadecimal digits."""

    def write(self, folder: Path) -> Path:
        """Write the sketch into ``folder``, leaving what is the same untouched, and return the folder.

        An unchanged file keeps its time stamp, so that it is not compiled again; everything else goes.
        """
        wanted = {folder / name: encoded(content) for name, content in self.files.items()}
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.rglob("*"), reverse=True):  # what lies in a folder comes before it
            if not path.is_dir():
                if path not in wanted:
                    path.unlink()
                continue
            with contextlib.suppress(OSError):
                path.rmdir()  # where nothing is left in it
        for path, content in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_file() or path.read_bytes() != content:
                path.write_bytes(content)
        return folder


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(paths.data_dir() / "sketch_templates"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.filters["one_line"] = _one_line
    return environment


def _one_line(text: str) -> str:
    """Return text that stays within a comment of one line: a file may have any name."""
    return " ".join(text.replace("\\", "/").replace("??", "? ?").split())


def render(template: str, **values: object) -> str:
    """Render a template of ``sketch_templates``; an undefined name in it is an error."""
    return _environment().get_template(template).render(**values)


def copy(template: str) -> str:
    """Return a file of ``sketch_templates`` as it is."""
    return (paths.data_dir() / "sketch_templates" / template).read_text(encoding="utf-8")


def compose(
    *,
    board: Board,
    implementation: str,
    title: str,
    model_digest: str,
    files: Mapping[str, str],
    library_headers: tuple[str, ...] = (),
    marked: int | None = None,
    tells_places: bool = False,
) -> Sketch:
    """Put the files of an implementation together with the profiling firmware.

    ``files`` are the implementation's own (``network.cpp`` and what it includes); ``library_headers`` are included
    by the main file, which is where arduino-cli looks for the libraries that a sketch needs. ``marked`` is how many
    operators the files mark, None where they mark none; ``tells_places`` is whether ``network.cpp`` says where
    tensors lie. That makes no other files: arduino-cli would compile core and library anew when their number
    changes.
    """
    parts = {name: copy(f"common/{name}") for name in _COMMON} | dict(files)
    parts["mcuprof_sketch.ino"] = render(
        "common/sketch.ino.j2",
        title=title,
        board=board,
        mcuprof_version=__version__,
        library_headers=library_headers,
    )
    facts = {"board": board.digest}
    if marked is not None and board.no_plugin:
        facts["markers"] = "timers"
    digest = digest_of(parts | facts)
    parts["config.h"] = render(
        "common/config.h.j2",
        board=board,
        implementation=implementation,
        model_digest=model_digest,
        sketch_digest=digest,
        marked=marked,
        tells_places=tells_places,
        block_bytes=0,
    )
    return Sketch(files=parts, digest=digest)


def with_block(whole: Sketch, size: int) -> Sketch:
    """Return a composed sketch whose firmware takes ``size`` bytes of the heap before the network starts."""
    files = {name: encoded(content) for name, content in whole.files.items()}
    config = files["config.h"].decode().replace(_block_line(0), _block_line(size))
    digest = digest_with_block(whole.digest, size)
    files["config.h"] = config.replace(f'"{whole.digest}"', f'"{digest}"').encode()
    return Sketch(files=files, digest=digest)


def digest_with_block(digest: str, size: int) -> str:
    """Return the digest of a sketch with a block: ``digest`` is that of the sketch without."""
    return digest_of({"sketch": digest, "block": str(size)}) if size else digest


def _block_line(size: int) -> str:
    return f"#define MCUPROF_BLOCK_BYTES {size}\n"


def empty() -> Sketch:
    """Return the sketch that does nothing: what a board's core itself takes."""
    files = {"mcuprof_sketch.ino": "void setup() {}\nvoid loop() {}\n"}
    return Sketch(files=files, digest=digest_of(files))


def bare(board: Board) -> Sketch:
    """Return the profiling firmware with no network: what mcuprof itself takes."""
    return compose(
        board=board,
        implementation="none",
        title="The profiling firmware alone",
        model_digest="none",
        files={"network.cpp": copy("bare/network.cpp")},
    )


def digest_of(parts: Mapping[str, str] | Mapping[str, bytes]) -> str:
    """Return twelve hexadecimal digits that stand for names and contents."""
    whole = hashlib.sha256()
    for name in sorted(parts):
        whole.update(encoded(f"{name}\0{len(parts[name])}\0") + encoded(parts[name]))
    return whole.hexdigest()[:12]


def encoded(content: str | bytes) -> bytes:
    """Return the bytes of a file of a sketch, or of its name, which may be no text."""
    return content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
