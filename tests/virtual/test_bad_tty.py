"""The whole command on a board at a serial port, as a real one is used: its tty misbehaves on purpose.

The board is QEMU's, but it is taken for a real one at a port; only its clock gives it away.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
import serial
from conftest import CASE, ended, once, total

from harness import wire_log
from harness.fake_bus import Noise
from harness.protocol import Answer, fields


def test_a_board_at_a_port(plug, measure, mcuprof, right, tmp_path):
    answer = measure(plug().path, "run", *CASE, REPEAT_S="4")
    found = right.require(answer)
    assert total(found, "reconnects") == total(found, "uploads") == total(found, "requests") == 0
    run = json.loads(answer.out)["run"]["id"]
    for words in ((), (run,), (tmp_path / "results" / f"{run}.json",), ("--case", "digits · tvm-aot")):
        shown = mcuprof("log", *words)
        assert shown.code == 0
        assert "# digits · tvm-aot · nano33ble-sim" in shown.out
        assert " run *" in shown.out
        assert f"instructions={found['inference']['value']}" in shown.out
    assert mcuprof("log", "--case", "nothing of the kind").code == 2
    [(_, entries)] = wire_log.logs(tmp_path / "results" / f"{run}.wire")
    answers = [fields(event.text) for event in wire_log.replay(entries) if isinstance(event, Answer)]
    told = [int(answer["instructions"][0]) for answer in answers if "instructions" in answer]
    for metric in ("init", "inference"):
        assert set(found[metric]["samples"]) <= set(told), "a kept log gives the figures again"


@pytest.mark.parametrize("fault", ["drop", "flip", "double"])
def test_one_byte_in_a_thousand(plug, measure, right, fault):
    tty = plug(noise=Noise(**{fault: 0.001}, seed=3))
    found = right.require(measure(tty.path, "run", *CASE))
    assert total(found, "requests") > 0


@pytest.mark.parametrize(
    ("before", "size"), [(b" hello ", 5_000), (b" stash ", 500_000)], ids=["the first line", "half a megabyte"]
)
def test_noise(plug, measure, right, before, size):
    noise = random.Random(size).randbytes(size) + b"@1 half a line"
    tty = plug(on_bytes=once(before, lambda tty: tty.shout(noise)))
    right.require(measure(tty.path, "run", *CASE))


def test_the_port_goes_away_in_the_middle_and_comes_back(plug, measure, right):
    tty = plug(on_bytes=once(b" stash ", lambda tty: tty.vanish(1.5)))
    found = right.require(measure(tty.path, "run", *CASE))
    assert tty.comings == 2
    assert total(found, "reconnects") == 1
    assert total(found, "uploads") == 0


def test_the_port_goes_away_in_the_middle_of_a_line(plug, measure, right):
    tag = b"instructions="
    heard = bytearray()

    def cut(tty, data):
        """Let the third time that the board tells be lost but for its first digit, however the bytes come in."""
        before = len(heard)
        heard.extend(data)
        if tty.comings > 1 or heard.count(tag) < 3:
            return data
        if tty.path.is_symlink():
            tty.shout(data[: heard.rindex(tag) + len(tag) + 1 - before])
            tty.vanish(1.5)
        return b""

    tty = plug(on_answer=cut)
    found = right.require(measure(tty.path, "run", *CASE))
    assert tty.comings == 2
    assert total(found, "reconnects") == 1


def test_the_port_goes_away_between_upload_and_hello(plug, measure, right):
    tty = plug(on_bytes=once(b" hello ", lambda tty: tty.vanish(1.5)))
    right.require(measure(tty.path, "run", *CASE))
    assert tty.comings == 2


def test_the_port_goes_away_for_good(plug, measure, right):
    tty = plug(on_bytes=once(b" stash ", lambda tty: tty.vanish()))
    answer = measure(tty.path, "run", *CASE, "--impl", "tvm-graph")
    assert answer.code == 1
    cells = {(m["implementation"], m["metric"]): m for m in answer.measurements}
    for metric in ("flash", "output", "init"):
        assert cells["tvm-aot", metric]["value"] == right.cells[metric]["value"]
    for metric in ("inference", "ram"):
        assert cells["tvm-aot", metric]["status"] == "rig-failed"
        assert cells["tvm-aot", metric]["value"] is None
        assert "vanished" in cells["tvm-aot", metric]["reason"]
        assert "did not come back within 15 s: look at the cable" in cells["tvm-aot", metric]["reason"]
    for metric in right.cells:
        skipped = cells["tvm-graph", metric]
        assert (skipped["status"], skipped["value"]) == ("skipped", None)
        assert cells["tvm-aot", "ram"]["reason"] in skipped["reason"], "it names the first fault"


def test_a_host_that_is_suspended(plug, begin, right):
    """For longer than an answer may take; the board goes on meanwhile."""
    running = []

    def suspend(tty):
        os.kill(running[0].pid, signal.SIGSTOP)
        threading.Timer(7, os.kill, (running[0].pid, signal.SIGCONT)).start()

    tty = plug(on_bytes=once(b" output ", suspend))
    running.append(begin(tty.path, "run", *CASE))
    found = right.require(ended(running[0]))
    assert total(found, "reconnects") == total(found, "uploads") == 0


def test_a_port_that_a_serial_monitor_holds(plug, measure):
    tty = plug()
    with serial.Serial(str(tty.path), exclusive=True):
        answer = measure(tty.path, "timing", *CASE)
    assert answer.code == 1
    assert {m["status"] for m in answer.measurements} == {"rig-failed"}
    who = rf"is in use by another program \(\w+, process {os.getpid()}\): close it"
    assert all(re.search(who, m["reason"]) for m in answer.measurements)


def test_a_board_that_another_mcuprof_holds_until_it_is_killed(plug, measure, environment):
    tty = plug()
    code = "import sys, time; from harness.board_lock import BoardLock; "
    code += "lock = BoardLock('nano33ble-sim', sys.argv[1]); print('held', flush=True); time.sleep(600)"
    words = [sys.executable, "-c", code, f"port {tty.path}"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        answer = measure(tty.path, "timing", *CASE)
        os.kill(holder.pid, signal.SIGKILL)
    assert {m["status"] for m in answer.measurements} == {"rig-failed"}
    assert all(f"is in use by process {holder.pid} since" in m["reason"] for m in answer.measurements)
    assert measure(tty.path, "timing", *CASE).code == 0, "a dead process holds nothing"


def test_a_kill_loses_little_of_the_log(plug, begin, tmp_path):
    process = begin(plug().path, "run", *CASE)
    end = time.monotonic() + 300
    while not any(" hello *" in log.read_text() for log in tmp_path.glob("results/*.wire/*.log")):
        assert time.monotonic() < end, "what went over the wire is not on disk while the run goes on"
        time.sleep(0.02)
    process.kill()
    process.wait()
    [log] = tmp_path.glob("results/*.wire/*.log")
    assert " hello *" in log.read_text()


def test_an_address_where_nobody_listens(measure):
    answer = measure("socket://127.0.0.1:1", "timing", *CASE)
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
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert not emulators()
    assert {m["status"] for m in saved()} == {"ok"}, "what was cut off is not taken for a fault"
    again = mcuprof("run", "--resume", "--json")
    assert again.code == 0, again.err
    order = [(m["board"], m["model"]) for m in again.measurements]
    assert order == sorted(order), "in the order of the plan"
    assert len(order) == 20
