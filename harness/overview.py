"""What runs there are in a results folder, without reading more of each than is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.store import SCHEMA, run_files
from harness.types import Status


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file of a results folder."""

    id: str
    """What commands take as the id of the run: the name of its file."""
    path: Path
    started: str = ""
    finished: str | None = None
    measurements: int = 0
    failed: int = 0
    """Measurements that are no answer."""
    models: tuple[str, ...] = ()
    implementations: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    damage: str = ""
    """Why the file cannot be read; empty where it can."""


class _Cell(msgspec.Struct):
    model: str
    implementation: str
    board: str
    status: Status


class _Head(msgspec.Struct):
    started: str
    finished: str | None


class _Version(msgspec.Struct):
    schema: int


class _File(msgspec.Struct):
    run: _Head
    measurements: list[_Cell]


def entries(folder: Path) -> list[Entry]:
    """Return an entry for each run, oldest first, and those of damaged files last."""
    return sorted(_entries(folder), key=lambda entry: (bool(entry.damage), entry.started, entry.id))


def _entries(folder: Path) -> Iterator[Entry]:
    version, whole = msgspec.json.Decoder(_Version), msgspec.json.Decoder(_File)
    for path in run_files(folder):
        try:
            content = path.read_bytes()
            schema = version.decode(content).schema
            if schema == SCHEMA:
                yield _entry(path, whole.decode(content))
            else:
                yield Entry(id=path.stem, path=path, damage=f"schema {schema}; this mcuprof reads {SCHEMA}")
        except OSError as error:
            yield Entry(id=path.stem, path=path, damage=str(error.strerror or error))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield Entry(id=path.stem, path=path, damage=f"not a results file, or a damaged one: {error}")


def _entry(path: Path, file: _File) -> Entry:
    cells = file.measurements
    return Entry(
        id=path.stem,
        path=path,
        started=file.run.started,
        finished=file.run.finished,
        measurements=len(cells),
        failed=sum(not cell.status.is_answer for cell in cells),
        models=tuple(dict.fromkeys(cell.model for cell in cells)),
        implementations=tuple(dict.fromkeys(cell.implementation for cell in cells)),
        boards=tuple(dict.fromkeys(cell.board for cell in cells)),
    )
