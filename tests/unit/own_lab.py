"""A sketch of the user's own on a board in memory: the real measuring over a made-up compiler, upload and port."""

import re
from pathlib import Path

import msgspec

from harness import boards
from harness.arduino import Build
from harness.case import Settings
from harness.errors import DoesNotFitError, RigError
from harness.fake_bus import FakeBus, Plug
from harness.own import pipeline, ram
from harness.own.sketch import OwnSketch
from harness.pipeline import Watcher
from harness.serial_port import Device
from harness.serial_rig import SerialRig
from harness.store import Store, load
from harness.workbench import Workbench

PATH = "/dev/ttyACM0"


class SketchBoard:
    """Runs a sketch that says of itself what it prints: ``program`` makes bytes of the size that was compiled in."""

    def __init__(self, program):
        self.program = program
        self.size = None
        self.requests = []
        self._outgoing = b""
        self._starts = None

    def say_and_reset(self, stale, timer, seconds):
        """Send some bytes more, and start the sketch anew some seconds later."""
        self._outgoing = stale
        self._starts = (timer, timer.now() + seconds)

    def take(self):
        if self._starts and self._starts[0].now() >= self._starts[1]:
            self._starts = None
            self.restart()
        data, self._outgoing = self._outgoing[:7], self._outgoing[7:]
        return data

    def write(self, data):
        raise AssertionError("nothing is sent to a sketch that speaks no protocol")

    def restart(self):
        self._outgoing = b"" if self.size is None else self.program(self.size)


class SketchArduino:
    """Compiles by reading the size out of the sketch; ``link`` may raise. ``before`` is called before each upload."""

    def __init__(self, bus, link, before):
        self._bus = bus
        self._link = link
        self._before = before
        self.sizes = []
        self.uploads = 0

    def compile(self, what, board, options):
        del board, options
        text = b"".join(c if isinstance(c, bytes) else c.encode() for c in what.files.values())
        found = re.search(rb"malloc\((\d+)\)", text)
        size = int(found[1]) if found else 0
        if found:
            self.sizes.append(size)
            self._link(size)
        return Build(
            folder=Path("/nowhere"), key=str(size), sketch=what.digest, build_path="/b", program_bytes=5000,
            data_bytes=100, size_recipe="", seconds=1, provenance={"size": str(size)},
        )  # fmt: skip

    def upload(self, build, board, port):
        del board
        self.uploads += 1
        [plug] = self._bus.plugs
        self._before(self.uploads, plug)
        if plug.device not in self._bus.devices():
            msg = f"the upload to {port} failed: no device found"
            raise RigError(msg)
        plug.board.size = int(build.key)
        plug.board.restart()


class OwnLab:
    """One board, one sketch; ``measure`` returns the one measurement."""

    def __init__(
        self, tmp_path, monkeypatch, program, *, link=lambda size: None, before=lambda count, plug: None, **facts
    ):
        device = Device(path=PATH, vid=0x2341, pid=0x805A, serial_number="S1")
        self.plug = Plug(board=SketchBoard(program), device=device)
        self.bus = FakeBus(self.plug)
        self.arduino = SketchArduino(self.bus, link, before)
        self.store = Store(tmp_path / "results")
        real = {"virtual": None, "cycles": None, "flash": None, "fqbn": "a:b:c", "name": "mine", "ram_bytes": 10_000}
        self.board = msgspec.structs.replace(boards.load("nano33ble-sim"), **{**real, **facts})
        monkeypatch.setattr("harness.workbench.Arduino", lambda workplace: self.arduino)
        monkeypatch.setattr("harness.workbench.connect", self._connect)

    def _connect(self, board, port, detail):
        del detail
        return SerialRig(board, port, devices=self.bus.devices, open_port=self.bus.open, timer=self.bus.timer)

    def measure(self, metric="ram", **task):
        sketch = OwnSketch(
            name="box", folder=Path("/nowhere"), main="box.ino", files={"box.ino": b"malloc($alloc_size)"}
        )
        record = self.store.begin({"sketch": "/nowhere"}, {})
        self.said = []
        bench = Workbench(
            type("Workplace", (), {"digest": "none"})(), Settings(), self.said.append, ports={"mine": PATH},
            wire=self.store.wire_folder(record), timer=self.bus.timer,
        )  # fmt: skip
        watcher = Watcher(case_begins=lambda case: None, measured=lambda measurement: None)
        whole = pipeline.Task(sketch=sketch, boards=[self.board], metric=metric, **task)
        try:
            pipeline.run(whole, bench, self.store, record, watcher)
        finally:
            bench.close()
        self.wire = "".join(path.read_text() for path in self.store.wire_folder(record).glob("*"))
        [found] = load(self.store.path(record)).measurements
        return found

    def search(self, **limits):
        return self.measure(limits=ram.Limits(**limits))


def too_large(limit):
    """Return what the linker does where there is room for ``limit`` bytes, in steps of 8."""

    def link(size):
        if size > limit:
            over = -(-(size - limit) // 8) * 8
            raise DoesNotFitError(f"the program is {over} bytes larger than the RAM", overflow={"RAM": over})

    return link
