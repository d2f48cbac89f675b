"""What real boards do on a serial line, each with the whole pipeline: no figure is lost, and none is false."""

import re

import pytest
from fake_lab import RIGHT, FakeImplementation, Lab, at, noise, plug

from harness import boards
from harness import session as sessions
from harness.errors import NoUploadToolError, RigError, ToolFailedError
from harness.fake_bus import Noise
from harness.types import Status


def all_right(found, *, but=()):
    assert len(found) == len(RIGHT)
    for (_, _, metric), m in found.items():
        if metric not in but:
            assert m.status is Status.OK, m.reason
            assert m.value == pytest.approx(RIGHT[metric])
    return True


def retries(found):
    counts = [m.provenance["retries"] for m in found.values() if "retries" in m.provenance]
    return {key: sum(count[key] for count in counts) for key in counts[0]}


def reasons(found, status):
    return [m.reason for m in found.values() if m.status is status]


@pytest.fixture
def lab(tmp_path, monkeypatch):
    def make(*plugs, **how):
        return Lab(tmp_path, monkeypatch, *plugs, **how)

    return make


def test_a_board_without_faults(lab):
    found = lab(plug()).run()
    assert all_right(found)
    assert retries(found) == {"uploads": 0, "reconnects": 0, "requests": 0}
    assert found["mine", "tflm", "inference"].samples == pytest.approx([1234e-6] * 5)


def test_the_port_vanishes_during_the_upload(lab):
    def pull(count, plug):
        if count == 1:
            plug.pull(bench.bus.timer, 3)

    bench = lab(plug(), before=pull)
    found = bench.run()
    assert all_right(found)
    assert retries(found)["uploads"] == 1


def test_an_upload_that_fails_once_and_then_works(lab):
    def fail(count, plug):
        if count == 1:
            raise RigError("the upload failed: no bootloader")

    found = lab(plug(), before=fail).run()
    assert all_right(found)
    assert retries(found)["uploads"] == 1


def test_an_upload_that_always_fails_is_tried_three_times(lab):
    def fail(count, plug):
        raise RigError("the upload failed: no bootloader")

    bench = lab(plug(), before=fail)
    found = bench.run("a", "b")
    assert bench.arduino.uploads == 3
    assert found["mine", "a", "flash"].value == 5000, "what needs no board is measured"
    [reason] = {m.reason for m in found.values() if m.status is Status.RIG_FAILED}
    assert reason.startswith("the upload failed: no bootloader (tried 3 times). Look at cable and port")
    assert all(m.status is Status.SKIPPED for (_, name, _), m in found.items() if name == "b")
    assert "no bootloader" in found["mine", "b", "ram"].reason
    assert retries(found)["uploads"] == 2, "a failure in the end has the tries before it"


def test_an_upload_tool_that_is_not_there_is_not_tried_again(lab):
    def fail(count, plug):
        raise NoUploadToolError("the upload failed: no program bossac")

    bench = lab(plug(), before=fail)
    found = bench.run(names=("inference",))
    assert bench.arduino.uploads == 1
    assert found["mine", "tflm", "inference"].reason == "the upload failed: no program bossac"


def test_an_upload_tool_that_hangs_is_a_fault_of_the_rig(lab):
    def hang(count, plug):
        raise ToolFailedError("arduino-cli did not end within 120 s and was stopped")

    found = lab(plug(), before=hang).run(names=("inference",))
    assert found["mine", "tflm", "inference"].status is Status.RIG_FAILED
    assert "did not end within 120 s and was stopped (tried 3 times)" in found["mine", "tflm", "inference"].reason


@pytest.mark.parametrize("path", ["/dev/ttyACM0", "/dev/ttyACM7"])
def test_the_port_vanishes_between_upload_and_hello_and_may_come_back_elsewhere(lab, path):
    port = plug(on_request=at("hello", 1, lambda plug: plug.pull(bench.bus.timer, 4, path)))
    bench = lab(port)
    assert all_right(bench.run())
    assert port.device.path == path


@pytest.mark.parametrize("path", ["/dev/ttyACM0", "/dev/ttyACM7"])
@pytest.mark.parametrize("verb", ["start", "input", "run", "output", "alloc", "stash", "heap"])
def test_the_port_vanishes_in_the_middle_and_comes_back(lab, verb, path):
    bench = lab(plug(on_request=at(verb, 1, lambda plug: plug.pull(bench.bus.timer, 4, path))))
    found = bench.run()
    assert all_right(found)
    assert retries(found)["reconnects"] == 1
    assert bench.arduino.uploads == 1, "the program is still on the board"


