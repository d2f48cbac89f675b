"""The user's own sketch on a board: builds it in a size, uploads it, and lets what it prints be listened to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from harness import oversize
from harness.bench import Retries
from harness.boards import Board
from harness.build_properties import Options
from harness.builds import Build, Oversize
from harness.case import Baselines
from harness.errors import PortGoneError, RigError, ToolFailedError
from harness.metrics import flash
from harness.own.listen import BAUD, Listener
from harness.own.sketch import OwnSketch
from harness.session import Counts, Direction
from harness.sketch import NAME, Sketch
from harness.wire_log import WireLog
from harness.workbench import Workbench

IMPLEMENTATION = "sketch"
"""What stands in a result where the name of an implementation does."""
SMALLEST = 1
"""In the place of ``$alloc_size`` where no other size is asked for: ``malloc(0)`` and ``char x[0]`` mean little."""
_TRIES = 3

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class SketchCase:
    """What is measured."""

    sketch: OwnSketch
    board: Board

    @property
    def key(self) -> tuple[str, str, str]:
        """Model, implementation and board, as results name them."""
        return self.sketch.name, IMPLEMENTATION, self.board.name

    def __str__(self) -> str:
        return " · ".join(self.key)


@dataclass(kw_only=True)
class SketchBench:
    """A sketch and a board, with what brings one onto the other."""

    case: SketchCase
    workbench: Workbench
    libraries: Sequence[Path] = ()
    """Folders of Arduino libraries that the sketch may use."""
    retries: Retries = field(default_factory=Retries)
    stage: str = ""
    """What is being tried, told with every step."""

    def __post_init__(self) -> None:
        self.baselines: Baselines = self.workbench.baselines(self.case.board)
        self._log: WireLog = self.workbench.wire_log(str(self.case))

    def close(self) -> None:
        """Close the log of the wire."""
        self._log.close()

    def say(self, text: str) -> None:
        """Tell how the measurement goes."""
        self.workbench.say(f"{self._title}: {text}")

    @property
    def _title(self) -> str:
        return f"{self.case}, {self.stage}" if self.stage else str(self.case)

    def build(self, size: int = SMALLEST) -> Build:
        """Compile the sketch with ``size`` in the place of ``$alloc_size``.

        Raises ``DoesNotFitError`` where it is too large for the board, ``ToolFailedError`` where it does not compile.
        """
        build = self._compile(self.workbench.compile, size)
        overflow = self.overflow(build)
        if overflow:
            raise oversize.refusal(self.case.board.name, overflow)
        return build

    def build_any_size(self) -> Build | Oversize:
        """Compile the sketch; what the board has no room for is linked all the same, to be measured."""
        return self._compile(self.workbench.compile_any_size, SMALLEST)

    def overflow(self, program: Build | Oversize) -> dict[str, int]:
        """Return which memories of the board are too small for a program, and by how many bytes."""
        board = self.case.board
        return flash.overflow(program, self.baselines.empty.program_bytes if board.flash else 0, board)

    def _compile(self, compiled: Callable[[Sketch, Board, Options, str], _T], size: int) -> _T:
        options = replace(self.workbench.plain_options(), libraries=tuple(self.libraries))
        try:
            return compiled(self.case.sketch.with_size(size), self.case.board, options, self._title)
        except ToolFailedError as error:
            said = error.message.replace(f"{NAME}.ino", self.case.sketch.main)
            raise ToolFailedError(said) from error

    def hear(self, build: Build, listen: Callable[[Listener], _T]) -> _T:
        """Upload a build and return what ``listen`` makes of what it prints.

        Where the port goes away meanwhile and comes back, this begins anew, twice. Raises ``RigError``.
        """
        for left in reversed(range(_TRIES)):
            try:
                with contextlib.closing(self._start(build)) as listener:
                    return listen(listener)
            except PortGoneError as error:
                self.retries.reconnects += 1
                gone = error
            if left:
                continue
            msg = (
                f"{gone.message}; it came back, and went again each of {_TRIES} times: the sketch seems to take the "
                "port along when it crashes, or the cable is loose"
            )
            raise RigError(msg)
        raise AssertionError

    def counted(self) -> tuple[Counts, ...]:
        """Return what each region took that the sketch has marked; empty where the board counts none."""
        return self.workbench.rig(self.case.board).counted()

    def _start(self, build: Build) -> Listener:
        rig = self.workbench.rig(self.case.board)
        self.workbench.upload(build, rig, self._title, self.retries)
        self.say("listening")
        self._log.record(Direction.NOTE, f"{build.sketch} uploaded, opening {rig.port}".encode())
        return Listener(rig.listen(BAUD), rig.trouble, record=self._log.record, timer=self.workbench.timer)
