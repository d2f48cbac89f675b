"""The virtual AVR boards: the real core, bootloaders and avrdude; the chip's timer beside simavr's count."""

import re
import shutil
import signal

import pytest
from conftest import SKETCHES, Console, wait_for

from harness import boards, models, reference, session, sketch
from harness.build_properties import Options
from harness.case import Settings
from harness.errors import RigError
from harness.firmware import Firmware
from harness.implementations import tvm_aot
from harness.serial_port import SerialPort
from harness.serial_rig import SerialRig
from harness.sketch import Sketch, digest_of
from harness.virtual import simavr

pytestmark = pytest.mark.skipif(simavr.missing() is not None, reason=str(simavr.missing()))

BOARDS = ("uno-sim", "mega-sim")
TIMER_CYCLES = 4
"""Between the timer's start and the first mark, and between the second mark and the timer's reading."""
OVERFLOW_CYCLES = 80
"""What serving an overflow and reading the timer take together, at most."""


@pytest.fixture(params=BOARDS)
def rig(request):
    board = simavr.SimavrRig(boards.load(request.param))
    yield board
    board.close()


def upload(arduino, rig, whole):
    arduino.upload(arduino.compile(whole, rig.board, Options()), rig.board, rig.port)


@pytest.fixture
def digits(arduino, rig):
    """The profiling firmware with the network ``digits`` on the board."""
    upload(arduino, rig, tvm_aot.create(Settings()).sketch(models.load("digits"), rig.board, None))
    session = rig.open()
    yield Firmware(session)
    session.close()


def test_the_timer_agrees_with_simavrs_own_count(rig, digits):
    told = []
    for _ in range(2):
        digits.reset()
        told += [digits.start(60), *(digits.run(60) for _ in range(3))]
    counted = [int(cycles) for cycles in re.findall(r"region: (\d+) cycles", rig.log.read_text())]
    assert len(counted) == len(told)
    assert max(counted) > 20 * 65_536, "no overflow of the timer was served"
    for stretch, cycles in zip(told, counted, strict=True):
        assert stretch.unit == "cycles"
        assert 0 <= stretch.time - cycles <= TIMER_CYCLES
    assert told[1:4] == told[5:8], "the board does not repeat exactly"


def test_an_overflow_is_counted_once_whenever_it_comes(arduino, rig):
    files = {
        "mcuprof_sketch.ino": (SKETCHES / "TimerOverflow" / "TimerOverflow.ino").read_text(),
        "clock.h": sketch.copy("common/clock.h"),
        "config.h": "#define MCUPROF_INTERRUPTS_OFF 1\n",
    }
    port = SerialPort(rig.port, 115200)
    upload(arduino, rig, Sketch(files=files, digest=digest_of(files)))
    printed = Console(port=port).expect("begin(.*?)end")[1]
    port.close()
    told = {int(at): int(ticks) for at, ticks in re.findall(r"(\d+) (\d+)", printed)}
    assert list(told) == list(range(65_536 - 48, 65_535))
    assert min(told.values()) < 65_536 < max(told.values()), "no overflow came while the timer was read"
    for at, ticks in told.items():
        assert 0 <= ticks - at <= OVERFLOW_CYCLES


def test_every_metric_of_a_network_that_fits(mcuprof):
    words = [word for board in BOARDS for word in ("--board", board)]
    answer = mcuprof("run", "digits", "--impl", "tvm-aot", "--json", *words)
    assert answer.code == 0, answer.err
    cells = {(m["board"], m["metric"]): m for m in answer.measurements}
    assert {cell["status"] for cell in cells.values()} == {"ok"}
    for board in BOARDS:
        assert cells[board, "output"]["value"] == 0
        time_cell = cells[board, "inference"]
        assert (time_cell["clock"], time_cell["unit"]) == ("cycle-model", "cycles")
        assert time_cell["at_clock_s"] == pytest.approx(time_cell["value"] / 16e6)
        assert len(set(time_cell["samples"])) == 1
        tried = {probe["size"]: probe["works"] for probe in cells[board, "ram"]["details"]["probes"]}
        value = cells[board, "ram"]["value"]
        assert (tried[value], tried[value + 1]) == (True, False)
    assert 0 < cells["uno-sim", "ram"]["value"] < 2_048 - 640


