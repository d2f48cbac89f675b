"""``results/tuning/``: one file of JSON lines a processor, one line a trial. Lines are only ever added."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import filelock
import msgspec

from harness.boards import Board
from harness.compiler.choices import Choice
from harness.compiler.strategy import Weights
from harness.errors import McuprofError
from harness.tuning.record import FORMAT, Objective, Record, best

FOLDER = "tuning"
"""Of the databases, within the folder of results."""


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """What every format of a line has."""

    format: int
    tvm: str


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a file holds."""

    records: Sequence[Record]
    remarks: Sequence[str]
    """What could not be used of it, a sentence each."""


class Database:
    """The trials on one kind of processor."""

    def __init__(self, folder: Path, board: Board) -> None:
        self.path = folder / f"{processor(board)}.jsonl"

    def read(self, tvm: str) -> Content:
        """Return the trials of this version of TVM; a damaged line costs only itself."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return Content(records=[], remarks=[])
        except OSError as error:
            msg = f"the tuning database {self.path} cannot be read: {error.strerror}"
            raise McuprofError(msg) from error
        records, remarks = [], []
        foreign: dict[str, int] = {}
        for number, line in enumerate(lines, start=1):
            try:
                head = msgspec.json.decode(line, type=_Head)
                if head.tvm != tvm or head.format != FORMAT:
                    whose = f"TVM {head.tvm}" if head.tvm != tvm else f"format {head.format}"
                    foreign[whose] = foreign.get(whose, 0) + 1
                    continue
                records.append(msgspec.json.decode(line, type=Record))
            except msgspec.DecodeError:
                last = ", the last one: mcuprof was cut off while it wrote it" if number == len(lines) else ""
                remarks.append(f"line {number} of {self.path} is damaged and left out{last}")
        for whose, count in foreign.items():
            remarks.append(f"{count} trials in {self.path} are of {whose} and left out; this is TVM {tvm}")
        return Content(records=records, remarks=remarks)

    def add(self, records: Sequence[Record]) -> None:
        """Write trials down; they are on the disk when this returns. Raises ``McuprofError``."""
        text = b"".join(msgspec.json.encode(record) + b"\n" for record in records)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self.path.with_suffix(".lock")), self.path.open("a+b") as stream:
                # What an interrupted write has left must not spoil the line after it.
                if stream.tell() and not _ends_with_line(self.path):
                    text = b"\n" + text
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            msg = f"the tuning database {self.path} cannot be written: {error.strerror or error}"
            raise McuprofError(msg) from error


def _ends_with_line(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"


def processor(board: Board) -> str:
    """Return what boards have in common that may share a database: their processor, else only the board itself."""
    return board.processor or board.name


def optimization(wanted: str | None) -> str:
    """Return how a database calls an optimization."""
    return wanted or "core"


def choices(
    records: Sequence[Record],
    board: Board,
    how: str | None,
    objective: Objective,
    weights: Weights = Weights.INT8,
) -> dict[str, Choice]:
    """Return the best choice for each group on ``board``, with the optimization ``how`` and such weights.

    Trials on the board itself and by its clock count; others only where there are none. Groups for which the rule's
    own is best are left out.
    """
    fitting = [r for r in records if r.place.optimization == optimization(how) and r.place.weights is weights]
    found: dict[str, Choice] = {}
    for group, trials in groupby(sorted(fitting, key=lambda r: r.group), key=lambda r: r.group):
        chosen = best(_at_one_place(list(trials), board), objective)
        if chosen is not None and chosen.choice is not None:
            found[group] = chosen.choice
    return found


def _at_one_place(trials: Sequence[Record], board: Board) -> list[Record]:
    places = {trial.place for trial in trials}
    place = min(places, key=lambda p: (p.board != board.name, p.unit != board.clock.unit, p.board, p.unit))
    return [trial for trial in trials if trial.place == place]
