"""The pipeline on boards in memory: what is measured, what is saved, and what a fault does to the rest."""

import contextlib
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from made_runs import measurement

from harness import boards, models, pipeline
from harness import session as sessions
from harness.bench import Retries, RigBench
from harness.builds import Build, Oversize
from harness.case import Baselines, Built, Expected, Oversized
from harness.errors import DoesNotFitError, MissingError, RigError, ToolFailedError, UnsupportedError
from harness.fake import FakeBoard, Faults
from harness.firmware import Firmware
from harness.metrics import all_metrics, flash
from harness.session import Session
from harness.sizes import Sizes
from harness.store import Store, load
from harness.types import Clock, Reading, Status

BIG = 10_000
MEASURE_FLASH = flash.measure
SIZES = Sizes(flash_sections={"a": 1}, ram_sections={}, flash_parts={"core": 1}, ram_parts={})


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(sessions, "_REPEAT_S", 0.02)
    monkeypatch.setattr("harness.firmware._HELLO_S", 0.3)
    monkeypatch.setattr("harness.metrics.ram._LEAST_DEADLINE_S", 0.2)
    monkeypatch.setattr(
        "harness.metrics.flash.measure", lambda built: Reading(value=built.build.program_bytes, unit="B")
    )


class FakeImplementation:
    searches_arena = False

    def __init__(self, name="tflm"):
        self.name = name

    def describe(self):
        return "a fake"

    def provenance(self):
        return {"runs_on": "a fake"}

    def layout(self, model, board):
        return ()

    def provenance_of(self, model, board):
        return {"tuning": f"of {model.name} on {board.name}"}

    def missing_memory(self, said):
        return 0 if "memory" in said else None


class FakeWorkbench:
    """Hands out boards in memory in place of builds and rigs."""

    def __init__(self, board=None, *, build_error=None, bench_errors=None):
        self.board = board or FakeBoard()
        self.build_error = build_error
        self.bench_errors = bench_errors or {}
        self.uploads = 0
        self._retries = Retries()

    def build(self, case):
        if self.build_error:
            raise self.build_error
        build = Build(
            folder=Path("/nowhere"),
            key="k",
            sketch="s",
            build_path="/b",
            program_bytes=5000,
            data_bytes=100,
            seconds=1,
            size_recipe="",
            provenance={},
        )
        return Built(case=case, build=build, baselines=Baselines(lambda: build, lambda: build), arena=None)

    def retries(self, case):
        return self._retries

    def reopen(self, block=0):
        self.uploads += 1
        self.board.faults.silent_after = None
        self.board._power_up()
        return Session(self.board)

    @contextlib.contextmanager
    def bench(self, built):
        if built.case.board.name in self.bench_errors:
            raise self.bench_errors[built.case.board.name]
        right = [[np.frombuffer(bytes(self.board.network(bytes([1, 2, 3, 4]))), np.int8)]]
        expected = Expected(
            inputs=[[np.array([1, 2, 3, 4], np.int8)]], outputs=right, source="here", reference="itself"
        )
        yield RigBench(
            built=built,
            expected=expected,
            firmware=Firmware(self.reopen()),
            runs=3,
            starts=2,
            reopen=self.reopen,
            retries=self._retries,
        )

    def provenance(self, built):
        return {"compiler": "none"}

    def say(self, text):
        pass

    def interrupt(self):
        pass


def counting(name):
    """A virtual board without a cycle model, for boards in memory have none."""
    return boards.with_clock(boards.load(name), Clock.INSTRUCTION_COUNT)


def measure(tmp_path, workbench, *, board_names=("nano33ble-sim",), names=None, implementations=("tflm",)):
    plan = pipeline.Plan(
        models=[models.load("digits")],
        implementations=[FakeImplementation(name) for name in implementations],
        boards=[counting(name) for name in board_names],
        metrics=names or tuple(all_metrics()),
    )
    store = Store(tmp_path)
    record = store.begin({}, {})
    watcher = pipeline.Watcher(case_begins=lambda case: None, measured=lambda measurement: None)
    pipeline.run(plan, workbench, store, record, watcher)
    assert load(store.path(record)).measurements == record.measurements, "what is returned is what is on disk"
    return {(m.board, m.implementation, m.metric): m for m in record.measurements}


def only(found, metric):
    return next(m for (_, _, name), m in found.items() if name == metric)


def test_every_metric_of_a_case(tmp_path):
    found = measure(tmp_path, FakeWorkbench(FakeBoard(heap=BIG, network_heap=1000)))
    assert {m.status for m in found.values()} == {Status.OK}
    assert only(found, "inference").value == 1234
    assert only(found, "inference").samples == (1234, 1234, 1234)
    assert only(found, "inference").at_clock_s == pytest.approx(1234 / 64e6)
    assert only(found, "init").value == 123
    assert only(found, "output").value == 0
    # 10,000 less the network's 1,008 with its header leaves 8,992 with the header of the block itself
    assert only(found, "ram").value == 8984


