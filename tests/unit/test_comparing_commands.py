"""``compare`` and ``baseline`` as they are called: what they print, their exit codes, and bad input."""

import json
import os

import pytest
from made_runs import case, run, with_provenance, with_value

from harness import cli
from harness.store import Store, document, write_document


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with its results in ``results``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    return tmp_path


@pytest.fixture
def save(folder):
    def to(id_, measurements):
        path = folder / "results" / f"{id_}.json"
        write_document(path, document(run(measurements, id_)))
        return path

    return to


@pytest.fixture
def mcuprof(folder, monkeypatch, capsys):
    """Call the command and return its exit code and what it printed."""
    monkeypatch.setattr("harness.cli.signal.signal", lambda *args: None)

    def call(*words):
        monkeypatch.setattr("sys.argv", ["mcuprof", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err, err
        return ended.value.code, out, err

    return call


def test_without_a_gate_a_comparison_informs(mcuprof, save):
    save("1", case())
    save("2", with_value(case(), "inference", 200_000))
    code, out, _ = mcuprof("compare", "1", "2")
    assert code == 0
    assert "+37,773 (+23.3 %)" in out
    assert "1 regressed, 4 no change" in out


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--fail-on", "inference>5%"], 4),
        (["--fail-on", "inference>25%,flash>0"], 0),
        (["--fail-on", "flash>0"], 0),
        (["--fail-on", "inference>5%", "--json"], 4),
        (["--fail-on", "inference>5%", "--markdown"], 4),
        (["--fail-on", "inference>25ms"], 0),
        (["--fail-on", "inference>25ms", "--strict"], 4),
        (["--fail-on", "infrence>5%"], 2),
        (["--fail-on", "inference"], 2),
        (["--fail-on", ""], 2),
        (["--fail-on", "flash>5ms"], 2),
        (["--strict"], 2),
        (["--allow-missing"], 2),
        (["--json", "--markdown"], 2),
    ],
)
def test_exit_codes(mcuprof, save, options, code):
    save("1", case())
    save("2", with_value(case(), "inference", 200_000))
    assert mcuprof("compare", "1", "2", *options)[0] == code


def test_rules_of_the_settings_file(mcuprof, save, folder):
    save("1", case())
    save("2", with_value(case(), "inference", 200_000))
    (folder / "mcuprof.toml").write_text('[compare]\nfail_on = "inference>5%"\n')
    code, out, _ = mcuprof("compare", "1", "2")
    assert code == 4
    assert "fails: digits · tvm-aot · nano33ble-sim: inference>5%: 162,227 → 200,000 instructions" in out
    assert mcuprof("compare", "1", "2", "--fail-on", "flash>0")[0] == 0
    (folder / "mcuprof.toml").write_text('[compare]\nfail_on = "inference"\n')
    code, _, err = mcuprof("compare", "1", "2")
    assert code == 2
    assert "the key 'compare.fail_on': 'inference' is no rule" in err


def test_budgets_are_checked_without_a_gate(mcuprof, save, folder):
    save("1", case())
    save("2", case())
    (folder / "mcuprof.toml").write_text('[[budget]]\nflash_max = "90KiB"\n')
    code, out, _ = mcuprof("compare", "1", "2")
    assert code == 4
    assert "over budget: digits · tvm-aot · nano33ble-sim: flash of 95,188 B is 3,028 B (3.29 %) over" in out
    code, out, _ = mcuprof("compare", "1", "2", "--json")
    assert code == 4
    [over] = json.loads(out)["comparison"]["budget"]["over"]
    assert (over["budget"], over["by"]) == ("flash_max", 3028)


def test_the_json_document_is_all_of_standard_output(mcuprof, save):
    save("1", case())
    save("2", with_value(case(), "inference", 200_000))
    code, out, _ = mcuprof("compare", "1", "2", "--json", "--fail-on", "inference>0,init>1us")
    found = json.loads(out)["comparison"]
    assert code == 4
    assert found["fails"] is True
    assert [failure["metric"] for failure in found["gate"]["failures"]] == ["inference"]
    assert "was not checked on nano33ble-sim" in found["gate"]["undecided"][0]["text"]


def test_a_missing_case_fails_the_gate(mcuprof, save):
    save("1", [*case(), *case(implementation="tflm")])
    save("2", case())
    assert mcuprof("compare", "1", "2")[0] == 0
    assert mcuprof("compare", "1", "2", "--fail-on", "flash>0")[0] == 4
    assert mcuprof("compare", "1", "2", "--fail-on", "flash>0", "--allow-missing")[0] == 0


def test_nothing_to_compare_is_wrong_use(mcuprof, save):
    save("1", case())
    save("2", with_provenance(case(), model_sha256="c" * 64))
    save("3", case(model="other"))
    code, out, err = mcuprof("compare", "1", "2")
    assert code == 2
    assert "not comparable" in out
    assert "could be compared" in err
    assert "another model file of the same name" in err
    assert mcuprof("compare", "1", "3")[0] == 2
    code, out, _ = mcuprof("compare", "1", "2", "--json")
    assert code == 2
    assert json.loads(out)["comparison"]["rows"][0]["verdict"] == "not comparable"
    assert mcuprof("compare", "1", "2", "--allow-changed-model", "--fail-on", "flash>0")[0] == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "name two runs, BASE and NEW, or --baseline NAME"),
        (["1", "2", "3"], "name two runs"),
        (["--baseline", "main", "1", "2"], "name two runs"),
        (["nothing", "1"], "there is no run nothing"),
        (["1", "results/nothing.json"], "there is no run results/nothing.json"),
        (["--baseline", "nothing"], "there is no baseline 'nothing' in"),
        (["--baseline", "../1"], "'../1' cannot be the name of a baseline"),
        (["1", "damaged"], "is not a results file"),
        (["1", "cut"], "is not a results file"),
        (["1", "list"], "is not a results file"),
        (["1", "types"], "is not a results file"),
        (["1", "later"], "has schema 2; this mcuprof reads 1"),
        (["1", "empty"], "run empty holds no measurement"),
        (["empty", "1"], "run empty holds no measurement"),
        (["1"], "the latest run is 1, the base itself"),
    ],
)
def test_bad_input_is_one_clear_line(mcuprof, save, folder, words, complaint):
    path = save("1", case())
    whole = json.loads(path.read_text())
    results = folder / "results"
    (results / "damaged.json").write_text("\0{")
    (results / "cut.json").write_text(path.read_text()[:500])
    (results / "list.json").write_text("[]")
    (results / "types.json").write_text(json.dumps(whole).replace('"value": 40', '"value": "forty"'))
    (results / "later.json").write_text(json.dumps(whole | {"schema": 2}))
    (results / "empty.json").write_text(
        json.dumps(whole | {"run": whole["run"] | {"id": "empty"}, "measurements": []})
    )
    code, out, err = mcuprof("compare", *words)
    assert code == 2
    assert complaint in err
    assert (err.count("\n"), out) == (1, "")


