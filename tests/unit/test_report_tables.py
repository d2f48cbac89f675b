"""Tables in Markdown, and finding the run that they are of."""

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.report.exporters import Subject, all_exporters, markdown
from harness.store import Store
from harness.types import Clock, Measurement, Status


def measurement(metric, value, *, status=Status.OK, unit="B", **more):
    return Measurement(
        model="my|net", implementation="tflm", board="nano33ble-sim", metric=metric, status=status,
        reason="" if status is Status.OK else "it lacks 12 bytes", value=value, unit=unit,
        samples=() if value is None else (value,),
        details={"harness_bytes": 10, "harness_static_bytes": 20}, provenance={"runs_on": "TFLM *1*"}, **more,
    )  # fmt: skip


def test_a_table():
    found = [
        measurement("flash", 140556),
        measurement("ram", None, status=Status.DOES_NOT_FIT),
        measurement("inference", 1234567, unit="instructions", clock=Clock.INSTRUCTION_COUNT, at_clock_s=0.0192901),
    ]
    said = markdown.document(found)
    assert "| model | implementation | flash | inference | unused RAM |" in said
    assert "| my\\|net | tflm | 140,556 B | 1,234,567 instructions (19.29 ms) | does-not-fit |" in said
    assert "does-not-fit: it lacks 12 bytes" in said
    assert "TFLM \\*1\\*" in said
    assert {line.count("|") - line.count("\\|") for line in said.splitlines() if line.startswith("|")} == {6}


def test_a_cell_that_was_not_measured_says_so():
    other = measurement("ram", 5)
    found = [measurement("flash", 1), Measurement(**{**vars(other), "implementation": "tvm-aot"})]
    assert markdown.table(found).count("not measured") == 2


def test_a_run_that_was_cut_off_says_so(tmp_path):
    run = Store(tmp_path).begin({}, {})
    run.measurements.append(measurement("flash", 1))
    for name in ("markdown", "latex"):
        assert "the run was cut off" in all_exporters()[name].export(Subject(run=run))
    run.finished = "2026-11-01T10:00:00+00:00"
    for name in ("markdown", "latex"):
        assert "the run was cut off" not in all_exporters()[name].export(Subject(run=run))


def test_the_run_is_found_by_file_by_id_and_as_the_latest(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(UsageError, match="there is no run with a measurement in"):
        store.find(None)
    run = store.begin({}, {})
    run.measurements.append(measurement("flash", 1))
    store.save(run)
    store.begin({}, {})  # has measured nothing yet
    (tmp_path / "zzz.json").write_text("{")
    assert store.find(None).id == run.id
    assert store.find(Path(run.id)).id == run.id
    assert store.find(store.path(run)).id == run.id
    with pytest.raises(UsageError, match="neither a results file nor an id"):
        store.find(Path("nothing"))
    with pytest.raises(UsageError, match="is not a results file"):
        store.find(tmp_path / "zzz.json")
