"""Where arduino-cli works for mcuprof: its configuration, and the Arduino platform of the virtual boards.

It lies in mcuprof's cache and is named after its content, so that it is never changed under a running build, and
never the user's own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import jinja2

from harness import boards, paths
from harness.boards import Board
from harness.errors import McuprofError


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """A configured arduino-cli folder."""

    root: Path
    digest: str
    """Of the platform of the virtual boards, as twelve hexadecimal digits."""

    @property
    def config(self) -> Path:
        """The configuration file for ``arduino-cli --config-file``."""
        return self.root / "arduino-cli.yaml"


def workplace(extra_boards: Path | None = None) -> Workplace:
    """Return the workplace for the board files as they are now, made when it is not there."""
    source = paths.data_dir() / "boards" / "cores" / "qemu"
    boards_txt = _boards_txt(source / "boards.txt.j2", boards.load_all(extra_boards))
    digest = _digest(source, boards_txt)
    root = paths.cache() / "arduino" / digest
    if not (root / "arduino-cli.yaml").is_file():
        _make(root, source, boards_txt)
    return Workplace(root=root, digest=digest)


def _boards_txt(template: Path, known: list[Board]) -> str:
    rows = [
        {
            "id": board.arduino_id,
            "title": board.title,
            "define": f"QEMU_{board.arduino_id.upper()}",
            "f_cpu": board.clock_hz,
            "flash_bytes": board.flash_bytes,
            "ram_bytes": board.ram_bytes,
            "ram_reserved_bytes": board.virtual.ram_reserved_bytes,
            "stack_bytes": board.virtual.stack_bytes,
            "program_in_ram": board.virtual.program_in_ram,
            "icount_shift": board.virtual.icount_shift,
        }
        for board in known
        if board.virtual is not None and board.fqbn.startswith("mcuprof:qemu:")
    ]
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(template.read_text(encoding="utf-8")).render(boards=rows)


def _sources(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".j2", ".pyc"))


def _digest(source: Path, boards_txt: str) -> str:
    whole = hashlib.sha256(boards_txt.encode())
    for path in _sources(source):
        whole.update(str(path.relative_to(source)).encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()[:12]


def _make(root: Path, source: Path, boards_txt: str) -> None:
    """Make the folder beside its place and move it there whole, so that a half-made one is never used."""
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=root.parent))
    except OSError as error:
        msg = f"the cache folder {root.parent} cannot be written ({error.strerror}); MCUPROF_CACHE names another one"
        raise McuprofError(msg) from error
    platform = new / "sketchbook" / "hardware" / "mcuprof" / "qemu"
    for path in _sources(source):
        target = platform / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (platform / "boards.txt").write_text(boards_txt, encoding="utf-8")
    data = new / "data"
    data.mkdir()
    # With indexes there, if empty, arduino-cli does not try to download any.
    (data / "package_index.json").write_text('{"packages": []}\n', encoding="utf-8")
    (data / "library_index.json").write_text('{"libraries": []}\n', encoding="utf-8")
    config = {
        "directories": {
            "data": str(root / "data"),
            "downloads": str(root / "downloads"),
            "user": str(root / "sketchbook"),
        },
        "build_cache": {"path": str(root / "build_cache")},
        "updater": {"enable_notification": False},
        "metrics": {"enabled": False},
    }
    # JSON is YAML, and needs no further package to be written.
    (new / "arduino-cli.yaml").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    try:
        os.rename(new, root)  # noqa: PTH104 (rename must fail where the folder is already there and not empty)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        if not (root / "arduino-cli.yaml").is_file():
            raise
