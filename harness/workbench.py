"""Brings a case onto a board: builds, the arena, the upload, the conversation. What the pipeline runs metrics on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from harness import arena as arenas
from harness import reference, sketch
from harness.arduino import Arduino, Build, Options
from harness.boards import Board
from harness.case import Baselines, Built, Case, Expected, Settings
from harness.errors import CaseError, CrashedError, DoesNotFitError, RigError
from harness.firmware import Firmware
from harness.metrics import flash
from harness.models import Model
from harness.platform import Workplace
from harness.rig import Rig, connect
from harness.session import Session
from harness.sketch import Sketch

HARDWARE_RUNS = 128
HARDWARE_STARTS = 32
VIRTUAL_REPEATS = 3
"""Timed runs and starts on a virtual board, which repeats exactly."""
_FIRST_RUN_S = 300.0
_LINKABLE_BYTES = 1 << 28

Say = Callable[[str], None]


@dataclass(kw_only=True)
class RigBench:
    """A case that runs on a rig; see ``harness.case.Bench``."""

    built: Built
    expected: Expected
    firmware: Firmware
    runs: int
    starts: int
    reopen: Callable[[], Session]

    def first_run_deadline(self) -> float:
        """Return the deadline of a run of which nothing is known yet, in seconds."""
        return _FIRST_RUN_S

    def recover(self, error: CaseError) -> None:
        """Bring the firmware back: after a crash it starts anew by itself, after a hang only an upload helps."""
        if isinstance(error, CrashedError):
            with contextlib.suppress(RigError, CrashedError):
                self.firmware.greet()
                return
        self.firmware.session.close()
        self.firmware = _greet(self.reopen())


class Workbench:
    """All that cases share: arduino-cli, the rigs that are connected, the reference outputs."""

    def __init__(self, workplace: Workplace, settings: Settings, say: Say) -> None:
        self._workplace = workplace
        self._settings = settings
        self.say = say
        self._rigs: dict[str, Rig] = {}
        self._expected: dict[str, Expected] = {}

    @cached_property
    def _arduino(self) -> Arduino:
        return Arduino(self._workplace)

    def close(self) -> None:
        """Release every rig."""
        while self._rigs:
            self._rigs.popitem()[1].close()

    def expected(self, model: Model) -> Expected:
        """Return the inputs of ``model`` with the outputs that are right."""
        if model.sha256 not in self._expected:
            self.say(f"{model.name}: reference outputs")
            self._expected[model.sha256] = reference.expected(model, self._settings.inputs, self._settings.data)
        return self._expected[model.sha256]

    def build(self, case: Case) -> Built:
        """Compile a case, its arena found first where it has one."""
        whole, arena, probes = self._whole_sketch(case)
        return Built(
            case=case,
            build=self._compile_whole(case, whole, str(case)),
            baselines=self._baselines(case),
            arena=arena,
            arena_probes=probes,
        )

    def _baselines(self, case: Case) -> Baselines:
        board, options = case.board, self._plain_options()
        return Baselines(
            lambda: self._compile(sketch.empty(), board, options, "empty sketch"),
            lambda: self._compile(sketch.bare(board), board, options, "firmware alone"),
        )

    def sketch(self, case: Case) -> Sketch:
        """Return the sketch of a case, its arena searched for where none was given."""
        return self._whole_sketch(case)[0]

    def compile_command(self, board: Board, folder: Path, libraries: Path | None) -> list[str]:
        """Return the words of the command that builds a sketch folder by hand."""
        return self._arduino.compile_command(board, folder, libraries)

    def _whole_sketch(self, case: Case) -> tuple[Sketch, int | None, int]:
        case.implementation.check(case.model)
        arena, probes = case.implementation.arena_bytes(case.model), 0
        _require_ram(case.board, arena or 0)
        if case.implementation.searches_arena and arena is None:
            found = self._find_arena(case)
            arena, probes = found.size, found.probes
        return case.implementation.sketch(case.model, case.board, arena), arena, probes

    @contextlib.contextmanager
    def bench(self, built: Built) -> Iterator[RigBench]:
        """Upload a build and yield the bench for it; the port is released at the end."""
        board = built.case.board
        expected = self.expected(built.case.model)
        rig = self._rig(board)

        def reopen() -> Session:
            self.say(f"{built.case}: upload")
            self._arduino.upload(built.build, board, rig.port)
            return rig.open()

        repeats = VIRTUAL_REPEATS if board.is_virtual else None
        bench = RigBench(
            built=built,
            expected=expected,
            firmware=_greet(reopen()),
            runs=self._settings.runs or repeats or HARDWARE_RUNS,
            starts=repeats or HARDWARE_STARTS,
            reopen=reopen,
        )
        try:
            _require_identity(bench)
            yield bench
        finally:
            bench.firmware.session.close()

    def provenance(self, built: Built) -> dict[str, str]:
        """Return what a result says about how the program was built."""
        return {**built.build.provenance, "platform_digest": self._workplace.digest, "build": built.build.key}

    def _options(self, case: Case) -> Options:
        plain, library = self._plain_options(), case.implementation.library()
        if library is None:
            return plain
        return replace(plain, library=library.path, library_digest=library.digest, defines=library.defines)

    def _plain_options(self) -> Options:
        return Options(optimization=self._settings.optimization)

    def _compile(self, what: Sketch, board: Board, options: Options, name: str) -> Build:
        self.say(f"{name}: compile for {board.name}")
        return self._arduino.compile(what, board, options)

    def _compile_whole(self, case: Case, whole: Sketch, name: str) -> Build:
        """Compile a case's sketch; what the linker says is too much is told by the rule of the flash figure."""
        board = case.board
        try:
            return self._compile(whole, board, self._options(case), name)
        except DoesNotFitError as error:
            if error.region != "FLASH" or board.flash is None or error.over_by is None:
                raise
            program = board.flash_bytes + error.over_by
            flash.require_room(program, self._baselines(case).empty.program_bytes, board)
            raise

    def _find_arena(self, case: Case) -> arenas.Arena:
        whole = case.implementation.sketch(case.model, case.board, None)
        build = self._compile_whole(case, whole, f"{case} (arena search)")
        found = arenas.recall(build.key)
        if found is None:
            built = Built(case=case, build=build, baselines=self._baselines(case), arena=None)
            with self.bench(built) as bench:
                self.say(f"{case}: arena search")
                found = arenas.search(bench)
            arenas.keep(build.key, found)
        return found

    def _rig(self, board: Board) -> Rig:
        if board.name not in self._rigs:
            self._rigs[board.name] = connect(board)
        return self._rigs[board.name]


def _greet(session: Session) -> Firmware:
    """Return the firmware at the other end; the port is released where none answers."""
    try:
        return Firmware(session)
    except BaseException:
        session.close()
        raise


def _require_ram(board: Board, arena: int) -> None:
    """Raise ``DoesNotFitError`` for an arena beyond what a linker can count; it tells of smaller ones itself."""
    if arena > _LINKABLE_BYTES:
        over = arena - board.ram_bytes
        msg = f"an arena of {arena:,} bytes is {over:,} bytes larger than the whole RAM of {board.name}"
        raise DoesNotFitError(msg, region="RAM", over_by=over)


def _require_identity(bench: RigBench) -> None:
    """Raise ``RigError`` when the firmware that answers is not the one that was uploaded."""
    wanted = {"board": bench.built.case.board.name, "sketch": bench.built.build.sketch}
    for key, value in wanted.items():
        if bench.firmware.facts.get(key) != value:
            msg = f"another firmware answers: its {key} is {bench.firmware.facts.get(key)!r}, uploaded was {value!r}"
            raise RigError(msg)
