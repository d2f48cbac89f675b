"""One case of a run: a model, an implementation and a board; and what its metrics are measured on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harness.boards import Board
from harness.builds import Build, Program
from harness.compiler.strategy import Weights
from harness.errors import CaseError, DoesNotFitError
from harness.firmware import Firmware
from harness.layout import Block
from harness.least import Least
from harness.models import Model
from harness.sketch import Markers, Sketch
from harness.tuning.record import Objective
from harness.types import Json

if TYPE_CHECKING:
    from harness.models import Array


class Method(Enum):
    """How the search for unused RAM tries a size."""

    ONE_FLASH = "one-flash"
    """By a request to the program that is on the board."""
    REFLASH = "reflash"
    """By another program, in which the size is fixed."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the user chose for the whole run."""

    runs: int | None = None
    """Timed runs a case; None is the default of the kind of board."""
    inputs: int = 4
    """How many inputs the output is checked on."""
    data: Path | None = None
    """An .npz with inputs, in place of the one beside the model."""
    optimization: str | None = None
    arena: int | None = None
    """Size of TFLM's arena in bytes; None is searched for."""
    tflm_library: Path | None = None
    fuse: bool = True
    """Whether TVM joins operators and works in place."""
    weights: Weights = Weights.INT8
    """How TVM's kernels have weights in flash."""
    tuning: Path | None = None
    """Folder of the databases that say how tuning chose to compute groups; None for all by rule."""
    objective: Objective = Objective.LATENCY
    """What a choice that is taken from there is to have little of."""
    sketchbook: Path | None = None
    """The user's own sketchbook, whose libraries may be used and are never written to."""
    method: Method = Method.ONE_FLASH


@dataclass(frozen=True, kw_only=True)
class LibraryUse:
    """The Arduino library that an implementation's sketch needs."""

    path: Path
    digest: str
    defines: tuple[str, ...] = ()
    """Preprocessor names that library and sketch must both be compiled with."""


class Implementation(Protocol):
    """One way of running a model on a board. Modules of ``harness.implementations`` each make one."""

    name: str
    searches_arena: bool
    """Whether the size of the working memory has to be searched for on the board, which is where it is planned."""

    def describe(self) -> str:
        """Say in a few words what runs the network: name, version, kernels."""
        ...

    def provenance(self) -> dict[str, str]:
        """Return what a result says of this implementation."""
        ...

    def provenance_of(self, model: Model, board: Board) -> dict[str, str]:
        """Return what a result says of how ``model`` was made to run on ``board``, beside that."""
        ...

    def library(self) -> LibraryUse | None:
        """Return the library that the sketch needs, made when it is not there."""
        ...

    def check(self, model: Model, board: Board) -> None:
        """Raise ``UnsupportedError`` where this implementation cannot run ``model`` on ``board``."""
        ...

    def least(self, model: Model, board: Board) -> Least:
        """Return the memory without which ``model`` cannot run on ``board``, known without a compiler.

        Raises ``UnsupportedError`` where it is plain that it cannot be run there.
        """
        ...

    def arena_bytes(self, model: Model, board: Board) -> int | None:
        """Return the size of the working memory where it is known before the program runs, else None."""
        ...

    def missing_memory(self, said: str) -> int | None:
        """Return how many bytes of memory a network lacks that failed and said this.

        0 where it does not say how many; None where it failed for another reason.
        """
        ...

    def parts(self, model: Model, board: Board) -> tuple[tuple[int, ...], ...]:
        """Return what runs one after the other and can be marked: for each, the places of its operators in the model.

        Operators that nothing is done for are in none of them.
        """
        ...

    def layout(self, model: Model, board: Board) -> tuple[Block, ...]:
        """Return what lies where in the working memory, a step for each of ``parts``; () where that is not known."""
        ...

    def sketch(self, model: Model, board: Board, arena: int | None, *, markers: Markers = Markers.NONE) -> Sketch:
        """Return the sketch; with no ``arena``, one whose working memory is taken from the heap by request."""
        ...


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is measured."""

    model: Model
    implementation: Implementation
    board: Board
    markers: Markers = Markers.NONE

    @property
    def key(self) -> tuple[str, str, str]:
        """The names of model, implementation and board, which a run has once."""
        return self.model.name, self.implementation.name, self.board.name

    def provenance(self, of_build: Mapping[str, Json] | None = None) -> dict[str, Json]:
        """Return what a result says of the case and, where it was built, of how."""
        facts: dict[str, Json] = {"model_sha256": self.model.sha256, "board_digest": self.board.digest}
        facts |= self.implementation.provenance()
        if of_build is not None:
            facts |= {**of_build, **self.implementation.provenance_of(self.model, self.board)}
        return facts

    def __str__(self) -> str:
        what = "" if self.markers is Markers.NONE else f" (marked {self.markers.value})"
        return f"{self.model.name} · {self.implementation.name} · {self.board.name}{what}"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Inputs, and the outputs that the reference interpreter gives for them."""

    inputs: list[list[Array]] = field(repr=False)
    outputs: list[list[Array]] = field(repr=False)
    source: str
    """Where the inputs come from."""
    reference: str
    """Name and version of the interpreter."""


class Baselines:
    """The two sketches that a build is compared with, compiled when they are first asked for."""

    def __init__(self, compile_empty: Callable[[], Program], compile_bare: Callable[[], Program]) -> None:
        # cached_property of Python 3.11 and before lets one thread wait for another's board.
        self._compile_empty = cache(compile_empty)
        self._compile_bare = cache(compile_bare)

    @property
    def empty(self) -> Program:
        """The empty sketch: what the board's core takes."""
        return self._compile_empty()

    @property
    def bare(self) -> Program:
        """The profiling firmware with no network: what mcuprof takes."""
        return self._compile_bare()


@dataclass(frozen=True, kw_only=True)
class Built:
    """A case that has been compiled and can be brought onto the board."""

    case: Case
    build: Build
    baselines: Baselines
    arena: int | None
    """Size of the arena in bytes; None where it is not known, or still searched for."""
    arena_probes: int = 0


@dataclass(frozen=True, kw_only=True)
class Oversized:
    """A case that the board has no room for. It has a size, and is not what a rig takes."""

    case: Case
    build: Program
    baselines: Baselines
    arena: int | None
    """Size of the arena in bytes; None where it is not known, and then the program has one of a few bytes."""
    arena_probes: int
    refusal: DoesNotFitError
    """Why, and by how much."""


class Bench(Protocol):
    """A case that is on the board: what the metrics that need a rig work with."""

    built: Built
    expected: Expected
    firmware: Firmware
    runs: int
    """Timed runs."""
    starts: int
    """Timed starts, each after a reset."""
    method: Method

    def say(self, text: str) -> None:
        """Tell how the measurement goes."""
        ...

    def first_run_deadline(self) -> float:
        """Return how long a run may take of which nothing is known yet, in seconds."""
        ...

    def recover(self, error: CaseError) -> None:
        """Bring the firmware back after it has hung or crashed."""
        ...

    def take_at_start(self, size: int) -> None:
        """Upload a program that takes ``size`` bytes of the heap before the network starts.

        With 0 it is the case's own program, which is left alone where it is the one that was uploaded last.
        """
        ...
