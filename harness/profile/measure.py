"""Profiles a case on its board: the plain program for what an inference takes, the marked one for where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from harness.arena import guarded
from harness.bench import RigBench
from harness.boards import Board
from harness.case import Built, Case, Oversized
from harness.compiler import flatbuffer
from harness.correctness import require_right
from harness.errors import DoesNotFitError, RigError
from harness.firmware import Room, Stretch
from harness.lifetimes import lifetimes, planned
from harness.profile import operators
from harness.profile.functions import ROOT, Stack, Ticks, function_times, stacks
from harness.profile.result import Profile, Usage
from harness.profile.symbols import Functions, flash_symbols, read
from harness.sketch import Markers
from harness.trace import Trace
from harness.types import Clock, Status
from harness.workbench import Workbench

_HARDWARE_RUNS = 15
_VIRTUAL_RUNS = 1
"""A virtual board repeats exactly."""


@dataclass(frozen=True, kw_only=True)
class _Run:
    """One inference, in ticks."""

    whole: int
    parts: tuple[int, ...] = ()
    trace: Trace | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class _Inferences:
    """Some inferences of one program."""

    runs: list[_Run]
    usage: Usage | None
    places: dict[int, int]
    """Where tensors lie, by index, in bytes from the begin of the arena; empty where the program does not tell."""


def profile(case: Case, workbench: Workbench, runs: int | None = None) -> Profile:
    """Profile a case: of ``runs`` inferences the one with the median time. Raises ``CaseError``."""
    plain = _fitting(workbench.build(case))
    marked = _fitting(workbench.build(replace(case, markers=Markers.OPERATORS)))
    parts = case.implementation.parts(case.model, case.board)
    unmarked = _infer(plain, workbench, runs, count=None)
    inferences = _infer(marked, workbench, runs, count=len(parts))
    run = _median(inferences.runs)
    graph = flatbuffer.outline(case.model)
    network = operators.works(graph)
    made = Profile(
        model=case.model.name,
        implementation=case.implementation.name,
        board=case.board.name,
        clock=case.board.clock,
        clock_hz=case.board.clock_hz,
        status=Status.OK,
        inference=run.whole,
        plain=_median(unmarked.runs).whole,
        network=network,
        operators=operators.operator_times(network, parts, run.parts),
        layout=case.implementation.layout(case.model, case.board)
        or planned(lifetimes(graph), inferences.places, marked.arena),
        usage=unmarked.usage,
        symbols=flash_symbols(read(plain.build.elf)),
        provenance={
            **case.provenance(workbench.provenance(plain.build)),
            "profiled_build": marked.build.key,
            "arena_bytes": plain.arena,
            **({"no_cycle_model": case.board.no_plugin} if case.board.no_plugin else {}),
            "virtual": case.board.is_virtual,
        },
    )
    return _with_functions(made, marked, run.trace)


def _fitting(program: Built | Oversized) -> Built:
    if isinstance(program, Built):
        return program
    refusal = program.refusal
    if program.case.markers is Markers.NONE:
        raise refusal
    msg = f"with the markers of operators in it, {refusal.message}"
    raise DoesNotFitError(msg, overflow=refusal.overflow, at_least=refusal.at_least)


def _with_functions(made: Profile, marked: Built, trace: Trace | None) -> Profile:
    program = read(marked.build.elf)
    labels = [f"#{operator.places[0]} {operator.work.type}" for operator in made.operators]
    if trace is None:
        chains = [
            Stack(frames=(ROOT, label), ticks=operator.ticks)
            for label, operator in zip(labels, made.operators, strict=True)
        ]
        rest = Stack(frames=(ROOT,), ticks=made.overhead)
        return replace(made, has_dsp=program.has_dsp, stacks=(*chains, rest))
    functions, ticks = Functions(program.symbols), _counted(made.clock)
    return replace(
        made,
        has_dsp=program.has_dsp,
        functions=function_times(trace, functions, ticks),
        stacks=stacks(trace, functions, dict(enumerate(labels)), ticks),
    )


def _counted(clock: Clock) -> Ticks:
    if clock is Clock.INSTRUCTION_COUNT:
        return lambda counts: counts.instructions
    return lambda counts: counts.cycles


def _median(runs: Sequence[_Run]) -> _Run:
    """Return the run in the middle, so that what is told of it is of one run."""
    return sorted(runs, key=lambda run: run.whole)[len(runs) // 2]


def _infer(built: Built, workbench: Workbench, runs: int | None, count: int | None) -> _Inferences:
    """Return some inferences; ``count`` is how many operators are marked, None where none is."""
    with workbench.bench(built) as bench:
        workbench.say(f"{built.case}: inference")
        wanted = runs or (_VIRTUAL_RUNS if built.case.board.is_virtual else _HARDWARE_RUNS)
        return bench.persist(lambda: guarded(lambda: _runs(bench, wanted, count), bench))


def _runs(bench: RigBench, runs: int, count: int | None) -> _Inferences:
    """Infer once for the caches, and then as often as is asked for."""
    firmware, inputs = bench.firmware, bench.expected.inputs[0]
    firmware.reset()
    idle = _room(bench)
    firmware.start(bench.first_run_deadline())
    started = _room(bench)
    firmware.write_inputs(inputs)
    stashed = firmware.stash_inputs()
    firmware.run(bench.first_run_deadline())
    found = []
    for _ in range(runs):
        if not stashed:
            firmware.write_inputs(inputs)
        found.append(_run(bench, count))
    require_right(bench, 0)
    return _Inferences(runs=found, usage=_usage(idle, started, _room(bench)), places=_places(bench))


def _places(bench: RigBench) -> dict[int, int]:
    """Return where tensors lie, where only the program itself knows."""
    case = bench.built.case
    if case.markers is Markers.NONE or not case.implementation.searches_arena:
        return {}
    return bench.firmware.places(tensor.index for tensor in lifetimes(flatbuffer.outline(case.model)))


def _room(bench: RigBench) -> Room | None:
    """Return what is free; not on a real board, where to find that out would break up the heap."""
    board = bench.built.case.board
    return bench.firmware.room(board.ram_bytes) if board.is_virtual else None


def _usage(idle: Room | None, started: Room | None, inferred: Room | None) -> Usage | None:
    if idle is None or started is None or inferred is None:
        return None
    return Usage(
        heap=idle.free_heap - started.free_heap,
        stack_idle=idle.stack,
        stack_started=started.stack,
        stack_inferred=inferred.stack,
    )


def _run(bench: RigBench, count: int | None) -> _Run:
    board = bench.built.case.board
    whole = _ticks(bench.firmware.run(bench.first_run_deadline()), board)
    if count is None:
        return _Run(whole=whole)
    if bench.firmware.session.trace is None:
        parts = tuple(_ticks(stretch, board) for stretch in bench.firmware.parts(count))
        return _Run(whole=whole, parts=parts)
    trace = bench.firmware.session.trace()
    if len(trace.parts) != count:
        msg = f"the virtual board ran {len(trace.parts)} operators; the network has {count}"
        raise RigError(msg)
    ticks = _counted(board.clock)
    return _Run(whole=whole, parts=tuple(ticks(counts) for counts in trace.parts), trace=trace)


def _ticks(stretch: Stretch, board: Board) -> int:
    """Return a time in cycles, of the chip's own counter where it has one, or in instructions."""
    if board.clock is not Clock.HARDWARE:
        return round(stretch.on(board))
    if stretch.cycles is not None:
        return stretch.cycles
    return round(stretch.time if stretch.unit == Clock.CYCLE_MODEL.unit else stretch.time * board.clock_hz)
