"""``--clock`` is part of what a run was asked for, so that one that goes on reads times from the same clock."""

import pytest

from harness import boards
from harness.commands.measure import chosen_again, plan_json, plan_of, settings_of
from harness.commands.options import Chosen
from harness.config import Config
from harness.errors import UsageError
from harness.types import Clock


@pytest.mark.parametrize("clock", [None, "cycle-model", "instruction-count"])
def test_a_run_that_goes_on_has_the_clock_of_its_begin(tmp_path, clock):
    chosen = Chosen(models=("digits",), boards=("nano33ble-sim",), implementations=("tvm-aot",), clock=clock)
    settings_file = Config(root=tmp_path)
    settings = settings_of(chosen, settings_file)
    plan = plan_of(chosen, ("flash",), settings, settings_file)
    again, _ = chosen_again(
        plan_json(chosen, ("flash",), plan, settings), Chosen(models=(), boards=(), implementations=())
    )
    assert again.clock == clock
    expected = Clock(clock) if clock else Clock.CYCLE_MODEL
    assert plan_of(again, ("flash",), settings, settings_file).boards[0].clock is expected is plan.boards[0].clock


def test_runs_of_before_there_was_a_choice_go_on(tmp_path):
    chosen = Chosen(models=("digits",), boards=("uno-sim",), implementations=("tvm-aot",))
    settings = settings_of(chosen, Config(root=tmp_path))
    plan = plan_json(chosen, (), plan_of(chosen, (), settings, Config(root=tmp_path)), settings)
    del plan["clock"]
    assert chosen_again(plan, chosen)[0].clock is None


def test_a_clock_that_one_of_the_boards_does_not_have(tmp_path):
    chosen = Chosen(
        models=("digits",), boards=("nano33ble-sim", "uno-sim"), implementations=(), clock="instruction-count"
    )
    with pytest.raises(UsageError, match="times on uno-sim"):
        plan_of(chosen, (), settings_of(chosen, Config(root=tmp_path)), Config(root=tmp_path))
    assert boards.load("uno-sim").clock is Clock.CYCLE_MODEL