def test_the_port_vanishes_in_the_middle_of_a_line(lab):
    def cut(plug):
        plug.cut_after = 20

    bench = lab(plug(on_request=at("run", 3, cut)))
    found = bench.run()
    assert all_right(found)
    assert retries(found)["reconnects"] == 1


def test_a_chip_whose_port_goes_with_each_reset(lab):
    port = plug()
    port.on_request = lambda plug, request: plug.pull(bench.bus.timer, 2) if request == "reset" else None
    bench = lab(port)
    found = bench.run()
    assert all_right(found)
    assert retries(found)["reconnects"] == 0, "that is how such a chip resets"


@pytest.mark.parametrize("count", [2, 3, 20, 34, 35, 36, 37])
def test_the_link_drops_before_a_reset_arrives(lab, count):
    """As behind a port server: the board never hears the request, and what it holds of its heap it holds on."""
    sent = []

    def drops(data):
        sent.extend([data] if b" reset *" in data else [])
        return b" reset *" in data and len(sent) == count

    found = lab(plug(drops=drops)).run()
    assert all_right(found)
    assert len(sent) > count
    assert retries(found)["reconnects"] == 1
    assert found["mine", "tflm", "ram"].details["probes"][0]["works"]


@pytest.mark.parametrize("count", range(1, 20, 3))
def test_the_link_drops_in_the_search_for_the_arena(lab, monkeypatch, count):
    sent, kept = [], []

    def drops(data):
        sent.extend([data] if b" reset *" in data else [])
        return b" reset *" in data and len(sent) == count

    class Searched(FakeImplementation):
        searches_arena = True

    monkeypatch.setattr("harness.arena.keep", lambda key, arena: kept.append(arena.size))
    bench = lab(plug(drops=drops))
    found = bench.run(Searched("tflm"), names=("inference",))
    assert found["mine", "tflm", "inference"].status is Status.OK
    assert kept == [1000]


@pytest.mark.parametrize("count", [1, 2, 20])
def test_another_board_is_at_the_port_after_a_reset(lab, count):
    port = plug()

    def swap(plug):
        plug.board.facts = {"board": "another", "sketch": "another"}
        plug.pull(bench.bus.timer, 1)

    port.on_request = at("reset", count, swap)
    bench = lab(port)
    found = bench.run()
    assert all_right(found)
    assert retries(found)["reconnects"] == retries(found)["uploads"] + 1 == 1
    assert bench.arduino.uploads == 2


def test_the_port_vanishes_for_good(lab):
    bench = lab(plug(on_request=at("run", 4, lambda plug: plug.pull(bench.bus.timer, 1e9))))
    found = bench.run("a", "b")
    statuses = [m.status for (_, name, _), m in found.items() if name == "a"]
    assert statuses.count(Status.OK) >= 2, "what was measured before is kept"
    assert statuses.count(Status.OK) + statuses.count(Status.RIG_FAILED) == 5
    for reason in reasons(found, Status.RIG_FAILED):
        assert "vanished" in reason
        assert "did not come back within 15 s: look at the cable" in reason
    assert all("vanished" in reason for reason in reasons(found, Status.SKIPPED))
    assert not any(m.value for m in found.values() if m.status is not Status.OK)


def test_a_board_whose_port_goes_whenever_it_starts_probably_crashes(lab):
    def pull(plug, request):
        if request.startswith("start"):
            plug.pull(bench.bus.timer, 1)

    bench = lab(plug(on_request=pull))
    found = bench.run("a", "b")
    assert {m.status for (_, _, name), m in found.items() if name != "flash"} == {Status.CRASHED}
    assert "seems to crash there, or its cable is loose" in found["mine", "a", "init"].reason


def test_a_board_that_resets_whenever_its_port_is_opened(lab):
    def reset(plug):
        plug.board.restart()
        plug.deaf_until = bench.bus.timer.now() + 2

    bench = lab(plug(on_open=reset, on_request=at("stash", 1, lambda plug: plug.pull(bench.bus.timer, 1))))
    found = bench.run()
    assert all_right(found)
    assert retries(found)["reconnects"] == 1


@pytest.mark.parametrize("name", ["uno", "mega", "spresense"])
def test_a_bootloader_that_every_byte_keeps_awake(lab, name):
    real = boards.load(name)

    def reset(plug):
        plug.board.restart()
        plug.deaf_until = bench.bus.timer.now() + 1.5

    port = plug(on_open=reset, on_request=at("stash", 1, lambda plug: plug.pull(bench.bus.timer, 1)), kept_awake_s=5)
    bench = lab(port, reset=real.reset, upload=real.upload)
    found = bench.run()
    assert all_right(found)
    assert retries(found) == {"uploads": 0, "reconnects": 1, "requests": 0}


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