def test_the_input_is_written_anew_before_each_run(tmp_path):
    seen = []

    def network(data):
        seen.append(data)
        return data

    measure(tmp_path, FakeWorkbench(FakeBoard(network=network)), names=("inference",))
    assert set(seen) == {bytes([1, 2, 3, 4])}


def test_a_wrong_output_makes_every_figure_worthless(tmp_path):
    board = FakeBoard()
    workbench = FakeWorkbench(board)
    answers = iter([bytes([1, 2, 3, 4])] + [bytes([1, 2, 3, 5])] * 99)  # right for the reference, wrong on the board
    board.network = lambda data: next(answers)
    found = measure(tmp_path, workbench, names=("init", "inference"))
    assert {m.status for m in found.values()} == {Status.WRONG_OUTPUT}
    assert (
        only(found, "inference").reason == "1 of 4 output elements are wrong: element 3 of output 0 is 5, should be 4"
    )
    assert only(found, "inference").value is None


def test_a_crash_costs_its_metric_and_no_other(tmp_path):
    # hello, reset, hello; start, tensors, two sizes, input, run, output; then, for init: reset, hello, start
    board = FakeBoard(faults=Faults(crash_at=13))
    found = measure(tmp_path, FakeWorkbench(board))
    statuses = {metric: m.status for (_, _, metric), m in found.items()}
    assert list(statuses.values()).count(Status.CRASHED) == 1
    assert list(statuses.values()).count(Status.OK) == 4
    assert "hard pc=0x00001234" in next(m.reason for m in found.values() if m.status is Status.CRASHED)


def test_a_hang_costs_its_metric_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(RigBench, "first_run_deadline", lambda self: 0.2)
    board = FakeBoard(faults=Faults(hang_at=13))
    workbench = FakeWorkbench(board)
    statuses = [m.status for m in measure(tmp_path, workbench).values()]
    assert statuses.count(Status.HUNG) == 1
    assert statuses.count(Status.OK) == 4
    assert workbench.uploads == 2


def test_a_probe_that_hangs_does_not_fit(tmp_path, monkeypatch):
    """With little RAM left the firmware may hang instead of failing: that is an answer, not a fault."""

    class Fragile(FakeBoard):
        def _on_start(self):
            if self._used > 5000:
                self.faults.silent_after = len(self.requests)
                return True, ""
            return super()._on_start()

    found = measure(tmp_path, FakeWorkbench(Fragile(heap=BIG, network_heap=100)), names=("ram",))
    ram = only(found, "ram")
    assert ram.status is Status.OK
    assert ram.value + 8 <= 5000 < ram.value + 1 + 8 + 8
    assert any("did not finish" in probe["why"] for probe in ram.details["probes"])


def test_a_rig_fault_is_never_counted_as_out_of_memory(tmp_path):
    class Dying(FakeBoard):
        def read(self):
            if sum(request.startswith("alloc") for request in self.requests) >= 2:
                raise RigError("the port vanished")
            return super().read()

    found = measure(tmp_path, FakeWorkbench(Dying(heap=BIG)), names=("ram",))
    assert only(found, "ram").status is Status.RIG_FAILED
    assert only(found, "ram").value is None


def test_after_a_rig_fault_the_board_is_left_alone_and_the_others_go_on(tmp_path):
    workbench = FakeWorkbench(bench_errors={"nano33ble-sim": RigError("the cable is out")})
    found = measure(
        tmp_path,
        workbench,
        board_names=("nano33ble-sim", "spresense-sim"),
        implementations=("a", "b"),
        names=("ram",),
    )
    assert found["nano33ble-sim", "a", "ram"].status is Status.RIG_FAILED
    assert found["nano33ble-sim", "b", "ram"].status is Status.SKIPPED
    assert "the cable is out" in found["nano33ble-sim", "b", "ram"].reason
    assert found["spresense-sim", "a", "ram"].status is Status.OK


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnsupportedError("no LSTM"), Status.UNSUPPORTED),
        (ToolFailedError("no compiler"), Status.TOOL_FAILED),
        (DoesNotFitError("too big", overflow={"FLASH": 7}), Status.DOES_NOT_FIT),
    ],
)
def test_no_cell_is_blank_when_the_build_fails(tmp_path, error, status):
    found = measure(tmp_path, FakeWorkbench(build_error=error))
    assert len(found) == len(all_metrics())
    assert {(m.status, m.reason) for m in found.values()} == {(status, error.message)}


def test_what_does_not_fit_says_by_how_many_bytes(tmp_path):
    found = measure(tmp_path, FakeWorkbench(build_error=DoesNotFitError("too big", overflow={"FLASH": 7})))
    details = dict(only(found, "flash").details)
    [advice] = details.pop("advice")
    assert details == {"region": "FLASH", "over_by_bytes": 7}
    assert "nano33ble-sim would need 983,047 bytes of flash" in advice