@pytest.mark.parametrize(
    "key", ["details", "provenance", "samples", "value", "unit", "status", "metric", "at_clock_s"]
)
@pytest.mark.parametrize("value", [[["x"]], {"x": 1}, "x", 1.5, True])
def test_any_wrong_value_of_a_results_file_is_no_traceback(mcuprof, save, key, value):
    path = save("1", case())
    content = json.loads(path.read_text())
    content["measurements"][3][key] = value
    path.write_text(json.dumps(content))
    save("2", case())
    assert mcuprof("compare", "1", "2")[0] in (0, 2)


def test_a_run_that_was_cut_off_is_told(mcuprof, save):
    path = save("1", case())
    content = json.loads(path.read_text())
    content["run"]["finished"] = None
    path.write_text(json.dumps(content))
    save("2", case())
    code, _, err = mcuprof("compare", "1", "2")
    assert code == 0
    assert "run 1 is not finished" in err


def test_a_baseline_is_set_listed_shown_compared_with_and_removed(mcuprof, save, folder):
    assert mcuprof("baseline", "list")[1].startswith("there is no baseline in")
    save("1", case())
    code, out, _ = mcuprof("baseline", "set", "main")
    assert code == 0
    assert "baseline main: run 1, in" in out
    assert json.loads((folder / "results" / "baselines" / "main.json").read_text()) == document(run(case(), "1"))
    assert "main: run 1 of 2026-11-21T12:00:00+00:00, 5 measurements" in mcuprof("baseline", "list")[1]
    assert "95,188" in mcuprof("baseline", "show", "main")[1]

    code, _, err = mcuprof("compare", "--baseline", "main")
    assert code == 2
    assert "the latest run is 1, the base itself: measure again" in err
    save("2", with_value(case(), "flash", 99_999))
    assert mcuprof("compare", "--baseline", "main")[0] == 0
    assert mcuprof("compare", "--baseline", "main", "--fail-on", "flash>0")[0] == 4
    assert mcuprof("compare", "--baseline", "main", "1", "--fail-on", "flash>0")[0] == 0

    assert "(it was 1)" in mcuprof("baseline", "set", "main", "2")[1]
    assert mcuprof("compare", "--baseline", "main", "2", "--fail-on", "flash>0")[0] == 0
    assert mcuprof("baseline", "rm", "main")[0] == 0
    assert mcuprof("baseline", "rm", "main")[0] == 2
    assert Store(folder / "results").find(None).id == "2", "no baseline is taken for a run"


def test_baselines_as_json(mcuprof, save, folder):
    save("1", case())
    made = json.loads(mcuprof("baseline", "set", "v1.0-rc_2", "--json")[1])["baseline"]
    assert (made["name"], made["run"], made["replaced"]) == ("v1.0-rc_2", "1", None)
    (folder / "results" / "baselines" / "bad.json").write_text("{")
    bad, good = json.loads(mcuprof("baseline", "list", "--json")[1])["baselines"]
    assert (good["name"], good["run"], good["measurements"]) == ("v1.0-rc_2", "1", 5)
    assert "is not a results file" in bad["damage"]
    assert "bad: " in mcuprof("baseline", "list")[1]
    assert json.loads(mcuprof("baseline", "show", "v1.0-rc_2", "--json")[1]) == document(run(case(), "1"))
    assert mcuprof("baseline", "show", "bad")[0] == 2
    assert mcuprof("baseline", "set", "bad")[0] == 0, "a damaged one can be set anew"
    assert json.loads(mcuprof("baseline", "rm", "bad", "--json")[1])["removed"]["name"] == "bad"


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "-x", "a b", "x" * 101, "ä", "a\n"])
def test_names_that_no_baseline_can_have(mcuprof, save, folder, name):
    save("1", case())
    code, _, err = mcuprof("baseline", "set", "--", name)
    assert code == 2
    assert "cannot be the name of a baseline" in err
    assert not (folder / "results" / "baselines").exists()


def test_a_baseline_that_cannot_be_written_stays_whole(mcuprof, save, folder, monkeypatch):
    save("1", case())
    mcuprof("baseline", "set", "main")
    save("2", case(model="other"))

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = mcuprof("baseline", "set", "main")
    assert code == 1
    assert "cannot be written: No space left on device" in err
    [path] = (folder / "results" / "baselines").iterdir()
    assert json.loads(path.read_text())["run"]["id"] == "1"


def test_a_run_with_nothing_is_no_baseline(mcuprof, save):
    save("1", [])
    assert mcuprof("baseline", "set", "main", "1")[0] == 2
