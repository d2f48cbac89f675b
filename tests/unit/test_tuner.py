"""The tuning of made-up groups: what is tried, what is kept, and how it goes on after it was cut off."""

import random
from dataclasses import dataclass

import pytest

from harness.compiler.choices import Choice
from harness.errors import RigError, ToolFailedError
from harness.tuning import report
from harness.tuning.bench import Trial
from harness.tuning.record import Figures, Objective, Place, best
from harness.tuning.tuner import AT_ONCE, Tuner, Watcher
from harness.types import Status

PLACE = Place(processor="p", optimization="O2", board="b", unit="instructions")


@dataclass(frozen=True)
class Idea:
    choice: Choice


@dataclass(frozen=True)
class FakePiece:
    group: str
    number: int | None


class FakeGroup:
    """Numbers as schedules; what is proposed hangs on what was learned, as in a real search."""

    def __init__(self, key, *, size=40, seed=1, count=1, refuses=()):
        self.key, self.label, self.count = key, f"operator {key}", count
        self._left = list(range(1, size + 1))
        self._random = random.Random(seed)
        self._refuses = refuses
        self.learned = []

    def piece(self, choice):
        number = choice.trace[0] if choice else None
        if number in self._refuses:
            raise ToolFailedError("TVM cannot lower it")
        return FakePiece(self.key, number)

    def propose(self):
        taken = self._random.sample(self._left, min(8, len(self._left)))
        self._left = [number for number in self._left if number not in taken]
        return [Idea(Choice(trace=[number])) for number in taken]

    def learn(self, proposals, costs):
        self.learned += [(p.choice.trace[0], cost) for p, cost in zip(proposals, costs, strict=True)]
        for cost in costs:
            self._random.seed(f"{self._random.random()} {cost}")


class FakeBoard:
    """Measures: the higher the number, the faster. ``odd`` says what else becomes of a piece."""

    def __init__(self, odd=None, stops_after=None):
        self.odd = odd or {}
        self.stops_after = stops_after
        self.measured = []
        self.uploads = []

    def measure(self, pieces):
        self.uploads.append(len(pieces))
        for index, piece in enumerate(pieces):
            if self.stops_after is not None and len(self.measured) >= self.stops_after:
                raise RigError("the port is gone")
            self.measured.append((piece.group, piece.number))
            time = 1000.0 - 10 * (piece.number or 0) if piece.group == "large" else 100.0 - (piece.number or 0)
            right = Trial(
                status=Status.OK, samples=(time,), output=piece.group.encode(),
                figures=Figures(time=time, flash=100 + (piece.number or 0), ram=8),
            )  # fmt: skip
            yield index, self.odd.get((piece.group, piece.number), right)


def tuner_of(groups, board, kept, objective=Objective.LATENCY, told=None):
    said = told if told is not None else []
    return Tuner(
        groups, place=PLACE, tvm="1", objective=objective, known=list(kept), measure=board.measure,
        watcher=Watcher(record=kept.extend, trial=lambda *facts: said.append(facts)),
    )  # fmt: skip


def tune(trials, kept, board=None, **more):
    board = board or FakeBoard()
    groups = [FakeGroup("large"), FakeGroup("small")]
    tuner = tuner_of(groups, board, kept, **more)
    tuner.run(trials)
    return tuner, board


def chosen(tuner, objective=Objective.LATENCY):
    return {key: best(state.records, objective) for key, state in tuner.states.items()}


def numbers(tuner):
    return {
        key: [record.choice.trace[0] if record.choice else None for record in state.records]
        for key, state in tuner.states.items()
    }


def test_trials_go_where_the_time_goes():
    tuner, board = tune(33, [])
    trials = {key: state.trials for key, state in tuner.states.items()}
    assert sum(trials.values()) == tuner.trials == tuner.new == 33
    assert trials["large"] > 3 * trials["small"] > 0
    assert max(board.uploads) <= AT_ONCE + 2


@pytest.mark.parametrize("stop", range(1, 40, 3))
def test_a_tuning_that_was_cut_off_goes_on_as_if_it_was_not(stop):
    whole, _ = tune(30, [])
    kept = []
    groups = [FakeGroup("large"), FakeGroup("small")]
    cut = tuner_of(groups, FakeBoard(stops_after=stop), kept)
    try:
        cut.run(30)
    except RigError:
        known = {(record.group, record.choice.trace[0]) for record in kept if record.choice}
        again, board = tune(30, kept)
        # The schedule by rule is called again, for others are compared with what it writes; nothing else is.
        assert not known & set(board.measured)
        cut = again
    assert numbers(cut) == numbers(whole)


