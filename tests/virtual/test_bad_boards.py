"""The whole command on boards that misbehave behind a good line: the firmware is real, and so are its faults."""

import os
import re
import signal
from pathlib import Path

import msgspec
import pytest
from conftest import CASE, once, total

from harness import boards, models, sketch
from harness.arduino import Options
from harness.case import Settings
from harness.fake_bus import Noise
from harness.firmware import Firmware
from harness.implementations import tvm_aot
from harness.protocol import encode
from harness.serial_rig import SerialRig
from harness.sketch import Sketch, digest_of

BOARD = boards.load("nano33ble-sim")
MUTE = "void setup() {}\nvoid loop() {}\n"
CRASHING = "void setup() { Serial.begin(115200); abort(); }\nvoid loop() {}\n"


@pytest.fixture
def program(arduino):
    """Compile a sketch and return the program."""

    def compile_it(what):
        if isinstance(what, str):
            files = {"mcuprof_sketch.ino": what}
            what = Sketch(files=files, digest=digest_of(files))
        return arduino.compile(what, BOARD, Options()).elf

    return compile_it


def require_rig_failed(answer, right, reason):
    """What needs no board is measured; all else is the rig's fault, with no figure, and the next case is skipped."""
    assert answer.code == 1
    for cell in answer.measurements:
        if cell["board"] != BOARD.name:
            continue
        if (cell["implementation"], cell["metric"]) == ("tvm-aot", "flash"):
            assert cell["value"] == right.cells["flash"]["value"]
            continue
        assert cell["status"] == ("rig-failed" if cell["implementation"] == "tvm-aot" else "skipped")
        assert reason in cell["reason"]
        assert cell["value"] is None


def test_a_board_that_resets_in_the_middle_costs_one_metric(plug, measure, right):
    tty = plug(on_bytes=once(b" run *", lambda tty: tty.whisper(encode("ffff", "reset")), nth=6))
    found = right.require(measure(tty.path, "run", *CASE), but=["inference"])
    assert found["inference"]["status"] == "crashed"
    assert "the board reset by itself" in found["inference"]["reason"]
    assert found["inference"]["value"] is None
    assert total(found, "uploads") == 0


def test_a_board_that_hangs_in_a_run_costs_one_metric(plug, measure, right):
    hung = []

    def stop(tty, data):
        """Stop the emulator when it has begun the sixth run; the end of that may be on its way already."""
        if hung and tty.uploads == 1:
            return b""
        began = None if hung or tty._seen.count(b" run *") < 6 else re.search(rb" start \*[^\n]*\n", data)
        if began is None:
            return data
        hung.append(emulator(tty))
        os.kill(hung[0], signal.SIGSTOP)
        return data[: began.end()]

    tty = plug(on_answer=stop)
    found = right.require(measure(tty.path, "run", *CASE), but=["inference"])
    assert found["inference"]["status"] == "hung"
    assert "the board began 'run' and did not finish it within 10 s" in found["inference"]["reason"]
    assert found["inference"]["value"] is None
    assert tty.uploads == 2, "only an upload helps"


def emulator(tty):
    guard = tty.rig._machine._popen.pid
    for child in Path(f"/proc/{guard}/task/{guard}/children").read_text().split():
        if "qemu-system" in Path(f"/proc/{child}/cmdline").read_text():
            return int(child)
    pytest.fail("there is no emulator")


def test_a_board_that_crashes_whenever_it_starts(plug, measure, right, program):
    elf = program(CRASHING)
    tty = plug(on_upload=lambda tty, count: elf)
    answer = measure(tty.path, "run", *CASE)
    assert answer.code == 1
    for cell in answer.measurements:
        if cell["metric"] != "flash":
            assert cell["status"] == "crashed", cell["reason"]
            assert "the board crashes when it starts: abort pc=0x" in cell["reason"]


def test_a_port_that_opens_and_never_talks(plug, measure, right, program):
    elf = program(MUTE)
    tty = plug(on_upload=lambda tty, count: elf)
    more = ("--impl", "tvm-graph", "--board", "spresense-sim")
    answer = measure(tty.path, "run", *CASE, *more, BAD_BOARD=BOARD.name)
    require_rig_failed(answer, right, "nothing came from the board within 10 s. Is it the port of this board?")
    others = [cell["status"] for cell in answer.measurements if cell["board"] == "spresense-sim"]
    assert others == ["ok"] * 10, "the other board goes on"


def test_an_earlier_sketch_that_answers_once(plug, measure, right, program):
    elf = program(sketch.bare(BOARD))
    tty = plug(on_upload=lambda tty, count: elf if count == 1 else None)
    right.require(measure(tty.path, "run", *CASE))
    assert tty.uploads == 2


def test_an_earlier_sketch_that_still_answers(plug, measure, right, program):
    elf = program(sketch.bare(BOARD))
    tty = plug(on_upload=lambda tty, count: elf)
    answer = measure(tty.path, "run", *CASE, "--impl", "tvm-graph")
    require_rig_failed(answer, right, "an earlier sketch still runs: press the board's reset button")
    assert tty.uploads == 2, "one attempt more, and no third"


def test_another_board_at_the_port(plug, measure, right, program):
    elf = program(sketch.bare(msgspec.structs.replace(BOARD, name="another", digest="another")))
    tty = plug(on_upload=lambda tty, count: elf)
    answer = measure(tty.path, "run", *CASE, "--impl", "tvm-graph")
    require_rig_failed(answer, right, "it was built for the board 'another', and this is to be 'nano33ble-sim'")


def test_two_thousand_requests_over_a_line_bad_both_ways(plug, arduino, right):
    tty = plug()
    whole = tvm_aot.create(Settings()).sketch(models.load("digits"), BOARD, None)
    arduino.upload(arduino.compile(whole, BOARD, Options()), BOARD, str(tty.path))
    tty._noise = Noise(drop=0.0004, flip=0.0003, double=0.0003, seed=11)
    rig = SerialRig(BOARD, str(tty.path))
    device = Firmware(rig.open())
    device.start(60)
    for _ in range(2000):
        assert device.run(60).time == right.cells["inference"]["value"]
    assert device.session.repeats > 50
    device.session.close()
    rig.close()
