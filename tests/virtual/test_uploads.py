"""Uploads that go wrong, and uploads that change the port: the whole command with arduino-cli and upload tools."""

import contextlib
import os
import shutil
import threading
from pathlib import Path

import pytest
from conftest import CASE, by_metric, ended, total
from usb_board import Bus, UsbBoard

from harness import boards
from harness.platform import workplace
from harness.virtual.qemu import QemuRig

HERE = Path(__file__).parent
TOUCHED = """
nano33ble.upload.use_1200bps_touch=true
nano33ble.upload.wait_for_upload_port=true
"""


def test_an_upload_that_fails_once(plug, measure, right):
    def fail(tty, count):
        if count == 1:
            raise RuntimeError("no bootloader")

    tty = plug(on_upload=fail)
    found = right.require(measure(tty.path, "run", *CASE))
    assert (tty.uploads, total(found, "uploads")) == (2, 1)


def test_the_port_vanishes_during_an_upload(plug, measure, right):
    def pull(tty, count):
        if count == 1:
            tty.vanish(1.5)
            raise RuntimeError("no device found")

    tty = plug(on_upload=pull)
    found = right.require(measure(tty.path, "run", *CASE))
    assert (tty.comings, tty.uploads, total(found, "uploads")) == (2, 2, 1)


def test_an_upload_tool_that_hangs_once(plug, measure, right):
    over = threading.Event()

    def hang(tty, count):
        if count == 1:
            over.wait()
            raise RuntimeError("nobody waits for this upload any more")

    tty = plug(on_upload=hang)
    found = right.require(measure(tty.path, "run", *CASE, UPLOAD_S="10"))
    over.set()
    assert (tty.uploads, total(found, "uploads")) == (2, 1)


def test_an_upload_tool_that_hangs_is_given_up(plug, measure):
    over = threading.Event()

    def hang(tty, count):
        over.wait()
        raise RuntimeError("nobody waits for this upload any more")

    tty = plug(on_upload=hang)
    answer = measure(tty.path, "timing", *CASE, "--impl", "tvm-graph", UPLOAD_S="5")
    over.set()
    assert answer.code == 1
    assert tty.uploads == 3
    cells = {(m["implementation"], m["metric"]): m for m in answer.measurements}
    for metric in ("init", "inference"):
        failed, skipped = cells["tvm-aot", metric], cells["tvm-graph", metric]
        assert failed["status"] == "rig-failed"
        assert "did not end within 5 s and was stopped (tried 3 times)" in failed["reason"]
        assert (skipped["status"], failed["reason"] in skipped["reason"]) == ("skipped", True)
        assert failed["value"] is skipped["value"] is None


@pytest.fixture
def touched(tmp_path):
    """A core in a sketchbook whose board is brought into its bootloader at 1,200 baud, and the board's file."""
    core = tmp_path / "sketchbook" / "hardware" / "lab" / "qemu"
    shutil.copytree(workplace().hardware / "mcuprof" / "qemu", core)
    with (core / "boards.txt").open("a") as stream:
        stream.write(TOUCHED)
    platform = (core / "platform.txt").read_text()
    pattern = next(line for line in platform.splitlines() if line.startswith("tools.qemu.upload.pattern="))
    ours = pattern.replace('"{upload.python}"', f'"{{upload.python}}" "{HERE / "bossac.py"}"')
    (core / "platform.txt").write_text(platform.replace(pattern, ours))
    for name in ("boards.txt", "platform.txt"):
        os.utime(core / name, (0, 0))  # a core is known by such times: what was compiled with it is used again
    (tmp_path / "own").mkdir()
    shutil.copy(HERE / "touched.toml", tmp_path / "own")
    (tmp_path / "mcuprof.toml").write_text('boards = "own"\nsketchbook = "sketchbook"\n')


@pytest.fixture
def usb_board(tmp_path):
    """A board on a bus of its own, as ``touched`` knows it."""
    with contextlib.ExitStack() as stack:
        bus = stack.enter_context(contextlib.closing(Bus(tmp_path / "dev")))
        if bus.trouble:
            pytest.skip(f"no /dev of its own can be made here: {bus.trouble}")
        rig = stack.enter_context(contextlib.closing(QemuRig(boards.load("nano33ble-sim"))))
        ids = {"sketch": (0x2341, 0x805A), "bootloader": (0x2341, 0x005A)}
        board = stack.enter_context(contextlib.closing(UsbBoard(bus, rig._tty.path, **ids)))
        board.bus = bus
        yield board


@pytest.mark.parametrize("port", [(), ("--port", "/dev/serial/by-id/sketch")])
def test_a_board_that_is_touched_at_1200_baud_comes_back_by_another_name(touched, usb_board, spawn, port):
    """Found by its USB ids, or named by a link; after the upload and after each reset its port has another name."""
    words = ("ram-search", "digits", "--impl", "tvm-aot", "--board", "touched", "--json", *port)
    bus = usb_board.bus
    answer = ended(spawn(HERE / "with_usb_ids.py", *words, under=bus.enter, USB_IDS=str(bus.ids)))
    assert answer.code == 0, answer.err
    ram = by_metric(answer)["ram"]
    tried = {probe["size"]: probe["works"] for probe in ram["details"]["probes"]}
    assert (tried[ram["value"]], tried[ram["value"] + 1]) == (True, False)
    assert usb_board.touches == usb_board.uploads == 1
    assert ram["provenance"]["retries"] == {"uploads": 0, "reconnects": 0, "requests": 0}
    resets = len(usb_board.names) - 3
    assert resets >= len(tried)