def test_what_is_known_is_not_measured_again():
    kept = []
    first, _ = tune(20, kept)
    again, board = tune(20, kept)
    assert board.measured == []
    assert again.new == 0
    assert numbers(again) == numbers(first)
    more, board = tune(28, kept)
    assert more.new == 8
    assert numbers(more) == numbers(tune(28, [])[0])


def test_another_place_knows_nothing():
    kept = []
    tune(10, kept)
    groups = [FakeGroup("large"), FakeGroup("small")]
    board = FakeBoard()
    elsewhere = Place(processor="p", optimization="Os", board="b", unit="instructions")
    tuner = Tuner(
        groups, place=elsewhere, tvm="1", objective=Objective.LATENCY, known=kept, measure=board.measure,
        watcher=Watcher(record=lambda records: None, trial=lambda *facts: None),
    )  # fmt: skip
    tuner.run(10)
    assert tuner.new == 10


def test_wrong_bytes_a_crash_and_a_hang_are_written_down_and_never_chosen():
    fast = Figures(time=1.0, flash=1, ram=0)
    odd = {("large", number): Trial(status=Status.CRASHED, reason="fault") for number in range(1, 14)}
    odd |= {("large", number): Trial(status=Status.HUNG, reason="hung") for number in range(14, 27)}
    odd |= {
        ("large", number): Trial(status=Status.OK, figures=fast, samples=(1.0,), output=b"other")
        for number in range(27, 41)
    }
    kept = []
    tuner, _ = tune(60, kept, FakeBoard(odd))
    state = tuner.states["large"]
    assert chosen(tuner)["large"] is state.default
    statuses = {record.status for record in state.records if record.choice}
    assert statuses == {Status.CRASHED, Status.HUNG, Status.WRONG_OUTPUT}
    assert all(record.figures is None and record.reason for record in state.records if record.choice)
    assert chosen(tuner)["small"].choice == Choice(trace=[max(n for n in numbers(tuner)["small"] if n)])
    assert {cost for _, cost in state.group.learned} == {None}


def test_a_group_whose_own_schedule_fails_is_left_alone():
    odd = {("large", None): Trial(status=Status.HUNG, reason="hung")}
    tuner, _ = tune(50, [], FakeBoard(odd))
    assert numbers(tuner)["large"] == [None]
    assert tuner.states["small"].trials == 40
    assert tuner.states["small"].ended


def test_what_tvm_cannot_lower_is_written_down():
    kept, board = [], FakeBoard()
    group = FakeGroup("large", size=8, refuses=(3, 4))
    tuner = tuner_of([group], board, kept)
    tuner.run(100)
    failed = {record.choice.trace[0] for record in kept if record.status is Status.TOOL_FAILED}
    assert failed == {3, 4}
    assert tuner.trials == 8
    assert tuner.states["large"].ended


def test_the_objective_decides():
    latency, _ = tune(60, [])
    flash, _ = tune(60, [], objective=Objective.FLASH)
    assert chosen(latency)["small"].choice is not None
    assert chosen(flash, Objective.FLASH)["small"].choice is None


def test_the_report_tells_of_every_group():
    tuner, _ = tune(30, [], FakeBoard({("small", None): Trial(status=Status.HUNG, reason="it hung")}))
    facts = report.document(tuner, PLACE, Objective.LATENCY, {}) | {"model": "m", "database": "d"}
    large, small = facts["groups"]
    assert large["best"]["time"] < large["by_rule"]["time"] == 1000.0
    assert small["best"] is None
    text = "\n".join(report.lines(facts))
    assert "m on b, -O2, for latency: 30 trials, 30 measured now" in text
    assert "operator large: 1,000 instructions → " in text
    assert "operator small: by rule: hung: it hung" in text


def test_each_trial_is_told_once_with_the_best_so_far():
    told = []
    tune(20, [], told=told)
    assert [facts[3] for facts in told] == [0, 0, *range(1, 21)]
    assert all(facts[2].figures.time <= facts[1].figures.time for facts in told)
