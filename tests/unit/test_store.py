import json
import os

import pytest

from harness.errors import McuprofError, UsageError
from harness.store import Store, document, load
from harness.types import Clock, Measurement, Status


def measurement(**changes):
    facts = {
        "model": "digits", "implementation": "tflm", "board": "nano33ble-sim", "metric": "inference",
        "status": Status.OK, "reason": "", "value": 1000.0, "unit": "instructions", "samples": (1000.0, 1000.0),
        "clock": Clock.INSTRUCTION_COUNT, "at_clock_s": 1000 / 64e6, "provenance": {"virtual": True},
    }  # fmt: skip
    return Measurement(**(facts | changes))


def test_a_run_comes_back_as_it_was(tmp_path):
    store = Store(tmp_path)
    run = store.begin({"models": ["digits"]}, {"python": "3"})
    run.measurements.append(measurement())
    run.measurements.append(measurement(metric="flash", status=Status.DOES_NOT_FIT, reason="too big", value=None))
    store.finish(run)
    assert load(store.path(run)) == run


def test_a_size_of_what_does_not_fit_is_marked_and_comes_back(tmp_path):
    store = Store(tmp_path)
    run = store.begin({}, {})
    facts = {"metric": "flash", "clock": None, "at_clock_s": None, "unit": "B"}
    sized = measurement(status=Status.DOES_NOT_FIT, reason="too big", value=421_804.0, **facts)
    run.measurements += [sized, measurement(status=Status.DOES_NOT_FIT, reason="too big", value=None, **facts)]
    run.measurements += [measurement(value=5.0, **facts)]
    store.finish(run)
    cells = document(run)["measurements"]
    assert [cell.get("oversize") for cell in cells] == [True, None, None]
    assert (cells[0]["status"], cells[0]["value"]) == ("does-not-fit", 421_804)
    assert load(store.path(run)) == run


def test_the_document_has_the_agreed_form(tmp_path):
    run = Store(tmp_path).begin({}, {})
    run.measurements.append(measurement())
    content = document(run)
    assert content["schema"] == 1
    [cell] = content["measurements"]
    assert cell["value"] == 1000
    assert cell["clock"] == "instruction-count"
    assert cell["at_clock_s"] == pytest.approx(15.625e-6)
    assert set(cell) >= {"model", "implementation", "board", "metric", "status", "reason", "value", "unit", "samples"}


def test_what_is_cut_off_can_go_on(tmp_path):
    store = Store(tmp_path)
    store.finish(store.begin({"n": 1}, {}))
    cut = store.begin({"n": 2}, {})
    cut.measurements.append(measurement())
    store.save(cut)
    store.begin({"n": 3}, {})  # ended before anything was measured: nothing to go on with
    assert store.latest_unfinished().id == cut.id
    store.finish(cut)
    with pytest.raises(UsageError, match="there is no run to go on with"):
        store.latest_unfinished()


def test_what_another_process_has_measured_meanwhile_is_kept(tmp_path):
    store = Store(tmp_path)
    run = store.begin({}, {})
    mine, theirs = load(store.path(run)), load(store.path(run))
    theirs.measurements.append(measurement())
    store.save(theirs)
    store.catch_up(mine)
    assert mine.measurements == theirs.measurements
    store.finish(theirs)
    with pytest.raises(UsageError, match=f"another process has finished run {run.id} meanwhile"):
        store.catch_up(mine)


def test_what_is_half_written_is_no_run(tmp_path, monkeypatch):
    store = Store(tmp_path)
    run = store.begin({}, {})
    run.measurements.append(measurement())
    store.save(run)
    seen = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: seen.extend(tmp_path.glob("*.json")))
    store.save(run)
    assert seen == [store.path(run)]


def test_a_failed_save_leaves_the_file_whole(tmp_path, monkeypatch):
    store = Store(tmp_path)
    run = store.begin({}, {})
    run.measurements.append(measurement())
    store.save(run)

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    run.measurements.append(measurement(metric="ram"))
    with pytest.raises(McuprofError, match="No space left on device"):
        store.save(run)
    monkeypatch.undo()
    assert len(load(store.path(run)).measurements) == 1
    assert [path.name for path in tmp_path.iterdir()] == [store.path(run).name], "no half-written file stays"


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"schema": 1}', '{"schema": 99}', "\x00", "[" * 200_000])
def test_a_damaged_file_costs_only_itself(tmp_path, content):
    store = Store(tmp_path)
    good = store.begin({}, {})
    good.measurements.append(measurement())
    store.save(good)
    (tmp_path / "99999999-damaged.json").write_text(content)
    with pytest.raises(UsageError):
        load(tmp_path / "99999999-damaged.json")
    assert store.latest_unfinished().id == good.id


def test_numbers_that_json_cannot_hold(tmp_path):
    run = Store(tmp_path).begin({}, {})
    run.measurements.append(measurement(value=float("nan"), samples=(float("inf"),)))
    assert json.loads(json.dumps(document(run), allow_nan=False))["measurements"][0]["value"] is None


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ("run", "id", "../elsewhere"),
        ("run", "id", ".."),
        ("run", "finished", 5),
        ("measurement", "value", float("nan")),
        ("measurement", "value", 10**400),
        ("measurement", "value", -1),
        ("measurement", "samples", [-1, 2]),
        ("measurement", "samples", [1e300]),
        ("measurement", "clock", "sundial"),
        ("details", "limit_bytes", "many"),
        ("details", "parts", [1]),
        ("details", "parts", {"core": "large"}),
        ("details", "probes", [{"size": 1}]),
        ("details", "resolution", -4),
        ("provenance", "clock_hz", "fast"),
    ],
)
def test_what_no_run_holds_is_damage(tmp_path, place, key, value):
    store = Store(tmp_path)
    run = store.begin({}, {})
    run.measurements.append(measurement())
    store.save(run)
    content = json.loads(store.path(run).read_text())
    cell = content["measurements"][0]
    places = {
        "run": content["run"],
        "measurement": cell,
        "details": cell["details"],
        "provenance": cell["provenance"],
    }
    places[place][key] = value
    store.path(run).write_text(json.dumps(content))
    with pytest.raises(UsageError, match="is not a results file, or a damaged one"):
        load(store.path(run))


def test_what_older_versions_did_not_tell_is_no_damage(tmp_path):
    store = Store(tmp_path)
    run = store.begin({}, {})
    details = {"limit_bytes": None, "parts": None, "what a later version tells": [{}]}
    run.measurements.append(measurement(details=details, provenance={}))
    store.save(run)
    assert load(store.path(run)) == run
