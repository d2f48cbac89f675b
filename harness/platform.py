"""Where arduino-cli works for mcuprof: configuration, the platform of the virtual boards, links to the user's cores.

It lies in mcuprof's cache and is named after its content, so that it is never changed under a running build, and
never the user's own. Nothing is ever written through a link.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from harness import boards, cores, paths
from harness.boards import Board
from harness.errors import McuprofError, MissingError


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """A configured arduino-cli folder."""

    root: Path
    digest: str
    """Of the platform of the virtual boards, as twelve hexadecimal digits."""
    sketchbooks: Sequence[Path] = ()
    """The user's own sketchbooks, never written to."""

    @property
    def config(self) -> Path:
        """The configuration file for ``arduino-cli --config-file``."""
        return self.root / "arduino-cli.yaml"

    @property
    def hardware(self) -> Path:
        """The folder that holds, or links to, every core that was not installed by arduino-cli."""
        return self.root / "sketchbook" / "hardware"

    def core(self, name: str) -> Path | None:
        """Return the folder of the core ``vendor:architecture``, or None where it is not there."""
        placed = self.hardware.joinpath(*name.split(":"))
        return placed if (placed / "boards.txt").is_file() else cores.installed().get(name)

    def core_stamp(self, name: str) -> str:
        """Return what changes with the files of a core that the user placed; empty for all others."""
        placed = self.hardware.joinpath(*name.split(":"))
        return cores.stamp(placed.resolve()) if placed.is_symlink() else ""

    def libraries(self, board: Board) -> list[Path]:
        """Return the Arduino libraries that a board's file asks for; raises ``MissingError`` where one is missing."""
        found = []
        for name in board.core.libraries:
            places = [folder / "libraries" / name for folder in self.sketchbooks]
            there = next((place for place in places if place.is_dir()), None)
            if there is None:
                looked = " or ".join(str(place) for place in places)
                msg = f"the board {board.name} needs the Arduino library {name}: put it into {looked}"
                raise MissingError(msg)
            found.append(there)
        return found

    def require_core(self, board: Board) -> None:
        """Raise ``MissingError`` where the core of a board is not there."""
        if self.core(board.core_id) is None:
            raise MissingError(missing_core(board))


def missing_core(board: Board) -> str:
    """Say that the core of a board is missing and how to get it."""
    if board.simavr is not None:
        from harness.virtual import simavr

        return simavr.missing() or f"the Arduino core {board.core_id} of the board {board.name} is not there"
    return (
        f"the Arduino core {board.core_id} of the board {board.name} is not installed; "
        f"`mcuprof setup --board {board.name}` gets it"
    )


def workplace(extra_boards: Path | None = None, sketchbook: Path | None = None) -> Workplace:
    """Return the workplace for the board files and cores as they are now, made when it is not there.

    ``sketchbook`` is the user's; where it is None, those where the Arduino IDE keeps them. Raises ``UsageError``
    where it is not a folder.
    """
    source = paths.data_dir() / "boards" / "cores" / "qemu"
    known = boards.load_all(extra_boards)
    boards_txt = _boards_txt(source / "boards.txt.j2", known)
    digest = _digest(source, boards_txt)
    sketchbooks = cores.sketchbooks(sketchbook)
    links = _links(sketchbooks)
    config = _own_config(known) if cores.installed() else {}
    # Without the user's cores the folder has the name that it has on every machine.
    others = json.dumps({"links": {name: str(path) for name, path in links.items()}, **config}, sort_keys=True)
    name = f"{digest}-{hashlib.sha256(others.encode()).hexdigest()[:8]}" if links or config else digest
    root = paths.cache() / "arduino" / name
    if not (root / "arduino-cli.yaml").is_file():
        if config:
            cores.ensure_indexes()
        _make(root, source, boards_txt, links, config)
    return Workplace(root=root, digest=digest, sketchbooks=sketchbooks)


def _links(sketchbooks: list[Path]) -> dict[str, Path]:
    """Return what the workplace links to: folder below ``hardware`` → the user's folder."""
    known = cores.in_sketchbooks([cores.SYSTEM])
    # A core that the user has chosen, by hand or by set-up, comes before the system's.
    known = {name: path for name, path in known.items() if name not in cores.installed()}
    known |= cores.in_sketchbooks(sketchbooks)
    found = {name.replace(":", "/"): path for name, path in known.items()}
    return found | {f"{vendor}/tools": path for vendor, path in cores.bundled_tools(sketchbooks).items()}


def _own_config(known: Sequence[Board]) -> dict[str, object]:
    """Return the configuration for the data folder that set-up installs cores into."""
    indexes = sorted({board.core.package_index for board in known if board.core.package_index})
    # arduino-cli warns at every call of an index that it does not have.
    there = [address for address in indexes if (cores.data_dir() / Path(address).name).is_file()]
    return {"data": str(cores.data_dir()), "additional_urls": there}


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


def _make(root: Path, source: Path, boards_txt: str, links: Mapping[str, Path], own: Mapping[str, object]) -> None:
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
    for name, target in links.items():
        place = new / "sketchbook" / "hardware" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target, target_is_directory=True)
    data = new / "data"
    data.mkdir()
    # With indexes there, if empty, arduino-cli does not try to download any.
    (data / "package_index.json").write_text('{"packages": []}\n', encoding="utf-8")
    (data / "library_index.json").write_text('{"libraries": []}\n', encoding="utf-8")
    config = {
        "board_manager": {"additional_urls": own.get("additional_urls", [])},
        "directories": {
            "data": own.get("data", str(root / "data")),
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
