"""What real boards say on a serial line, each with the whole pipeline: no figure is lost, and none is false."""

import re

import pytest
from fake_lab import RIGHT, at, noise, plug
from serial_faults import all_right, reasons, retries

from harness import session as sessions
from harness.fake_bus import Noise
from harness.types import Status


def test_garbage_before_the_first_line(lab):
    port = plug()
    port.board._outgoing = noise(5000) + b"@1 half a line"
    restart = port.board.restart

    def noisy():
        restart()
        port.board._outgoing = noise(5000) + b"@1 half a line"

    port.board.restart = noisy
    assert all_right(lab(port).run())


@pytest.mark.parametrize("fault", ["drop", "flip", "double"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_byte_in_a_thousand(lab, fault, seed):
    found = lab(plug(noise=Noise(**{fault: 0.001}, seed=seed))).run()
    assert all_right(found)
    assert retries(found)["requests"] > 0


def test_half_a_megabyte_of_noise_in_the_middle(lab):
    def shout(plug):
        plug.board._outgoing = noise(500_000) + plug.board._outgoing

    bench = lab(plug(on_request=at("run", 2, shout)))
    assert all_right(bench.run())
    [log] = bench.store.wire_folder(bench.record).glob("*.log")
    assert log.stat().st_size < 1 << 20


def test_a_board_that_resets_in_the_middle_costs_one_metric(lab):
    bench = lab(plug(on_request=at("run", 4, lambda plug: plug.board.restart())))
    found = bench.run()
    [reason] = reasons(found, Status.CRASHED)
    assert "reset by itself" in reason
    assert [m.status for m in found.values()].count(Status.OK) == 4


def test_a_probe_that_is_disturbed_once_is_tried_again(lab):
    bench = lab(plug(on_request=at("alloc", 1, lambda plug: plug.board.restart())))
    assert all_right(bench.run(names=tuple(RIGHT)))


def test_a_board_that_hangs_in_a_run_costs_one_metric(lab):
    def hang(plug):
        plug.board._outgoing = plug.board._outgoing.split(b"\n", 1)[0] + b"\n"  # the start of the run alone
        plug.board.faults.silent_after = len(plug.board.requests)

    bench = lab(plug(on_request=at("run", 4, hang)))
    found = bench.run()
    [reason] = reasons(found, Status.HUNG)
    assert "began 'run' and did not finish it within" in reason
    assert [m.status for m in found.values()].count(Status.OK) == 4
    assert bench.arduino.uploads == 2


def test_a_board_that_crashes_whenever_it_starts(lab):
    port = plug()

    def boot_loop(board=port.board):
        type(board).restart(board)
        board._outgoing = b"ready\r\n!fault hard pc=0x00000bad\r\n" * 3
        board.faults.silent_after = 0

    port.board.restart = boot_loop
    found = lab(port).run("a", "b")
    cells = [m for (_, _, name), m in found.items() if name != "flash"]
    assert {m.status for m in cells} == {Status.CRASHED}
    assert all(m.reason == "the board crashes when it starts: hard pc=0x00000bad" for m in cells)


def test_a_port_that_opens_and_never_talks(lab):
    port = plug()
    port.board.write = lambda data: None
    found = lab(port).run("a", "b")
    [reason] = set(reasons(found, Status.RIG_FAILED))
    assert reason.startswith("nothing came from the board within 10 s. Is it the port of this board?")


def test_a_firmware_of_an_earlier_sketch_that_still_answers(lab):
    bench = lab(plug())
    lying = bench.arduino.upload

    def upload(build, board, port):
        lying(build, board, port)
        bench.bus.plugs[0].board.facts = {"board": "mine", "sketch": "old"}

    bench.arduino.upload = upload
    found = bench.run()
    assert bench.arduino.uploads == 2, "one attempt more, and no third"
    [reason] = set(reasons(found, Status.RIG_FAILED))
    assert "its sketch is 'old', uploaded was 'tflm-digits'" in reason
    assert "press the board's reset button" in reason


def test_an_earlier_sketch_that_answers_once(lab):
    bench = lab(plug())
    honest = bench.arduino.upload

    def upload(build, board, port):
        honest(build, board, port)
        if bench.arduino.uploads == 1:
            bench.bus.plugs[0].board.facts = {"board": "mine", "sketch": "old"}

    bench.arduino.upload = upload
    assert all_right(bench.run())
    assert bench.arduino.uploads == 2


def test_another_board_at_the_port(lab):
    bench = lab(plug())
    honest = bench.arduino.upload

    def upload(build, board, port):
        honest(build, board, port)
        bench.bus.plugs[0].board.facts = {"board": "another", "sketch": build.sketch}

    bench.arduino.upload = upload
    [reason] = set(reasons(bench.run(), Status.RIG_FAILED))
    assert "it was built for the board 'another', and this is to be 'mine'" in reason
    assert "--port" in reason


def test_a_board_at_an_address_on_the_network_is_not_uploaded_to(lab):
    port = plug(path="socket://lab:3000")
    port.board.facts = {"board": "mine", "sketch": "tflm-digits"}
    bench = lab(port)
    assert all_right(bench.run())
    assert bench.arduino.uploads == 0
    [reason] = set(reasons(bench.run("other"), Status.RIG_FAILED))
    assert "its sketch is 'tflm-digits', uploaded was 'other-digits'" in reason
    assert "Over the network nothing is uploaded: do so by hand" in reason


def test_a_board_that_hangs_at_an_address_on_the_network_has_to_be_reset_by_hand(lab):
    def hang(plug):
        plug.board._outgoing = plug.board._outgoing.split(b"\n", 1)[0] + b"\n"
        plug.board.faults.silent_after = len(plug.board.requests)

    port = plug(path="socket://lab:3000", on_request=at("run", 4, hang))
    port.board.facts = {"board": "mine", "sketch": "tflm-digits"}
    bench = lab(port)
    found = bench.run()
    [hung] = reasons(found, Status.HUNG)
    [reason] = set(reasons(found, Status.RIG_FAILED))
    assert reason.startswith(f"{hung}; then nothing came from the board within 10 s")
    assert "nothing resets a board that hangs: do so where it is" in reason
    assert bench.arduino.uploads == 0


def test_a_port_that_another_program_holds_for_a_moment(lab):
    assert all_right(lab(plug(busy_until=5.0)).run())


def test_a_port_that_another_program_holds(lab):
    found = lab(plug(busy_until=1e9)).run()
    [reason] = set(reasons(found, Status.RIG_FAILED))
    assert "is in use by another program" in reason


def test_a_host_that_was_suspended_for_a_minute(lab):
    def sleep(plug):
        plug.board.faults.silent_after = None
        answer, plug.board._outgoing = plug.board._outgoing, b""
        bench.bus.timer.time += 60
        plug.board._outgoing = answer

    for verb in ("hello", "run", "output"):
        bench = lab(plug(on_request=at(verb, 1, sleep)))
        found = bench.run()
        assert all_right(found)
        assert retries(found)["reconnects"] == 0


@pytest.mark.parametrize(
    ("verb", "answer", "why"),
    [
        (
            "run",
            "us=900 cycles=19200000",
            "micros() tells 0.0009 s for what the chip's counter tells 19,200,000 cycles",
        ),
        ("start", "us=4000000000", "the board tells 4e+03 s for what was done within"),
    ],
)
def test_times_that_cannot_be_are_no_figures(lab, verb, answer, why):
    port = plug()
    honest = getattr(port.board, f"_on_{verb}")
    setattr(port.board, f"_on_{verb}", lambda: (honest()[0], answer))
    found = lab(port).run()
    metric = {"run": "inference", "start": "init"}[verb]
    assert found["mine", "tflm", "output"].status is Status.OK
    assert found["mine", "tflm", metric].status is Status.RIG_FAILED
    assert found["mine", "tflm", metric].value is None
    assert why in found["mine", "tflm", metric].reason
    assert "set interrupts_off = false in the board's file" in found["mine", "tflm", metric].reason


def test_a_dead_board_does_not_stop_the_others(lab):
    dead, alive = plug(number="S1"), plug(number="S2", path="/dev/ttyACM1")
    dead.board.write = lambda data: None
    found = lab(dead, alive, names=("dead", "alive")).run("a", "b")
    assert {m.status for (board, _, name), m in found.items() if board == "alive"} == {Status.OK}
    assert {m.status for (board, _, name), m in found.items() if board == "dead" and name != "flash"} == {
        Status.RIG_FAILED, Status.SKIPPED,
    }  # fmt: skip
    assert [board for board, _, _ in found] == ["dead"] * 10 + ["alive"] * 10, "in the order of the plan"


def test_two_that_want_the_same_board(lab):
    port = plug()
    bench = lab(port, port, names=("one", "other"))
    found = bench.run(names=("inference",))
    assert sorted(m.status.value for m in found.values()) == ["ok", "rig-failed"]
    [reason] = reasons(found, Status.RIG_FAILED)
    assert re.match(
        r"the board \w+ \(serial number S1\) is in use by process \d+ since .*: wait for it, or end it", reason
    )


def test_two_thousand_requests_over_a_line_bad_both_ways(lab, monkeypatch):
    monkeypatch.setattr(sessions, "ANSWER_S", 30.0)
    port = plug(noise=Noise(drop=0.0004, flip=0.0003, double=0.0003, seed=11))
    bench = lab(port)
    bench.run(names=("inference",))
    from harness.firmware import Firmware
    from harness.serial_rig import SerialRig

    rig = SerialRig(bench.boards[0], port.device.path, devices=bench.bus.devices, open_port=bench.bus.open,
                    timer=bench.bus.timer)  # fmt: skip
    device = Firmware(rig.open())
    device.reset()
    device.start(5)
    before = port.board.requests.count("run")
    for _ in range(2000):
        assert device.run(30).time == pytest.approx(1234e-6)
    assert port.board.requests.count("run") - before == 2000, "a repeat must not be carried out again"
    assert device.session.repeats > 50
    rig.close()
