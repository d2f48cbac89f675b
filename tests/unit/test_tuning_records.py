"""What tuning keeps: which record is best, how trials are shared out, what a database gives back."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import boards
from harness.compiler.choices import Choice
from harness.compiler.strategy import Kernels, Strategy, Weights
from harness.errors import McuprofError
from harness.tuning.cost_model import CostModel
from harness.tuning.database import Database, choices, processor
from harness.tuning.record import Figures, Objective, Place, Record, best
from harness.tuning.shares import turns
from harness.types import Clock, Status

BOARD = boards.load("nano33ble-sim")
PLACE = Place(processor="cortex-m4f", optimization="O2", board="nano33ble-sim", unit=BOARD.clock.unit)
TVM = "1.2.3"


def record(group="g", trace=None, *, time=100.0, flash=50, ram=10, status=Status.OK, place=PLACE, tvm=TVM):
    right = status is Status.OK
    return Record(
        group=group, label="conv_2d", place=place, tvm=tvm, choice=None if trace is None else Choice(trace=trace),
        status=status, reason="" if right else "why",
        figures=Figures(time=time, flash=flash, ram=ram) if right else None, samples=(time,) if right else (),
    )  # fmt: skip


def test_each_objective_has_a_best_of_its_own():
    trials = [
        record(time=100, flash=50, ram=10),
        record(trace=[1], time=60, flash=500, ram=90),
        record(trace=[2], time=150, flash=40, ram=10),
        record(trace=[3], time=90, flash=60, ram=0),
    ]
    found = {objective: best(trials, objective) for objective in Objective}
    assert [trials.index(found[objective]) for objective in Objective] == [1, 2, 3]


def test_what_is_not_right_is_never_chosen():
    trials = [record(), record(trace=[1], status=Status.WRONG_OUTPUT), record(trace=[2], status=Status.CRASHED)]
    assert best(trials, Objective.LATENCY) is trials[0]
    assert best(trials[1:], Objective.LATENCY) is None


def test_the_schedule_by_rule_stays_where_nothing_is_better():
    trials = [record(trace=[1]), record()]
    assert best(trials, Objective.LATENCY) is trials[1]


@given(st.permutations([record(trace=[i], time=time) for i, time in enumerate((70, 60, 60, 80))]))
def test_the_best_does_not_hang_on_the_order(trials):
    assert best(trials, Objective.LATENCY) == best(sorted(trials, key=lambda r: r.choice.digest), Objective.LATENCY)


def test_trials_come_to_be_in_proportion_to_the_costs():
    given_ = turns({"a": 600.0, "b": 300.0, "c": 100.0}, {}, {"a", "b", "c"}, 100)
    assert {name: given_.count(name) for name in "abc"} == {"a": 60, "b": 30, "c": 10}


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.floats(1, 1e9), min_size=1), st.integers(0, 60), st.integers(0, 60)
)
def test_more_trials_go_on_where_fewer_ended(costs, first, more):
    whole = turns(costs, {}, set(costs), first + more)
    had = {name: whole[:first].count(name) for name in costs}
    assert whole[first:] == turns(costs, had, set(costs), more)


def test_a_group_with_nothing_left_gets_no_turn():
    assert set(turns({"a": 1e6, "b": 1.0}, {}, {"b"}, 5)) == {"b"}
    assert turns({"a": 1e6}, {}, set(), 5) == []


def test_what_was_added_is_read_again(tmp_path):
    database = Database(tmp_path / "tuning", BOARD)
    assert database.read(TVM).records == []
    kept = [record(), record(trace=[["Split", [1, "a", None]], [2]]), record(trace=[7], status=Status.HUNG)]
    for each in kept:
        database.add([each])
    content = database.read(TVM)
    assert content.records == kept
    assert content.remarks == []
    assert [path.name for path in (tmp_path / "tuning").glob("*.jsonl")] == ["cortex-m4f.jsonl"]


@given(st.integers(1, 300))
def test_a_last_line_that_was_cut_off_costs_only_itself(tmp_path_factory, missing):
    database = Database(tmp_path_factory.mktemp("tuning"), BOARD)
    database.add([record(), record(trace=[1])])
    whole = database.path.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    database.path.write_bytes(whole[: -min(missing + 1, last - 1)])
    content = database.read(TVM)
    assert content.records == [record()]
    assert len(content.remarks) == 1
    assert "line 2 of" in content.remarks[0]
    assert "cut off" in content.remarks[0]
    database.add([record(trace=[2])])
    assert database.read(TVM).records == [record(), record(trace=[2])]


def test_records_of_another_tvm_are_left_out_with_a_sentence(tmp_path):
    database = Database(tmp_path, BOARD)
    database.add([record(tvm="0.9"), record(trace=[1], tvm="0.9"), record()])
    content = database.read(TVM)
    assert content.records == [record()]
    assert [remark.partition(str(database.path))[2] for remark in content.remarks] == [
        " are of TVM 0.9 and left out; this is TVM 1.2.3"
    ]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "tuning").write_text("a file")
    with pytest.raises(McuprofError, match="cannot be written"):
        Database(tmp_path / "tuning", BOARD).add([record()])


def test_choices_are_the_best_of_each_group_for_board_and_optimization():
    trials = [
        record("a"), record("a", [1], time=50), record("a", [2], time=40, status=Status.WRONG_OUTPUT),
        record("b"), record("b", [3], time=200),
        record("c"), record("c", [4], time=10, place=msgspec.structs.replace(PLACE, optimization="Os")),
    ]  # fmt: skip
    assert choices(trials, BOARD, "O2", Objective.LATENCY) == {"a": Choice(trace=[1])}
    assert choices(trials, BOARD, "Os", Objective.LATENCY) == {"c": Choice(trace=[4])}
    assert choices(trials, BOARD, None, Objective.LATENCY) == {}


def test_the_own_board_goes_before_others_of_its_processor():
    real = boards.load("nano33ble")
    there = msgspec.structs.replace(PLACE, board="nano33ble", unit="s")
    simulated = [record(), record(trace=[1], time=50)]
    assert processor(real) == processor(BOARD)
    assert choices(simulated, real, "O2", Objective.LATENCY) == {"g": Choice(trace=[1])}
    measured = [*simulated, record(time=2e-6, place=there), record(trace=[2], time=1e-6, place=there)]
    assert choices(measured, real, "O2", Objective.LATENCY) == {"g": Choice(trace=[2])}
    assert choices(measured, BOARD, "O2", Objective.LATENCY) == {"g": Choice(trace=[1])}


def test_trials_by_the_clock_that_is_used_go_first():
    by_instructions = boards.with_clock(BOARD, Clock.INSTRUCTION_COUNT)
    there = msgspec.structs.replace(PLACE, unit=by_instructions.clock.unit)
    trials = [record(), record(trace=[1], time=50), record(place=there), record(trace=[2], time=50, place=there)]
    assert choices(trials, BOARD, "O2", Objective.LATENCY) == {"g": Choice(trace=[1])}
    assert choices(trials, by_instructions, "O2", Objective.LATENCY) == {"g": Choice(trace=[2])}
    assert choices(trials[:2], by_instructions, "O2", Objective.LATENCY) == {"g": Choice(trace=[1])}


def test_trials_with_other_weights_do_not_count():
    there = msgspec.structs.replace(PLACE, weights=Weights.INT16)
    trials = [record(), record(trace=[1], time=50), record(place=there), record(trace=[2], time=50, place=there)]
    assert choices(trials, BOARD, "O2", Objective.LATENCY) == {"g": Choice(trace=[1])}
    assert choices(trials, BOARD, "O2", Objective.LATENCY, Weights.INT16) == {"g": Choice(trace=[2])}


def test_a_choice_is_known_by_what_it_says_and_not_by_fields_that_it_lacks():
    assert Choice(trace=[["Split", [1]], [2]]).digest == "aad19da5748f"
    tiles = [Choice(strategy=Strategy(tile=tile)) for tile in (1, 2)]
    loops = Choice(strategy=Strategy(kernels=Kernels.LOOPS))
    assert [str(choice) for choice in (*tiles, loops)] == ["kernel, tile 1", "kernel, tile 2", "loops"]
    assert len({choice.digest for choice in (*tiles, loops)}) == 3
    for choice in (*tiles, loops, Choice(trace=[1])):
        assert msgspec.json.decode(msgspec.json.encode(choice), type=Choice) == choice


def test_a_board_with_no_known_processor_shares_with_none():
    own = msgspec.structs.replace(BOARD, name="mine", processor="")
    assert processor(own) == "mine"


def test_the_cost_model_learns_what_each_decision_does():
    model = CostModel()
    for tile in (1, 2, 4):
        for unroll in (1, 8):
            if (tile, unroll) != (4, 8):
                model.learn(("plan", tile, unroll), 1000 / tile / (2 if unroll == 8 else 1))
    model.learn(("other", 1, 1), None)
    scores = {(tile, unroll): model.score(("plan", tile, unroll)) for tile in (1, 2, 4) for unroll in (1, 8)}
    assert max(scores, key=scores.get) == (4, 8)
    assert model.score(("other", 2, 1)) < model.score(("plan", 2, 1))
    assert min(scores.values()) > 0


def test_with_nothing_learned_all_schedules_are_alike():
    assert CostModel().score(("plan", 1)) == CostModel().score(("other", 8)) == 1
