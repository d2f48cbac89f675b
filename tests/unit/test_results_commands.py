"""``results`` as it is called: runs are listed, shown, removed and merged, and nothing else is."""

import json
from dataclasses import replace

import pytest
from made_runs import case, failed, measurement, run

from harness import cli, overview
from harness.store import Store, document, load, write_document
from harness.types import Status

STARTED = "2026-11-2{}T12:00:00+00:00"


@pytest.fixture
def save(tmp_path):
    (tmp_path / "results").mkdir()

    def to(name, measurements, day=1, **changes):
        path = tmp_path / "results" / f"{name}.json"
        made = replace(run(measurements, name), started=STARTED.format(day), **changes)
        write_document(path, document(made))
        return path

    return to


@pytest.fixture
def results(tmp_path, monkeypatch, capsys):
    """Call ``mcuprof results`` and return its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.cli.signal.signal", lambda *args: None)

    def call(*words):
        monkeypatch.setattr("sys.argv", ["mcuprof", "results", *map(str, words), "--results", "results"])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return call


def test_the_list_is_oldest_first_and_says_what_failed(save, results):
    save("later", [*case(), failed("flash", Status.HUNG, board="uno")], day=2)
    save("earlier", case(model="net"), day=1, finished=None)
    code, out, err = results("list")
    first, second = out.splitlines()
    assert (code, err) == (0, "")
    assert first.startswith("earlier  2026-11-21 12:00 UTC  5 measurements, not finished: net · tvm-aot")
    assert second.endswith("6 measurements, 1 failed: digits · tvm-aot · nano33ble-sim, uno")
    found = json.loads(results("list", "--json")[1])["runs"]
    assert [entry["id"] for entry in found] == ["earlier", "later"]
    assert (found[1]["failed"], found[1]["boards"]) == (1, ["nano33ble-sim", "uno"])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "damaged"),
        ("[" * 100_000, "damaged"),
        ('{"schema": 0}', "schema 0; this mcuprof reads 1"),
        ("\xff", "damaged"),
    ],
)
def test_a_damaged_file_costs_only_itself(save, results, content, why):
    path = save("good", case())
    (path.parent / "bad.json").write_text(content, encoding="latin-1")
    code, out, _ = results("list")
    good, bad = out.splitlines()
    assert (code, good.split()[0], bad.split(":")[0]) == (0, "good", "bad")
    assert why in bad
    assert results("show")[0] == 0  # the latest that can be read


def test_a_folder_without_runs(results, tmp_path):
    assert "there is no run in results" in results("list")[1]
    assert json.loads(results("list", "--json")[1])["runs"] == []


def test_a_run_is_listed_as_it_is_read_in_full(save):
    path = save("one", [*case(), failed("flash", Status.CRASHED, board="uno")])
    (entry,) = overview.entries(path.parent)
    whole = load(path)
    assert entry.measurements == len(whole.measurements)
    assert entry.failed == sum(not m.status.is_answer for m in whole.measurements)
    assert (entry.started, entry.finished) == (whole.started, whole.finished)


def test_a_run_is_shown_with_its_command(save, results):
    save("one", case(), plan={"command": ["mcuprof", "run", "[/]\x1b"]})
    code, out, _ = results("show", "one")
    assert code == 0
    assert out.startswith("run one of 2026-11-21 12:00 UTC: mcuprof run [/]\\x1b\n")
    assert "162,227" in out
    assert json.loads(results("show", "one", "--json")[1])["run"]["id"] == "one"


def test_a_run_is_removed_with_its_logs_and_nothing_else_is(save, results):
    path, other = save("one", case()), save("one.copy", case())
    folder = path.parent
    for name in ("one", "other"):
        (folder / f"{name}.wire").mkdir()
    assert results("rm", "one") == (0, "removed results/one.json\n", "")
    assert sorted(p.name for p in folder.iterdir()) == ["one.copy.json", "other.wire"]
    assert other.exists()
    (folder / "bad.json").write_text("{")
    assert json.loads(results("rm", "bad", "--json")[1])["removed"] == ["results/bad.json"]


def test_a_copy_leaves_the_logs_of_the_run(save, results, tmp_path):
    path = save("one", case())
    (path.parent / "one.wire").mkdir()
    path.rename(path.with_name("copy.json"))
    assert results("rm", "copy")[0] == 0
    assert (path.parent / "one.wire").is_dir()


def test_what_is_no_run_is_not_removed(save, results, tmp_path):
    path = save("one", case())
    notes = tmp_path / "notes.json"
    notes.write_text("{}")
    for wrong, why in ((notes, "is not a results file"), ("two", "there is no run two")):
        code, _, err = results("rm", "one", wrong)
        assert (code, err.count(why)) == (2, 1)
    assert notes.exists()
    assert path.exists()


def test_a_run_at_work_is_not_removed(save, results):
    path = save("one", case())
    store = Store(path.parent)
    with store.hold(load(path)):
        code, _, err = results("rm", "one")
    assert code == 2
    assert "is still at work" in err
    assert path.exists()


def test_runs_are_merged_and_the_last_one_counts(save, results):
    paths = [save("one", case()), save("two", [measurement("flash", 5), *case(board="uno-sim")])]
    before = [path.read_bytes() for path in paths]
    code, out, _ = results("merge", "one", "two", "--json")
    facts = json.loads(out)["merged"]
    made = load(paths[0].parent / f"{facts['id']}.json")
    assert (code, facts["measurements"], len(made.measurements)) == (0, 10, 10)
    flash = [m.value for m in made.measurements if (m.metric, m.board) == ("flash", "nano33ble-sim")]
    assert flash == [5]
    assert made.finished is not None
    assert made.plan["merged"] == ["one", "two"]
    assert [path.read_bytes() for path in paths] == before


def test_unlike_models_of_one_name_are_not_merged(save, results):
    other = {**measurement().provenance, "model_sha256": "f" * 64}
    save("one", case())
    path = save("two", [measurement("flash", 5, implementation="tflm", provenance=other)])
    code, _, err = results("merge", "one", "two")
    assert code == 2
    assert "unlike model files of the name 'digits'" in err
    assert len(list(path.parent.iterdir())) == 2


def test_one_run_is_nothing_to_merge(save, results):
    save("one", case())
    code, _, err = results("merge", "one", "one")
    assert code == 2
    assert "two runs are needed" in err