def test_what_cannot_be_is_an_answer(mcuprof):
    answer = mcuprof("run", "digits", "keyword_spotting", "person_detection", "--board", "uno-sim", "--json")
    assert answer.code == 0, answer.err
    found = {(m["model"], m["implementation"], m["metric"]): m for m in answer.measurements}
    assert found["digits", "tvm-graph", "output"]["status"] == "does-not-fit"
    assert "bytes are missing" in found["digits", "tvm-graph", "output"]["reason"]
    assert found["keyword_spotting", "tvm-aot", "flash"]["status"] == "does-not-fit"
    assert re.search(
        r"[1-9][\d,]* bytes larger than the RAM", found["keyword_spotting", "tvm-aot", "flash"]["reason"]
    )
    assert found["digits", "tflm", "flash"]["status"] == "unsupported"
    assert "C++ standard library" in found["digits", "tflm", "flash"]["reason"]
    for implementation in ("tvm-aot", "tvm-graph"):
        cell = found["person_detection", implementation, "flash"]
        assert cell["status"] == "does-not-fit"
        assert "larger than the whole RAM of uno-sim" in cell["reason"]


def test_no_byte_is_lost(rig, digits, monkeypatch):
    """A byte lost in either direction would cost a repeat, and a host that stalls does not."""
    monkeypatch.setattr(session, "_REPEAT_S", 4.0)
    digits.start(60)
    for [sample] in reference.expected(models.load("digits"), 10, None).inputs:
        digits.write_inputs([sample])
        digits.run(60)
        digits.read_outputs()
    assert digits.session.repeats == 0


def test_another_sketch_replaces_the_first(arduino, rig, digits):
    assert digits.facts["implementation"] == "tvm-aot"
    digits.session.close()
    upload(arduino, rig, sketch.bare(rig.board))
    session = rig.open()
    assert Firmware(session).facts["implementation"] == "none"
    session.close()


def test_a_board_that_opening_its_port_resets(rig, digits, environment, monkeypatch):
    """As on a desk: the bootloader runs first, and what it hears keeps it awake or is a command to it."""
    monkeypatch.setenv("MCUPROF_HOME", environment["TMPDIR"])
    digits.session.close()

    def open_port(path, baud):
        port = SerialPort(path, baud)
        rig.reset()
        return port

    hardware = SerialRig(boards.load(rig.board.name.removesuffix("-sim")), rig.port, open_port=open_port)
    try:
        for _ in range(2):
            session = hardware.open()
            device = Firmware(session)
            device.reset()
            device.start(60)
            assert device.facts["sketch"] == digits.facts["sketch"]
            assert session.repeats == 0
            session.close()
    finally:
        hardware.close()


def test_a_simulator_that_ends_is_told(rig):
    rig._machine.kill()
    assert "simavr ended with code" in rig.trouble()
    with pytest.raises(RigError, match="did not start"):
        rig.reset()


@pytest.mark.parametrize("program", ["player-", "avrdude"])
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_behind(start, emulators, end, program):
    def runs():
        return any(words[0].rpartition("/")[2].startswith(program) for words in emulators())

    process = start("run", "digits", "--impl", "tvm-aot", "--board", "uno-sim")
    assert wait_for(runs, 120), f"{program} was not started"
    process.send_signal(end)
    process.communicate(timeout=30)
    assert wait_for(lambda: not emulators(), 20), "a simulator or an upload tool was left behind"


def test_without_avrdude(mcuprof, environment, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in (
        "sh",
        "cat",
        "kill",
        "sleep",
        "env",
        "avr-gcc",
        "avr-g++",
        "arduino-cli",
        "arduino-ctags",
        "as",
        "cc",
    ):
        if path := shutil.which(name):
            (folder / name).symlink_to(path)
    environment["PATH"] = str(folder)
    answer = mcuprof("timing", "digits", "--impl", "tvm-aot", "--board", "uno-sim")
    assert answer.code == 3, answer.err
    assert "avrdude" in answer.err
    assert "apt-get install" in answer.err
