"""Profiles of real boards, by the firmware's timers: everything but board, compiler and ELF is the real thing."""

import pytest
from fake_lab import Lab, at, plug

from harness.profile import measure, runner
from harness.profile.functions import ROOT, Stack
from harness.profile.symbols import Program
from harness.types import Clock, Status

MHZ = 64


@pytest.fixture(autouse=True)
def _no_program(monkeypatch):
    monkeypatch.setattr(measure, "read", lambda elf: Program(symbols=(), has_dsp=True))


def profile(lab, *implementations, runs=3):
    bench = lab.workbench()
    found = []
    try:
        runner.run(lab.plan(*implementations), bench, runs, found.append)
    finally:
        bench.close()
    return sorted(found, key=lambda made: made.board)


def timed_board(parts=(700, 500)):
    """A board whose inference takes 1,234 µs, and some more of them when operators are timed."""
    mine = plug()
    mine.board.parts = parts
    return mine


def test_operators_by_timers(tmp_path, monkeypatch):
    mine = timed_board()
    lab = Lab(tmp_path, monkeypatch, mine)
    [found] = profile(lab)
    assert (found.status, found.clock, found.unit) == (Status.OK, Clock.HARDWARE, "cycles")
    assert found.inference == found.plain == 1234 * MHZ
    assert [(o.places, o.work.type, o.ticks) for o in found.operators] == [
        ((0,), "CONV_2D", 700 * MHZ), ((1,), "DEPTHWISE_CONV_2D", 500 * MHZ),
    ]  # fmt: skip
    assert found.overhead == 34 * MHZ
    assert found.without_code == (2, 3, 4)
    assert found.functions == (), "a real board does not tell functions"
    assert found.stacks[0] == Stack(frames=(ROOT, "#0 CONV_2D"), ticks=700 * MHZ)
    assert sum(stack.ticks for stack in found.stacks) == found.inference
    assert found.usage is None
    assert [r for r in mine.board.requests if r.startswith("part")] == ["part 0", "part 1"] * 3
    assert lab.arduino.uploads == 2, "the program as it is, and the one with timers"


def test_the_run_in_the_middle_is_told(tmp_path, monkeypatch):
    mine = timed_board()
    times = iter([1000, 1000, 1000, 1000, 5000, 2000, 1500, 1700])  # a warm-up and three runs of each program

    def count():
        mine.board.instructions = next(times)
        mine.board.parts = (mine.board.instructions - 100, 50)

    plain = mine.board._on_run
    mine.board._on_run = lambda: (count(), plain())[1]
    [found] = profile(Lab(tmp_path, monkeypatch, mine))
    assert (found.plain, found.inference) == (1000 * MHZ, 1700 * MHZ)
    assert [o.ticks for o in found.operators] == [1600 * MHZ, 50 * MHZ]
    assert found.markers == 700 * MHZ


def test_a_board_that_ran_something_else(tmp_path, monkeypatch):
    [first, second] = profile(Lab(tmp_path, monkeypatch, timed_board(parts=(1, 2, 3))), "a", "b")
    assert (first.status, second.status) == (Status.RIG_FAILED, Status.SKIPPED)
    assert first.reason == "the board ran 3 operators; the network has 2"
    assert "the board ran 3 operators" in second.reason


def test_a_port_that_goes_and_comes_back(tmp_path, monkeypatch):
    mine = timed_board()
    lab = Lab(tmp_path, monkeypatch, mine)
    mine.on_request = at("part 1", 2, lambda plug: plug.pull(lab.bus.timer, 3))
    [found] = profile(lab)
    assert found.status is Status.OK
    assert found.inference == 1234 * MHZ


def test_boards_are_profiled_beside_each_other(tmp_path, monkeypatch):
    one, two = timed_board(), plug(number="S2", path="/dev/ttyACM1")
    two.board.parts = (1, 2)
    found = profile(Lab(tmp_path, monkeypatch, one, two, names=("mine", "other")))
    assert [(made.board, made.operators[0].ticks) for made in found] == [("mine", 700 * MHZ), ("other", MHZ)]
