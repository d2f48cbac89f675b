"""The tuning of one network: proposals are measured and written down, round after round, until the trials are spent.

All that is decided follows from the seed and from what the trials gave. So a tuning that was cut off and begins again
makes the same proposals; what the database knows of them is taken from there, and it goes on where it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Protocol

from harness.compiler.choices import Choice
from harness.errors import ToolFailedError
from harness.tuning.bench import Trial
from harness.tuning.program import Piece
from harness.tuning.record import Objective, Place, Record, best
from harness.tuning.shares import turns
from harness.types import Status

AT_ONCE = 16
"""Functions in one upload."""


class Proposal(Protocol):
    """A choice to try."""

    @property
    def choice(self) -> Choice:
        """The choice."""
        ...


class Group(Protocol):
    """A group of operators that is tuned."""

    key: str
    label: str
    count: int
    """How often the network has it."""

    def piece(self, choice: Choice | None) -> Piece:
        """Return it as C, None as it is by rule; raises ``ToolFailedError``."""
        ...

    def propose(self) -> Sequence[Proposal]:
        """Return choices that were not proposed before; none where there are no more."""
        ...

    def learn(self, proposals: Sequence[Proposal], costs: Sequence[float | None]) -> None:
        """Take note of what they cost, None for each that failed."""
        ...


Measure = Callable[[Sequence[Piece]], Iterator[tuple[int, Trial]]]
"""Yields what comes of each function, by its index; raises ``RigError``."""


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """Who is told how the tuning goes."""

    record: Callable[[Sequence[Record]], None]
    """Of each new trial, at once."""
    trial: Callable[[Group, Record, Record, int], None]
    """Of each trial, known or new: the group, the trial, the best so far with it, and the number of trials."""


@dataclass(kw_only=True)
class State:
    """How far the tuning of one group is."""

    group: Group
    records: list[Record] = field(default_factory=list)
    """That by rule first."""
    waiting: list[Proposal] = field(default_factory=list)
    under_way: list[Proposal] = field(default_factory=list)
    """The proposals that were made together, in their order."""
    ended: bool = False
    """Whether there is nothing more to try."""

    @property
    def default(self) -> Record:
        """The record of what the group gets by rule."""
        return self.records[0]

    @property
    def trials(self) -> int:
        """How many others were tried."""
        return len(self.records) - 1


class Tuner:
    """Tunes the groups of one network at one place."""

    def __init__(
        self,
        groups: Sequence[Group],
        *,
        place: Place,
        tvm: str,
        objective: Objective,
        known: Sequence[Record],
        measure: Measure,
        watcher: Watcher,
    ) -> None:
        self._place = place
        self._tvm = tvm
        self._objective = objective
        self._known = {record.identity: record for record in known}
        self._measure = measure
        self._watcher = watcher
        self._outputs: dict[str, bytes] = {}
        """What the rule's own function writes, by group; asked for when another one is to be compared with it."""
        self.states = {group.key: State(group=group) for group in groups}
        self.new = 0
        """Trials that were measured here."""

    def run(self, trials: int) -> None:
        """Go on until so many trials are known, or there is nothing left to try."""
        self._measure_defaults()
        while batch := self._next_batch(trials):
            self._take(batch)
            for state in self.states.values():
                self._learn(state)

    @property
    def trials(self) -> int:
        """How many trials are known."""
        return sum(state.trials for state in self.states.values() if state.records)

    def _measure_defaults(self) -> None:
        """See what the groups cost by rule, which is no trial."""
        self._take([(state, None) for state in self.states.values()])

    def _next_batch(self, trials: int) -> list[tuple[State, Proposal | None]]:
        """Return what to try next; none where there is nothing."""
        had = Counter({key: state.trials for key, state in self.states.items()})
        open_ = {key for key, state in self.states.items() if state.default.status is Status.OK and not state.ended}
        batch: list[tuple[State, Proposal | None]] = []
        while len(batch) < min(AT_ONCE, trials - self.trials):
            names = turns(self._costs(), had, open_, 1)
            if not names:
                break
            state = self.states[names[0]]
            if not state.waiting and state.under_way:
                break  # what it proposes next hangs on what these give
            if not state.waiting:
                state.waiting = list(state.group.propose())
                state.under_way = list(state.waiting)
                state.ended = not state.waiting
            if state.ended:
                open_.discard(names[0])
                continue
            batch.append((state, state.waiting.pop(0)))
            had[names[0]] += 1
        return batch

    def _costs(self) -> Mapping[str, float]:
        """Return what each group takes of the whole, as far as it is known; the same function is there once."""
        costs = {}
        for key, state in self.states.items():
            found = best(state.records, self._objective)
            if found is not None and found.figures is not None:
                times = state.group.count if self._objective is Objective.LATENCY else 1
                costs[key] = times * (found.figures.cost(self._objective)[0] + 1)
        return costs

    def _take(self, batch: Sequence[tuple[State, Proposal | None]]) -> None:
        """Bring what came of a batch, known or measured now, into the states, in the order of the batch."""
        found: dict[int, Record] = {}
        missing: list[tuple[int, State, Choice | None]] = []
        for index, (state, proposal) in enumerate(batch):
            choice = proposal.choice if proposal else None
            record = self._known.get((state.group.key, self._place, choice.digest if choice else ""))
            if record is None:
                missing.append((index, state, choice))
            else:
                found[index] = record
        told = 0
        for index, record in self._measured(missing):
            found[index] = record
            told = self._tell(batch, found, told)
        self._tell(batch, found, told)

    def _tell(self, batch: Sequence[tuple[State, Proposal | None]], found: Mapping[int, Record], told: int) -> int:
        """Take the records over that come next in the order of the batch, and return how many there are so far."""
        while told in found:
            state = batch[told][0]
            state.records.append(found[told])
            top = best(state.records, self._objective)
            self._watcher.trial(state.group, found[told], top or found[told], self.trials)
            told += 1
        return told

    def _measured(self, missing: Sequence[tuple[int, State, Choice | None]]) -> Iterator[tuple[int, Record]]:
        """Measure what is not known, and write it down at once."""
        pieces: list[Piece] = []
        what: list[tuple[int | None, State, Choice | None]] = []
        # A trial is right where it writes what the rule's own function writes for the same input.
        unchecked = {state.group.key: state for _, state, choice in missing if choice is not None}
        own: list[tuple[int | None, State, Choice | None]] = [
            (None, state, None) for key, state in unchecked.items() if key not in self._outputs
        ]
        for index, state, choice in [*own, *missing]:
            try:
                pieces.append(state.group.piece(choice))
                what.append((index, state, choice))
            except ToolFailedError as error:
                failed = Trial(status=error.status, reason=error.message)
                yield from self._write_down(index, state, choice, failed)
        if not pieces:
            return
        for place, trial in self._measure(pieces):
            index, state, choice = what[place]
            if choice is None and trial.status is Status.OK:
                self._outputs[state.group.key] = trial.output
            yield from self._write_down(index, state, choice, trial)

    def _write_down(
        self, index: int | None, state: State, choice: Choice | None, trial: Trial
    ) -> Iterator[tuple[int, Record]]:
        if index is None:
            return
        right = self._outputs.get(state.group.key)
        if trial.status is Status.OK and trial.output != right:
            reason = "it writes other bytes than what the group gets by rule"
            trial = Trial(status=Status.WRONG_OUTPUT, reason=reason)
        record = Record(
            group=state.group.key,
            label=state.group.label,
            place=self._place,
            tvm=self._tvm,
            choice=choice,
            status=trial.status,
            reason=trial.reason,
            figures=trial.figures,
            samples=trial.samples,
            measured=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        )
        self._known[record.identity] = record
        self._watcher.record([record])
        self.new += choice is not None
        yield index, record

    def _learn(self, state: State) -> None:
        """Tell the search what its proposals cost, once all of them are known."""
        if state.waiting or not state.under_way:
            return
        last = state.records[-len(state.under_way) :]
        costs = [each.figures.cost(self._objective)[0] if each.figures else None for each in last]
        state.group.learn(state.under_way, costs)
        state.under_way = []
