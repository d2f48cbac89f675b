"""Tries functions on a board: many in one upload, one after the other; what crashes or hangs costs only itself."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from harness.bench import RigBench
from harness.boards import Board
from harness.builds import Build
from harness.case import Built, Case
from harness.errors import CrashedError, DoesNotFitError, HungError, ToolFailedError
from harness.firmware import Stretch
from harness.models import Model
from harness.opaque import Opaque
from harness.sketch import Sketch
from harness.tuning.program import IMPLEMENTATION, Piece, compose, function_name
from harness.tuning.record import Figures
from harness.types import Clock, Status

if TYPE_CHECKING:
    from harness.workbench import Workbench

HARDWARE_RUNS = 9
"""Timed calls of a function where the clock is real; elsewhere they all take the same."""
_FILL, _RUN, _LOOK = range(3)
_SLACK = 20
"""A function may take so many times as long as the longest so far before it counts as hung."""
_LEAST_DEADLINE_S = 10.0
_AVR_STACK_BYTES = 448
"""What the firmware takes, and what the function that is tried may take."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What came of a function."""

    status: Status
    reason: str = ""
    figures: Figures | None = None
    samples: tuple[float, ...] = ()
    output: bytes = b""
    """A digest of what it has written."""


class BoardBench:
    """Tries functions of one model on one board."""

    def __init__(self, workbench: Workbench, model: Model, board: Board, seed: int) -> None:
        self._workbench = workbench
        self._model = model
        self._board = board
        self._seed = seed
        self._longest_s = 0.0

    def measure(self, pieces: Sequence[Piece]) -> Iterator[tuple[int, Trial]]:
        """Yield what comes of each function, by its index, as soon as it is known.

        Raises ``RigError`` where the board can no longer be reached.
        """
        yield from self._some(list(enumerate(pieces)))

    def _some(self, numbered: list[tuple[int, Piece]]) -> Iterator[tuple[int, Trial]]:
        title = f"{self._model.name} · {IMPLEMENTATION} · {self._board.name}"
        whole = compose([piece for _, piece in numbered], self._board, title, self._model.sha256[:12])
        try:
            build = self._workbench.compile(whole, self._board, self._workbench.plain_options(), title)
            _require_stack(build, self._board)
        except (DoesNotFitError, ToolFailedError) as error:
            if len(numbered) == 1:
                yield numbered[0][0], Trial(status=error.status, reason=error.message)
                return
            half = len(numbered) // 2
            yield from self._some(numbered[:half])
            yield from self._some(numbered[half:])
            return
        yield from self._on_board(numbered, whole, build)

    def _on_board(
        self, numbered: list[tuple[int, Piece]], whole: Sketch, build: Build
    ) -> Iterator[tuple[int, Trial]]:
        sizes = function_sizes(build, [function_name(index) for index in range(len(numbered))])
        case = Case(
            model=self._model,
            implementation=Opaque(name=IMPLEMENTATION, what="functions that are tried", made=whole),
            board=self._board,
        )
        built = Built(case=case, build=build, baselines=self._workbench.baselines(self._board), arena=None)
        with self._workbench.bench(built) as bench:
            for place, (index, piece) in enumerate(numbered):
                try:
                    yield index, bench.persist(partial(self._try, bench, place, sizes[place], piece))
                except (HungError, CrashedError) as error:
                    yield index, Trial(status=error.status, reason=error.message)
                    if place < len(numbered) - 1:
                        bench.recover(error)

    def _try(self, bench: RigBench, place: int, flash: int, piece: Piece) -> Trial:
        """Call one function; raises ``CaseError`` where that fails."""
        firmware, board = bench.firmware, self._board
        if firmware.facts.get("fresh") == "1" or place == 0:
            firmware.reset()
            firmware.start(_LEAST_DEADLINE_S)
        deadline = max(_LEAST_DEADLINE_S, _SLACK * self._longest_s) if self._longest_s else bench.first_run_deadline()
        self._step(bench, _FILL, place, deadline)
        runs = HARDWARE_RUNS if board.clock is Clock.HARDWARE else 1
        self._order(bench, _RUN, place)
        stretches = [firmware.run(deadline) for _ in range(runs)]
        self._longest_s = max(self._longest_s, *(stretch.took.whole for stretch in stretches if stretch.took))
        self._step(bench, _LOOK, place, deadline)
        answer = firmware.read_outputs()[0]
        times = [_time(stretch, board) for stretch in stretches]
        figures = Figures(
            time=statistics.median(times),
            flash=flash + sum(len(constant.content) for constant in piece.constants),
            ram=piece.temporary_bytes + int.from_bytes(answer[8:12], "little"),
        )
        return Trial(status=Status.OK, figures=figures, samples=tuple(times), output=answer[:8])

    def _step(self, bench: RigBench, step: int, place: int, deadline: float) -> Stretch:
        self._order(bench, step, place)
        return bench.firmware.run(deadline)

    def _order(self, bench: RigBench, step: int, place: int) -> None:
        import numpy as np

        bench.firmware.write_inputs([np.array([step, place, self._seed], "<u4")])


def _require_stack(build: Build, board: Board) -> None:
    """Raise ``DoesNotFitError`` where an AVR has no room for a stack, which its linker does not look at."""
    left = board.ram_bytes - (build.data_bytes or 0)
    if board.is_avr and left < _AVR_STACK_BYTES:
        msg = f"of {board.ram_bytes:,} bytes of RAM {left:,} are left for the stack"
        raise DoesNotFitError(msg, overflow={"RAM": _AVR_STACK_BYTES - left})


def _time(stretch: Stretch, board: Board) -> float:
    """Return a time in the unit of the board's clock, by the chip's own counter where it has one.

    It is finer than ``micros()``, and small functions take few microseconds.
    """
    if board.clock is Clock.HARDWARE and stretch.cycles:
        return stretch.cycles / board.clock_hz
    return stretch.on(board)


def function_sizes(build: Build, names: Sequence[str]) -> list[int]:
    """Return the bytes of functions in a program, each with what its own file ``<name>.c`` has for it to call.

    Link-time optimization leaves no files, and then it is the function alone. Raises ``ToolFailedError`` where one is
    not there.
    """
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    with build.elf.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        symbols = table.iter_symbols() if isinstance(table, SymbolTableSection) else ()
        alone: dict[str, int] = {}
        of_file: Counter[str] = Counter()
        file = ""
        for symbol in symbols:  # what is local to a file stands behind its name
            kind, bound = symbol["st_info"]["type"], symbol["st_info"]["bind"]
            if kind == "STT_FILE":
                file = symbol.name
            elif kind == "STT_FUNC":
                size = int(symbol["st_size"])
                alone[symbol.name.partition(".")[0]] = size  # link-time optimization adds a number behind a dot
                of_file[file] += size if bound == "STB_LOCAL" else 0
    missing = [name for name in names if name not in alone]
    if missing:
        msg = f"the program {build.elf} has no symbol {missing[0]}: is it stripped?"
        raise ToolFailedError(msg)
    return [of_file.get(f"{name}.c", alone[name]) for name in names]
