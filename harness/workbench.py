"""Brings a case onto a board: builds, the arena, the upload, the conversation. What the pipeline runs metrics on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

from harness import arena as arenas
from harness import bench as benches
from harness import cmd, oversize, reference, sketch
from harness.arduino import Arduino
from harness.bench import Retries, RigBench
from harness.boards import Board
from harness.build_properties import Options
from harness.builds import Build, Oversize, Program
from harness.case import Baselines, Built, Case, Expected, Oversized, Settings
from harness.errors import DoesNotFitError, RigError
from harness.metrics import flash
from harness.models import Model
from harness.patience import REAL, Timer
from harness.platform import Workplace
from harness.rig import Rig, connect
from harness.serial_port import is_remote
from harness.session import Direction, Session
from harness.sketch import Markers, Sketch
from harness.trace import Detail
from harness.wire_log import WireLog, file_name

HARDWARE_RUNS = 128
HARDWARE_STARTS = 32
VIRTUAL_REPEATS = 3
"""Timed runs and starts on a virtual board, which repeats exactly."""
_UNKNOWN_ARENA_BYTES = 16
"""In place of an arena that cannot be searched for, since the board has no room for the program."""
_LINKABLE_BYTES = 1 << 28
_AVR_OBJECT_BYTES = (1 << 15) - 1
"""avr-gcc has no larger arrays: its sizes are 16-bit."""

_REMOTE_CURE = ". Over the network nothing is uploaded, and so nothing resets a board that hangs: do so where it is"

Say = Callable[[str], None]


class Workbench:
    """All that cases share: arduino-cli, the rigs that are connected, the reference outputs.

    ``ports`` are those of real boards, by name; ``wire`` is the folder that keeps what goes over the wire. Boards may
    be used at once, each by a thread of its own.
    """

    def __init__(
        self,
        workplace: Workplace,
        settings: Settings,
        say: Say,
        *,
        ports: Mapping[str, str] | None = None,
        wire: Path | None = None,
        detail: Detail = Detail.TOTALS,
        timer: Timer = REAL,
    ) -> None:
        self._workplace = workplace
        self._settings = settings
        self.say = say
        self._ports = ports or {}
        self._wire = wire
        self._detail = detail
        self.timer = timer
        self._began = timer.now()
        self._rigs: dict[str, Rig] = {}
        self._expected: dict[str, Expected] = {}
        self._retries: dict[str, Retries] = {}
        self._on_host = threading.RLock()
        """Held while this machine works on a model: two boards that want the same of it do not both make it."""

    @cached_property
    def _arduino(self) -> Arduino:
        return Arduino(self._workplace)

    def require_tools(self, boards: Iterable[Board]) -> None:
        """Raise ``MissingError`` where the compiler of a board is not there."""
        for board in boards:
            self._arduino.tools_of(board)

    def close(self) -> None:
        """Release every rig."""
        for name, rig in list(self._rigs.items()):
            rig.close()
            self._rigs.pop(name)  # not before: a second Ctrl-C leaves it to the next call

    def interrupt(self) -> None:
        """Make whatever other threads do here fail soon: their processes end, their rigs are released."""
        cmd.end_all()
        for rig in list(self._rigs.values()):
            rig.close()

    def expected(self, model: Model) -> Expected:
        """Return the inputs of ``model`` with the outputs that are right."""
        with self._on_host:
            if model.sha256 not in self._expected:
                self.say(f"{model.name}: reference outputs")
                self._expected[model.sha256] = reference.expected(model, self._settings.inputs, self._settings.data)
            return self._expected[model.sha256]

    def build(self, case: Case) -> Built | Oversized:
        """Compile a case, its arena found first where it has one.

        Raises ``DoesNotFitError`` where the board has no room for it and its size cannot be told either.
        """
        board, baselines = case.board, self.baselines(case.board)
        arena, probes, refusal = self._arena_or_refusal(case)
        whole = self._sketch(case, arena if refusal is None else _UNKNOWN_ARENA_BYTES)
        program = self.compile_any_size(whole, board, self._options(case), str(case))
        overflow = flash.overflow(program, baselines.empty.program_bytes if board.flash else 0, board)
        if overflow or not isinstance(program, Build):
            refusal = oversize.refusal(board.name, overflow)
        elif refusal is None:
            return Built(case=case, build=program, baselines=baselines, arena=arena, arena_probes=probes)
        return Oversized(
            case=case, build=program, baselines=baselines, arena=arena, arena_probes=probes, refusal=refusal
        )

    def _arena_or_refusal(self, case: Case) -> tuple[int | None, int, DoesNotFitError | None]:
        """Return the arena with its probes or, where the board has no room to search for one, why."""
        try:
            return *self._arena(case), None
        except DoesNotFitError as error:
            if case.implementation.arena_bytes(case.model, case.board) is not None:
                raise
            return None, 0, error

    def baselines(self, board: Board) -> Baselines:
        """Return what builds for ``board`` are compared with."""
        options = self.plain_options()
        return Baselines(
            lambda: self.compile_any_size(sketch.empty(), board, options, "empty sketch"),
            lambda: self.compile_any_size(sketch.bare(board), board, options, "firmware alone"),
        )

    def sketch(self, case: Case) -> Sketch:
        """Return the sketch of a case, its arena searched for where none was given."""
        arena, _ = self._arena(case)
        return self._sketch(case, arena)

    def compile_command(self, case: Case, folder: Path, libraries: Path | None) -> list[str]:
        """Return the words of the command that builds the sketch folder of a case by hand, as it is built here."""
        return self._arduino.compile_command(case.board, self._options(case), folder, libraries)

    def _arena(self, case: Case) -> tuple[int | None, int]:
        """Return the arena of a case, None where it has none, and how many sizes were tried to find it."""
        with self._on_host:
            case.implementation.check(case.model, case.board)
            arena = case.implementation.arena_bytes(case.model, case.board)
        _require_ram(case.board, arena or 0)
        if case.implementation.searches_arena and arena is None:
            found = self._find_arena(replace(case, markers=Markers.NONE))
            return found.size, found.probes
        return arena, 0

    def _sketch(self, case: Case, arena: int | None) -> Sketch:
        with self._on_host:
            return case.implementation.sketch(case.model, case.board, arena, markers=case.markers)

    @contextlib.contextmanager
    def bench(self, built: Built) -> Iterator[RigBench]:
        """Upload a build and yield the bench for it; the port is released at the end."""
        board, title = built.case.board, str(built.case)
        expected = self.expected(built.case.model)
        rig = self.rig(board)
        log = self.wire_log(title)
        # Those of a search for the arena are shown with what is measured afterwards.
        retries = self._retries.setdefault(title, Retries())

        def reopen(block: int = 0) -> Session:
            doing = f"{title}, {block:,} bytes taken" if block else title
            build = self._build_with_block(built, block, doing) if block else built.build
            self.upload(build, rig, doing, retries)
            done = "expected" if is_remote(rig.port) else "uploaded"
            log.record(Direction.NOTE, f"{build.sketch} {done}, opening {rig.port}".encode())
            session = rig.open()
            session.record = log.record
            return session

        with contextlib.closing(log):
            repeats = VIRTUAL_REPEATS if board.is_virtual else None
            bench = RigBench(
                built=built,
                expected=expected,
                firmware=benches.greet(reopen()),
                runs=self._settings.runs or repeats or HARDWARE_RUNS,
                starts=repeats or HARDWARE_STARTS,
                reopen=reopen,
                identity={"board": board.name, "sketch": built.build.sketch},
                retries=retries,
                method=self._settings.method,
                say=lambda text: self.say(f"{title}: {text}"),
                cure=_REMOTE_CURE if is_remote(rig.port) else "",
            )
            try:
                _require_identity(bench, rig)
                yield bench
            finally:
                retries.note(bench.firmware.session)
                bench.firmware.session.close()

    def retries(self, case: Case) -> Retries | None:
        """Return what had to be done again for a case since that was last asked; None where no board was needed."""
        return self._retries.get(str(case))

    def _build_with_block(self, built: Built, size: int, title: str) -> Build:
        return self.build_variant(built, lambda whole: sketch.with_block(whole, size), title)

    def build_variant(self, built: Built, change: Callable[[Sketch], Sketch], title: str) -> Build:
        """Compile what ``change`` makes of the sketch of a case; raises ``DoesNotFitError``."""
        case = built.case
        return self.compile(change(self._sketch(case, built.arena)), case.board, self._options(case), title)

    def upload(self, build: Build, rig: Rig, title: str, retries: Retries) -> None:
        """Bring a program onto the board. Over the network no upload tool reaches it: somebody has done so."""
        if is_remote(rig.port):
            return
        self.say(f"{title}: upload")
        benches.upload(lambda: self._arduino.upload(build, rig.board, rig.port), retries, self.timer)

    def upload_for(self, case: Case, build: Build, rig: Rig) -> None:
        """Bring a program of a case onto the board, and count what had to be done again."""
        self.upload(build, rig, str(case), self._retries.setdefault(str(case), Retries()))

    def wire_log(self, title: str) -> WireLog:
        """Return the log of what goes over the wire in the case ``title``."""
        folder = self._wire
        return WireLog(folder / file_name(title) if folder else None, title, self.timer, began=self._began)

    def provenance(self, build: Program) -> dict[str, str]:
        """Return what a result says about how the program was built."""
        return {**build.provenance, "platform_digest": self._workplace.digest, "build": build.key}

    def _options(self, case: Case) -> Options:
        with self._on_host:
            plain, library = self.plain_options(), case.implementation.library()
        if library is None:
            return plain
        return replace(plain, library=library.path, library_digest=library.digest, defines=library.defines)

    def plain_options(self) -> Options:
        """Return what every sketch of the run is built with."""
        return Options(optimization=self._settings.optimization)

    def compile(self, what: Sketch, board: Board, options: Options, name: str) -> Build:
        """Compile a sketch; raises ``DoesNotFitError`` where the linker says that the board has no room for it."""
        self.say(f"{name}: compile for {board.name}")
        return self._arduino.compile(what, board, options)

    def compile_any_size(self, what: Sketch, board: Board, options: Options, name: str) -> Build | Oversize:
        """Compile a sketch; what the board has no room for is linked all the same, to be measured."""
        self.say(f"{name}: compile for {board.name}")
        return self._arduino.compile_any_size(what, board, options)

    def _find_arena(self, case: Case) -> arenas.Arena:
        whole = self._sketch(case, None)
        build = self.compile(whole, case.board, self._options(case), f"{case} (arena search)")
        found = arenas.recall(build.key)
        if found is None:
            built = Built(case=case, build=build, baselines=self.baselines(case.board), arena=None)
            with self.bench(built) as bench:
                self.say(f"{case}: arena search")
                found = bench.persist(partial(arenas.search, bench))
            arenas.keep(build.key, found)
        return found

    def rig(self, board: Board) -> Rig:
        """Return the rig of a board, connected where it is not yet."""
        if board.name not in self._rigs:
            self._rigs[board.name] = connect(board, self._ports.get(board.name), self._detail)
        return self._rigs[board.name]


def _require_identity(bench: RigBench, rig: Rig) -> None:
    try:
        bench.require_identity()
    except RigError as error:
        if not is_remote(rig.port):
            raise
        msg = f"{error.message}. Over the network nothing is uploaded: do so by hand, by `mcuprof sketch`"
        raise RigError(msg) from error


def _require_ram(board: Board, arena: int) -> None:
    """Raise ``DoesNotFitError`` for an arena beyond what compiler or linker can count; they tell of smaller ones."""
    if arena > (_AVR_OBJECT_BYTES if board.is_avr else _LINKABLE_BYTES):
        over = arena - board.ram_bytes
        msg = (
            f"an arena of {arena:,} bytes is {over:,} bytes larger than the whole RAM of {board.name}; the program's "
            "size cannot be told: compiler or linker cannot count so far"
        )
        raise DoesNotFitError(msg, overflow={"RAM": over}, at_least=True)  # the program has data of its own besides
