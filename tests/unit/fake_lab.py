"""The real pipeline, workbench and hardware rig over boards in memory: only builds, uploads and ports are made up."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import numpy as np

from harness import boards, models, pipeline
from harness.builds import Build
from harness.case import Expected, Settings
from harness.errors import RigError
from harness.fake import FakeBoard
from harness.fake_bus import FakeBus, Plug
from harness.metrics import all_metrics
from harness.serial_port import Device
from harness.serial_rig import SerialRig
from harness.sketch import Markers, Sketch
from harness.store import Store, load
from harness.types import Reading
from harness.workbench import Workbench

RIGHT = {"init": 123e-6, "inference": 1234e-6, "output": 0, "ram": 8984, "flash": 5000}
"""What every fault must leave as it is."""
_BOARD = msgspec.structs.replace(boards.load("nano33ble-sim"), virtual=None, cycles=None, flash=None, fqbn="a:b:c")


class HardwareBoard(FakeBoard):
    """A fake that tells microseconds, as real boards do."""

    def _on_start(self):
        done, text = super()._on_start()
        return done, text.replace("instructions", "us")

    def _on_run(self):
        done, text = super()._on_run()
        return done, text.replace("instructions", "us")

    def _on_part(self, index):
        done, text = super()._on_part(index)
        return done, text.replace("instructions", "us")


def plug(name="mine", number="S1", path="/dev/ttyACM0", **facts) -> Plug:
    board = HardwareBoard(heap=10_000, network_heap=1000)
    return Plug(board=board, device=Device(path=path, vid=0x2341, pid=0x805A, serial_number=number), **facts)


class FakeImplementation:
    searches_arena = False

    def __init__(self, name="tflm"):
        self.name = name

    def describe(self):
        return "a fake"

    def provenance(self):
        return {}

    def provenance_of(self, model, board):
        return {}

    def check(self, model, board):
        pass

    def arena_bytes(self, model, board):
        return None

    def library(self):
        return None

    def missing_memory(self, said):
        return 0 if "memory" in said else None

    def parts(self, model, board):
        return ((0,), (1,))

    def layout(self, model, board):
        return ()

    def sketch(self, model, board, arena, *, markers=Markers.NONE):
        return Sketch(files={}, digest=f"{self.name}-{model.name}")


class FakeArduino:
    """Uploads by telling a plug's board what it is now; ``before`` is called first and may raise or pull the plug."""

    def __init__(self, bus, before=None):
        self.bus = bus
        self.before = before or (lambda count, plug: None)
        self.uploads = 0

    def compile(self, what, board, options):
        return Build(
            folder=Path("/nowhere"), key=what.digest, sketch=what.digest, build_path="/b", program_bytes=5000,
            data_bytes=100, seconds=1, size_recipe="", provenance={},
        )  # fmt: skip

    compile_any_size = compile

    def upload(self, build, board, port):
        self.uploads += 1
        [plug] = [p for p in self.bus.plugs if p.device.path == port]
        self.before(self.uploads, plug)
        if plug.device not in self.bus.devices():
            msg = f"the upload to {port} failed: no device found"
            raise RigError(msg)
        plug.board.faults.silent_after = None
        plug.board.facts = {"board": board.name, "sketch": build.sketch}
        plug.board.restart()


class Lab:
    """Some boards at some ports; ``run`` measures on all of them and returns the measurements by name.

    ``facts`` are of their board files.
    """

    def __init__(self, tmp_path, monkeypatch, *plugs, before=None, names=("mine",), **facts):
        self.bus = FakeBus(*(p for i, p in enumerate(plugs) if not any(p is q for q in plugs[:i])))
        self.arduino = FakeArduino(self.bus, before)
        self.store = Store(tmp_path / "results")
        self.boards = [msgspec.structs.replace(_BOARD, name=name, **facts) for name in names]
        self.paths = {name: p.device.path for name, p in zip(names, plugs, strict=True)}
        monkeypatch.setattr("harness.workbench.Arduino", lambda workplace: self.arduino)
        monkeypatch.setattr("harness.workbench.connect", self._connect)
        monkeypatch.setattr("harness.workbench.reference.expected", self._expected)
        monkeypatch.setattr("harness.metrics.flash.measure", lambda built: Reading(value=5000, unit="B"))

    def _connect(self, board, port, detail):
        return SerialRig(
            board, port, devices=self.bus.devices, open_port=self.bus.open, timer=self.bus.timer
        )  # fmt: skip

    def _expected(self, model, count, data):
        arrays = [[np.array([1, 2, 3, 4], np.int8)]]
        return Expected(inputs=arrays, outputs=arrays, source="here", reference="itself")

    def plan(self, *implementations, names=()):
        return pipeline.Plan(
            models=[models.load("digits")],
            implementations=[
                FakeImplementation(name) if isinstance(name, str) else name for name in implementations or ("tflm",)
            ],
            boards=self.boards,
            metrics=names or tuple(all_metrics()),
        )

    def workbench(self, wire=None):
        workplace = type("Workplace", (), {"digest": "none"})()
        return Workbench(
            workplace, Settings(runs=5), lambda text: None, ports=self.paths, wire=wire, timer=self.bus.timer
        )  # fmt: skip

    def run(self, *implementations, names=()):
        plan = self.plan(*implementations, names=names)
        self.record = self.store.begin({}, {})
        bench = self.workbench(self.store.wire_folder(self.record))
        watcher = pipeline.Watcher(case_begins=lambda case: None, measured=lambda measurement: None)
        try:
            pipeline.run(plan, bench, self.store, self.record, watcher)
        finally:
            bench.close()
        found = load(self.store.path(self.record)).measurements
        assert [m.value for m in found] == [m.value for m in self.record.measurements]
        return {(m.board, m.implementation, m.metric): m for m in found}


def at(verb, count, act):
    """Return an ``on_request`` that acts once: after the ``count``-th request that begins with ``verb``."""
    seen = []

    def look(plug, request):
        if request.startswith(verb):
            seen.append(request)
            if len(seen) == count:
                act(plug)

    return look


def noise(count, seed=1):
    return random.Random(seed).randbytes(count)
