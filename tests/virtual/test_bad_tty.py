"""The whole command on a board at a serial port, as a real one is used: its tty misbehaves on purpose.

The board is QEMU's, but it is taken for a real one at a port; only its clock gives it away.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
import serial
from bad_tty import BadTty
from conftest import ended

from harness import bench as benches
from harness import boards, sketch
from harness.build_properties import Options
from harness.errors import RigError
from harness.fake_bus import Noise
from harness.patience import FakeTimer
from harness.virtual.qemu import QemuRig

WORDS = ("digits", "--impl", "tvm-aot", "--board", "nano33ble-sim", "--json")
INFERENCE = 162_227
"""``mcuprof timing digits --impl tvm-aot --board nano33ble-sim``, in instructions."""


@pytest.fixture
def bench(tmp_path):
    """A virtual board behind a bad tty, which is returned."""
    opened = []

    def plug(**how):
        rig = QemuRig(boards.load("nano33ble-sim"))
        opened.append(rig)
        opened.append(BadTty(tmp_path / "dev", rig._tty.path, **how))
        return opened[-1]

    yield plug
    for thing in reversed(opened):
        thing.close()


@pytest.fixture
def begin(spawn):
    """Start the command on a board at a port, in the background."""
    script = Path(__file__).with_name("as_hardware.py")
    return lambda port, *words: spawn(script, *words, BAD_TTY=str(port))


@pytest.fixture
def measure(begin):
    """Run the command on a board at a port to its end."""
    return lambda port, *words: ended(begin(port, *words))


def by_metric(answer):
    return {m["metric"]: m for m in answer.measurements}


def require_right(answer):
    assert answer.code == 0, answer.err
    found = by_metric(answer)
    assert {m["status"] for m in found.values()} == {"ok"}
    assert found["inference"]["samples"] == [INFERENCE] * 3
    assert found["output"]["value"] == 0
    tried = {probe["size"]: probe["works"] for probe in found["ram"]["details"]["probes"]}
    assert tried[found["ram"]["value"]] is True
    assert tried[found["ram"]["value"] + 1] is False
    return found


def total(found, what):
    return sum(m["provenance"]["retries"][what] for m in found.values() if "retries" in m["provenance"])


def once(pattern, act):
    """Act when the host has sent ``pattern`` for the first time."""
    done = []

    def look(tty, seen):
        if pattern in seen and not done:
            done.append(True)
            act(tty)

    return look


def test_a_board_at_a_port(bench, measure, mcuprof):
    found = require_right(measure(bench().path, "run", *WORDS))
    assert total(found, "reconnects") == total(found, "uploads") == 0
    shown = mcuprof("log", "--case", "digits · tvm-aot")
    assert shown.code == 0
    assert "# digits · tvm-aot · nano33ble-sim" in shown.out
    assert " run *" in shown.out
    assert f"instructions={INFERENCE}" in shown.out
    assert mcuprof("log", "--case", "nothing of the kind").code == 2


@pytest.mark.parametrize("fault", ["drop", "flip", "double"])
def test_one_byte_in_a_thousand(bench, measure, fault):
    tty = bench(noise=Noise(**{fault: 0.001}, seed=5))
    found = require_right(measure(tty.path, "run", *WORDS))
    assert total(found, "requests") > 0


def test_the_port_goes_away_in_the_middle_and_comes_back(bench, measure):
    tty = bench(on_bytes=once(b" stash ", lambda tty: tty.vanish(1.5)))
    found = require_right(measure(tty.path, "run", *WORDS))
    assert tty.comings == 2
    assert total(found, "reconnects") == 1
    assert total(found, "uploads") == 0


def test_the_port_goes_away_between_upload_and_hello(bench, measure):
    tty = bench(on_bytes=once(b" hello ", lambda tty: tty.vanish(1.5)))
    require_right(measure(tty.path, "run", *WORDS))
    assert tty.comings == 2


def test_the_port_goes_away_for_good(bench, measure):
    tty = bench(on_bytes=once(b" stash ", lambda tty: tty.vanish()))
    answer = measure(tty.path, "run", *WORDS, "--impl", "tvm-graph")
    assert answer.code == 1
    cells = {(m["implementation"], m["metric"]): m for m in answer.measurements}
    for metric in ("flash", "output", "init"):
        assert cells["tvm-aot", metric]["status"] == "ok"
    assert cells["tvm-aot", "inference"]["status"] == "rig-failed"
    assert "vanished" in cells["tvm-aot", "inference"]["reason"]
    assert "did not come back within 15 s: look at the cable" in cells["tvm-aot", "inference"]["reason"]
    assert {cells["tvm-graph", metric]["status"] for metric in ("ram", "init", "output")} == {"skipped"}


def test_a_port_that_a_serial_monitor_holds(bench, measure):
    tty = bench()
    with serial.Serial(str(tty.path), exclusive=True):
        answer = measure(tty.path, "timing", *WORDS)
    assert answer.code == 1
    assert {m["status"] for m in answer.measurements} == {"rig-failed"}
    who = rf"is in use by another program \(\w+, process {os.getpid()}\): close it"
    assert all(re.search(who, m["reason"]) for m in answer.measurements)


def test_a_board_that_another_mcuprof_holds_until_it_is_killed(bench, measure, environment):
    tty = bench()
    code = "import sys, time; from harness.board_lock import BoardLock; "
    code += "lock = BoardLock('nano33ble-sim', sys.argv[1]); print('held', flush=True); time.sleep(600)"
    words = [sys.executable, "-c", code, f"port {tty.path}"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        answer = measure(tty.path, "timing", *WORDS)
        os.kill(holder.pid, signal.SIGKILL)
    assert {m["status"] for m in answer.measurements} == {"rig-failed"}
    assert all(f"is in use by process {holder.pid} since" in m["reason"] for m in answer.measurements)
    assert measure(tty.path, "timing", *WORDS).code == 0, "a dead process holds nothing"


def test_a_kill_loses_little_of_the_log(bench, begin, tmp_path):
    process = begin(bench().path, "run", *WORDS)
    end = time.monotonic() + 300
    while not list(tmp_path.glob("results/*.wire/*.log")):
        assert time.monotonic() < end
        time.sleep(0.02)
    process.kill()
    process.wait()
    [log] = tmp_path.glob("results/*.wire/*.log")
    assert " hello *" in log.read_text()


def test_an_upload_tool_that_hangs(arduino, tmp_path):
    board = boards.load("nano33ble-sim")
    board = msgspec.structs.replace(board, upload=msgspec.structs.replace(board.upload, seconds=1.0))
    build = arduino.compile(sketch.empty(), board, Options())
    retries, timer = benches.Retries(), FakeTimer()
    with socket.socket(socket.AF_UNIX) as control:  # takes the connection, and never answers
        control.bind(str(tmp_path / "control"))
        control.listen()
        began = time.monotonic()
        with pytest.raises(RigError, match=r"did not end within 1 s .*\(tried 3 times\)\. Look at cable"):
            benches.upload(lambda: arduino.upload(build, board, str(tmp_path / "tty")), retries, timer)
    assert time.monotonic() - began < 15
    assert retries.uploads == 2


def test_an_address_where_nobody_listens(measure):
    answer = measure("socket://127.0.0.1:1", "timing", *WORDS)
    assert {m["status"] for m in answer.measurements} == {"rig-failed"}
    assert all("socket://127.0.0.1:1 cannot be reached" in m["reason"] for m in answer.measurements)


def test_ctrl_c_ends_two_boards(start, emulators, tmp_path, mcuprof):
    process = start("run", "digits", "keyword_spotting", "--impl", "tvm-aot", "-b", "nano33ble-sim", "-b",
                    "spresense-sim")  # fmt: skip
    end = time.monotonic() + 300

    def saved():
        return [m for path in tmp_path.glob("results/*.json") for m in json.loads(path.read_text())["measurements"]]

    while len(emulators()) < 2 or len(saved()) < 3:
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert not emulators()
    assert {m["status"] for m in saved()} == {"ok"}, "what was cut off is not taken for a fault"
    again = mcuprof("run", "--resume", "--json")
    assert again.code == 0, again.err
    order = [(m["board"], m["model"]) for m in again.measurements]
    assert order == sorted(order), "in the order of the plan"
    assert len(order) == 20
