"""Ports that vanish, uploads that fail, boards that others reset, each with the whole pipeline: no figure is lost."""

import pytest
from fake_lab import FakeImplementation, at, plug
from serial_faults import all_right, reasons, retries

from harness import boards
from harness.errors import NoUploadToolError, RigError, ToolFailedError
from harness.types import Status


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
