"""What would make a network fit a board that has no room for it, in sentences that are all known to be true."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.boards import Board
from harness.case import Case, Implementation
from harness.compiler import flatbuffer
from harness.compiler.graph import Graph
from harness.errors import CaseError, DoesNotFitError
from harness.layout import Block, Peak, peak
from harness.lifetimes import end_to_end, lifetimes
from harness.types import Measurement, Status

_RUNS = ("output", "inference", "init", "ram")
"""Metrics for which a program has run."""
_IMAGE = 4
"""Dimensions of a tensor with a height and a width: batch, height, width, channels."""


@dataclass(frozen=True, kw_only=True)
class Lack:
    """How much is missing."""

    memory: str
    """``FLASH`` or ``RAM``."""
    bytes: int
    at_least: bool
    """Whether more than that may be missing."""

    def __str__(self) -> str:
        return f"{'at least ' if self.at_least else ''}{self.bytes:,} bytes"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What there is to choose from in place of what does not fit."""

    boards: Sequence[Board] = ()
    """All boards that are known."""
    untried: Sequence[Implementation] = ()
    """Implementations that are not asked for."""


def advised(cases: Sequence[Case], found: Sequence[Measurement], choices: Choices) -> list[Measurement]:
    """Return the measurements of a run, those that do not fit with the ``advice`` for their case in their details."""
    said: dict[tuple[str, str, str], list[str]] = {}
    for case in cases:
        lack = next((lack for m in found if m.key == case.key and (lack := _lack(m))), None)
        if lack is not None:
            said[case.key] = [*advice(case, lack, choices), *_measured(case, found)]
    return [
        replace(m, details={**m.details, "advice": [*said[m.key]]})
        if m.status is Status.DOES_NOT_FIT and said.get(m.key)
        else m
        for m in found
    ]


def advice_for(case: Case, error: CaseError, choices: Choices) -> list[str]:
    """Return the same for a case that failed with ``error``, where nothing else was measured."""
    if not isinstance(error, DoesNotFitError) or error.over_by is None:
        return []
    return advice(case, Lack(memory=error.region, bytes=error.over_by, at_least=error.at_least), choices)


def advice(case: Case, lack: Lack, choices: Choices) -> list[str]:
    """Return what is known of a case that does not fit without measuring anything else."""
    said = list(_of_tensors(case, lack)) if lack.memory == "RAM" else []
    said += _untried(case, choices.untried) if lack.memory == "RAM" else []
    return [*said, _other_boards(case, lack, choices.boards)]


def _lack(measurement: Measurement) -> Lack | None:
    if measurement.status is not Status.DOES_NOT_FIT:
        return None
    exact, least = (measurement.details.get(key) for key in ("over_by_bytes", "over_by_at_least_bytes"))
    missing = least if exact is None else exact
    if not isinstance(missing, int):
        return None
    return Lack(memory=str(measurement.details.get("region")), bytes=missing, at_least=exact is None)


def _of_tensors(case: Case, lack: Lack) -> Iterator[str]:
    """Say which operator needs most, of what, and to how much that has to shrink."""
    try:
        graph = flatbuffer.outline(case.model)
        most, operator, whose = _peak(case, graph)
    except CaseError:
        return
    if most is None:
        return
    held = " and ".join(f"{block.name} with {block.bytes:,}" for block in most.blocks)
    yield f"most is needed at operator {operator}: tensors of {most.bytes:,} bytes at once{whose}, {held}"
    if lack.at_least:
        yield f"{lack} of RAM are missing; how many in all is not known"
    elif lack.bytes >= most.bytes:
        yield f"{lack} of RAM are missing, more than these tensors take: a smaller input alone does not make it fit"
    else:
        part = (most.bytes - lack.bytes) / most.bytes
        smaller = _smaller_input(graph, most.blocks, part)
        yield f"they would have to shrink by {lack}, to {100 * part:.0f} % of that{smaller}"


