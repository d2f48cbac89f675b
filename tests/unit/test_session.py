import random

import pytest

from harness import session as sessions
from harness.errors import CrashedError, HungError, RigError
from harness.fake import FakeBoard, Faults
from harness.firmware import Firmware
from harness.patience import FakeTimer
from harness.session import RequestFailed, Session


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(sessions, "_REPEAT_S", 0.01)
    monkeypatch.setattr(sessions, "_AFTER_DAMAGE_S", 0.001)
    monkeypatch.setattr(sessions, "_HELLO_REPEAT_S", 0.01)


def firmware(**facts) -> Firmware:
    return Firmware(Session(FakeBoard(**facts)))


def test_a_whole_conversation():
    board = FakeBoard(network=lambda data: bytes(255 - b for b in data), tensor_bytes=500)
    device = Firmware(Session(board))
    assert device.start(1).time == 123
    import numpy as np

    content = np.arange(500, dtype=np.uint8)
    device.write_inputs([content])
    assert device.run(1).time == 1234
    assert device.read_outputs() == [bytes(255 - int(b) for b in content)]


@pytest.mark.parametrize("delay", [0.3, 1.1, 2.5])
def test_a_line_on_which_answers_are_long_on_their_way(delay):
    timer, board, under_way = FakeTimer(), FakeBoard(), []

    class Line(FakeBoard):
        def write(self, data):
            board.write(data)
            under_way.append((timer.now() + delay, board.take()))

        def read(self):
            timer.sleep(0.02)
            return under_way.pop(0)[1] if under_way and under_way[0][0] <= timer.now() else b""

    assert Session(Line(), timer=timer).hello(10)["protocol"] == ["1"]


def test_noise_before_the_first_line():
    noise = random.Random(1).randbytes(5000) + b"@half a line"
    assert firmware(faults=Faults(noise=noise)).facts["protocol"] == "1"


def test_a_device_that_says_nothing():
    with pytest.raises(RigError, match=r"nothing came from the board within 0.1 s"):
        Session(FakeBoard(faults=Faults(silent_after=0))).hello(0.1)


def test_a_device_that_prints_garbage():
    class Garbage(FakeBoard):
        def read(self):
            return b"Lorem ipsum \xfe\xff\r\n"

    with pytest.raises(RigError, match="answer nothing; the last readable line was 'Lorem ipsum"):
        Session(Garbage()).hello(0.1)


def test_a_device_that_stops_in_the_middle_of_a_line():
    device = firmware(faults=Faults(cut_at=2))
    with pytest.raises(RigError, match="stopped answering at 'stash'"):
        device.session.request("stash", deadline_s=0.1)


def test_a_device_that_hangs():
    device = firmware(faults=Faults(hang_at=2))
    with pytest.raises(HungError, match="began 'run' and did not finish it within"):
        device.run(0.1)


def test_a_device_that_crashes():
    device = firmware(faults=Faults(crash_at=2))
    with pytest.raises(CrashedError, match="hard pc=0x00001234"):
        device.run(1)
    device.greet()


def test_a_device_that_resets_by_itself():
    device = firmware(faults=Faults(reset_at=6))
    device.start(1)  # makes four requests, after the hello
    with pytest.raises(CrashedError, match="reset by itself"):
        device.run(1)


def test_how_long_a_request_took_by_the_hosts_clock():
    timer = FakeTimer()

    class Slow(FakeBoard):
        def read(self):
            timer.sleep(0.1)
            line, separator, self._outgoing = self._outgoing.partition(b"\n")
            if b" done instructions=" in line:
                timer.sleep(3.0)
            return line + separator

    board = Slow()
    device = Firmware(Session(board, timer=timer))
    took = device.start(60).took
    assert took.work == pytest.approx(3.1)
    assert took.whole == pytest.approx(3.2, abs=0.15)
    spoiled = iter([b"@garbled\r\n"])
    board.faults.damage = lambda line: next(spoiled, line) if b" done instructions=" in line else line
    assert device.run(60).took.work is None, "its answer was damaged, and came again only when it was asked for"


def test_a_request_that_the_network_fails_at():
    with pytest.raises(RequestFailed, match="out of memory"):
        firmware(heap=500).start(1)


@pytest.mark.parametrize("verb", ["start", "set_arena", "run"])
def test_a_board_that_is_not_as_it_was_left_says_nothing_of_the_network(verb):
    device = firmware()
    if verb != "run":
        device.start(1)
    with pytest.raises(
        RigError, match=r"the board refused '\w+' \((already|not) started\): what it was asked before"
    ):
        getattr(device, verb)(1)


def test_a_board_that_does_not_reset():
    class Stubborn(FakeBoard):
        def _on_reset(self):
            return False, "unknown request"

        def _power_up(self):
            if not hasattr(self, "_asked"):
                super()._power_up()

    device = Firmware(Session(Stubborn()))
    with pytest.raises(RigError, match="was asked to reset 5 times and goes on as before"):
        device.reset()


def test_two_thousand_requests_over_a_bad_line_are_answered_right():
    random_bytes = random.Random(7)

    def damage(line: bytes) -> bytes:
        raw = bytearray(line)
        for index in range(len(raw)):
            if random_bytes.random() < 0.001:
                raw[index] ^= 1 << random_bytes.randrange(8)
        return bytes(raw)

    board = FakeBoard(faults=Faults(damage=damage))
    device = Firmware(Session(board))
    device.start(1)
    for _ in range(2000):
        assert device.run(5).time == 1234
    assert board.requests.count("run") == 2000, "a repeat must not be carried out again"
    assert device.session.repeats > 0


def test_lines_that_come_twice():
    device = Firmware(Session(FakeBoard(faults=Faults(damage=lambda line: line * 2))))
    assert device.start(1).time == 123
    assert [device.run(1).time for _ in range(10)] == [1234] * 10
    assert device.session.repeats == 0


def test_a_rig_that_dies_is_not_waited_for():
    dead = []
    session = Session(FakeBoard(faults=Faults(silent_after=2)), lambda: dead[0] if dead else None)
    device = Firmware(session)
    dead.append("QEMU ended with code 1")
    with pytest.raises(RigError, match="QEMU ended"):
        device.run(60)


def test_a_reset_whose_answer_is_damaged():
    board = FakeBoard()

    def damage(line: bytes) -> bytes:
        spoil = board.requests[-1:] == ["reset"] and board.requests.count("reset") == 1
        return b"@garbled\r\n" if spoil else line

    board.faults.damage = damage
    device = Firmware(Session(board))
    device.reset()
    assert board.requests.count("reset") == 1, "a second one could meet the bootloader"
    assert device.start(1).time == 123