class OversizeWorkbench(FakeWorkbench):
    """Has linked a program that the board has no room for."""

    def build(self, case):
        built = super().build(case)
        facts = vars(built.build)
        return Oversized(
            case=case, build=Oversize(**facts, overflow={"RAM": 67}), baselines=built.baselines, arena=None,
            arena_probes=0, refusal=DoesNotFitError("the RAM is too small by 67 bytes", overflow={"RAM": 67}),
        )  # fmt: skip

    def bench(self, built):
        raise AssertionError("a program that does not fit was brought onto a board")


def test_what_does_not_fit_has_a_size_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.metrics.flash.sizes.measure", lambda *args, **kw: SIZES)
    monkeypatch.setattr("harness.metrics.flash.measure", MEASURE_FLASH)
    monkeypatch.setattr(FakeImplementation, "searches_arena", True)
    found = measure(tmp_path, OversizeWorkbench())
    assert {m.status for m in found.values()} == {Status.DOES_NOT_FIT}
    assert {metric: m.value for (_, _, metric), m in found.items() if m.value is not None} == {"flash": 83_400}
    size = only(found, "flash")
    assert size.oversize
    assert size.reason == "the RAM is too small by 67 bytes; the size is without the arena, which is not known"
    assert size.details["overflow"] == {"RAM": 67}
    assert (size.details["region"], size.details["over_by_bytes"]) == ("RAM", 67)
    assert (size.details["program_bytes"], size.details["sections"]) == (5000, {"a": 1})
    assert not only(found, "ram").oversize
    assert only(found, "ram").reason == "the RAM is too small by 67 bytes"


def test_an_interrupted_run_keeps_what_was_measured_and_goes_on(tmp_path):
    store = Store(tmp_path)
    record = store.begin({}, {})
    plan = pipeline.Plan(
        models=[models.load("digits")], implementations=[FakeImplementation()],
        boards=[counting("nano33ble-sim")], metrics=tuple(all_metrics()),
    )  # fmt: skip

    def interrupt(measurement):
        if measurement.metric == "init":
            raise KeyboardInterrupt

    watcher = pipeline.Watcher(case_begins=lambda case: None, measured=interrupt)
    with pytest.raises(KeyboardInterrupt):
        pipeline.run(plan, FakeWorkbench(), store, record, watcher)
    again = store.latest_unfinished()
    assert {m.metric for m in again.measurements} >= {"flash", "output"}
    quiet = pipeline.Watcher(case_begins=lambda case: None, measured=lambda measurement: None)
    before = len(again.measurements)
    pipeline.run(plan, FakeWorkbench(), store, again, quiet)
    assert len(again.measurements) == len(all_metrics())
    assert before < len(again.measurements)
    assert load(store.path(again)).finished is not None


def test_ctrl_c_waits_for_what_is_being_saved(tmp_path):
    class Interrupted(Store):
        def save(self, run):
            if run.measurements:
                signal.raise_signal(signal.SIGINT)
            super().save(run)

    store = Interrupted(tmp_path)
    run = store.begin({}, {})
    told = []
    watcher = pipeline.Watcher(case_begins=lambda case: None, measured=told.append)
    ledger = pipeline.Ledger([], store, run, watcher)
    with pytest.raises(KeyboardInterrupt):
        ledger.take(measurement())
    assert load(store.path(run)).measurements == run.measurements != []


def test_boards_are_measured_at_once_and_saved_in_the_order_of_the_plan(tmp_path):
    class Waiting(FakeWorkbench):
        """The first board is done only after the second."""

        def __init__(self):
            super().__init__()
            self.second_is_done = threading.Event()

        def build(self, case):
            if case.board.name == "nano33ble-sim":
                assert self.second_is_done.wait(30), "the boards wait for each other"
            return super().build(case)

        @contextlib.contextmanager
        def bench(self, built):
            with super().bench(built) as bench:
                yield bench
            if built.case.board.name == "spresense-sim":
                self.second_is_done.set()

    names = ("nano33ble-sim", "spresense-sim")
    found = measure(tmp_path, Waiting(), board_names=names, names=("init", "inference"))
    assert [(board, metric) for board, _, metric in found] == [(b, m) for b in names for m in ("init", "inference")]
    assert {m.status for m in found.values()} == {Status.OK}


def test_what_fails_because_the_run_is_stopped_is_not_written_down(tmp_path):
    class Stopped(FakeWorkbench):
        def __init__(self):
            super().__init__()
            self.stopped = threading.Event()

        def interrupt(self):
            self.stopped.set()

        def build(self, case):
            if case.board.name == "nano33ble-sim":
                raise MissingError("no core")
            assert self.stopped.wait(30)
            raise ToolFailedError("the compiler was killed")

    with pytest.raises(MissingError, match="no core"):
        measure(tmp_path, Stopped(), board_names=("nano33ble-sim", "spresense-sim"))
    [saved] = tmp_path.glob("*.json")
    assert load(saved).measurements == []
    assert load(saved).finished is None