def _peak(case: Case, graph: Graph) -> tuple[Peak | None, str, str]:
    """Return the peak, the operator there, and by whose plan it is."""
    blocks = case.implementation.layout(case.model, case.board)
    parts = (
        case.implementation.parts(case.model, case.board)
        if blocks
        else [(place,) for place in range(len(graph.operators))]
    )
    most = peak(blocks or end_to_end(lifetimes(graph)))
    if most is None or not parts:
        return None, "", ""
    places = parts[min(max(most.step, 0), len(parts) - 1)]
    operator = f"{places[0]} {' + '.join(graph.operators[place].name for place in places)}"
    return most, operator, "" if blocks else " by their shapes alone"


def _smaller_input(graph: Graph, held: Sequence[Block], part: float) -> str:
    """Say how large an image may be, where all that is held grows with its height and width."""
    shapes = {tensor.name: tensor.shape for tensor in graph.tensors}
    images = [graph.tensors[index].shape for index in graph.inputs]
    grown = [*images, *(shapes.get(block.name, ()) for block in held)]
    if len(images) != 1 or any(len(shape) != _IMAGE or min(shape[1:3]) <= 1 for shape in grown):
        return ""
    height, width = (math.floor(size * math.sqrt(part)) for size in images[0][1:3])
    return (
        f": about what the same network takes for an input of {height}x{width} in place of "
        f"{images[0][1]}x{images[0][2]}"
    )


def _untried(case: Case, implementations: Sequence[Implementation]) -> Iterator[str]:
    """Say what an implementation needs that nobody asked for, where that is known without running it."""
    for implementation in implementations:
        if implementation.searches_arena:
            continue  # what it was told to take says nothing of what it needs
        with contextlib.suppress(CaseError):
            size = implementation.arena_bytes(case.model, case.board)
            if size is not None:
                yield f"{implementation.name}, which was not asked for, takes {size:,} bytes for the tensors in all"


def _measured(case: Case, found: Sequence[Measurement]) -> Iterator[str]:
    """Say which other implementations and boards the same run found to fit, or to lack less."""
    model, mine, board = case.key
    for name in dict.fromkeys(m.implementation for m in found if (m.model, m.board) == (model, board)):
        if name == mine:
            continue
        cells = [m for m in found if m.key == (model, name, board)]
        lack = next((lack for m in cells if (lack := _lack(m))), None)
        if lack is not None:
            yield f"{name} does not fit either: {lack} of {lack.memory} are missing"
        elif _ran(cells):
            unused = next((m.value for m in cells if m.metric == "ram" and m.value is not None), None)
            yield f"{name} fits{f' and leaves {unused:,.0f} bytes of RAM unused' if unused is not None else ''}"
    for name in dict.fromkeys(m.board for m in found if (m.model, m.implementation) == (model, mine)):
        if name != board and _ran([m for m in found if m.key == (model, mine, name)]):
            yield f"on {name} it fits"


def _ran(cells: Sequence[Measurement]) -> bool:
    return any(m.metric in _RUNS and m.status is Status.OK for m in cells)


def _other_boards(case: Case, lack: Lack, known: Sequence[Board]) -> str:
    """Say which boards have the memory that is needed here: virtual ones for a virtual board, else real ones."""
    needed = _size(case.board, lack.memory) + lack.bytes
    alike = [b for b in known if b.is_virtual == case.board.is_virtual and b.name != case.board.name]
    large = [b for b in alike if _size(b, lack.memory) >= needed]
    named = " and ".join(f"{b.name} ({_size(b, lack.memory):,})" for b in large) or "none"
    word = "flash" if lack.memory == "FLASH" else lack.memory
    least, kind = "at least " if lack.at_least else "", "virtual" if case.board.is_virtual else "real"
    return (
        f"with what its core takes, {case.board.name} would need {least}{needed:,} bytes of {word}; "
        f"other {kind} boards with as much: {named}"
    )


def _size(board: Board, memory: str) -> int:
    return board.flash_bytes if memory == "FLASH" else board.ram_bytes
