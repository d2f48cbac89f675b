"""Comparing, budgets and bundles with real measurements of a virtual board."""

import json
import zipfile

import pytest

from harness import boards, models, paths

UNIT = boards.load("nano33ble-sim").clock.unit
CASE = ("digits", "--impl", "tvm-aot", "--board", "nano33ble-sim")


def test_a_change_is_found_told_and_fails_the_gate(mcuprof):
    assert mcuprof("run", *CASE).code == 0
    assert mcuprof("baseline", "set", "main").code == 0
    rules = ("--baseline", "main", "--fail-on", "inference>0,flash>0,ram>0,init>0")
    assert mcuprof("run", *CASE).code == 0
    same = mcuprof("compare", *rules, "--strict")
    assert same.code == 0, same.out
    assert "5 no change" in same.out
    assert mcuprof("run", *CASE, "--opt", "O3").code == 0
    assert mcuprof("compare", "--baseline", "main").code == 0, "without rules it informs"
    worse = mcuprof("compare", *rules, "--json")
    assert worse.code == 4
    found = json.loads(worse.out)["comparison"]
    assert {"digits"} == {failure["model"] for failure in found["gate"]["failures"]}
    flash = next(row for row in found["rows"] if row["metric"] == "flash")
    assert flash["verdict"] == "regressed"
    grown = flash["new"]["value"] - flash["base"]["value"]
    assert sum(part["new"] - part["base"] for part in flash["deltas"]["part"]) == grown
    ram = next(row for row in found["rows"] if row["metric"] == "ram")
    assert ram["change"]["base"] == 262_144 - ram["base"]["value"]
    assert "optimization" in {difference["what"] for difference in found["differences"]}


def test_other_metrics_of_the_same_case_are_not_held_against_it(mcuprof):
    assert mcuprof("run", *CASE).code == 0
    mcuprof("baseline", "set", "main")
    assert mcuprof("flash-size", *CASE).code == 0
    assert mcuprof("compare", "--baseline", "main", "--fail-on", "flash>0").code == 0
    assert mcuprof("compare", "--baseline", "main", "--fail-on", "flash>0,ram>0").code == 4


@pytest.mark.parametrize(
    ("command", "limit", "code"),
    [
        ("flash-size", 'flash_max = "10KiB"', 4),
        ("flash-size", 'flash_max = "1MiB"', 0),
        ("ram-search", 'ram_unused_min = "250KiB"', 4),
        ("timing", f'inference_max = "1000 {UNIT}"', 4),
        ("timing", 'inference_max = "1us"', 0),
        ("run", "ram_used_max = 1000", 4),
    ],
)
def test_budgets(mcuprof, tmp_path, command, limit, code):
    (tmp_path / "mcuprof.toml").write_text(f'[[budget]]\nmodel = "dig*"\nboard = "*-sim"\n{limit}\n')
    answer = mcuprof(command, *CASE)
    assert answer.code == code, answer.out
    assert ("over budget: digits · tvm-aot · nano33ble-sim: " in answer.out) == (code == 4)
    assert (f"was not checked on nano33ble-sim, whose clock counts {UNIT}" in answer.out) == ("1us" in limit)


def test_budgets_in_the_json_document(mcuprof, tmp_path):
    (tmp_path / "mcuprof.toml").write_text("[[budget]]\nflash_max = 1000\n")
    answer = mcuprof("flash-size", *CASE, "--json")
    assert answer.code == 4
    [over] = json.loads(answer.out)["budget"]["over"]
    assert (over["budget"], over["limit"], over["by"]) == ("flash_max", 1000, over["value"] - 1000)


def test_a_bundle_holds_everything_and_tells_of_nobody(mcuprof, environment, tmp_path):
    home = tmp_path / "homes" / "alicia"
    home.mkdir(parents=True)
    environment |= {"HOME": str(home), "LOGNAME": "alicia", "MCUPROF_HOME": str(paths.home())}
    environment |= {"MCUPROF_CACHE": str(home / ".cache" / "mcuprof"), "MCUPROF_RESULTS": str(home / "results")}
    (tmp_path / "mcuprof.toml").write_text(f'# of alicia\nsketchbook = "{home}"\n')
    model = home / "secret.tflite"
    model.write_bytes(models.bundled()["digits"].read_bytes() + bytes(8))
    names = ("--impl", "tvm-aot", "--board", "nano33ble-sim")
    assert mcuprof("run", "digits", model, *names).code == 0
    first = mcuprof("bundle", "-o", "first.zip")
    assert first.code == 0, first.err
    assert "left out: the model secret: a model is private unless --with-model is given" in first.out
    place = "builds/digits--tvm-aot--nano33ble-sim/mcuprof_sketch"
    with zipfile.ZipFile(tmp_path / "first.zip") as packed:
        names = packed.namelist()
        assert {f"{place}.ino.elf", f"{place}.ino.map", f"{place}/model.c", "doctor.json", "mcuprof.toml"} <= set(
            names
        )
        assert {"mcuprof.toml", "boards/nano33ble-sim.toml", "wire/secret--tvm-aot--nano33ble-sim.log"} <= set(names)
        assert not [name for name in names if "secret" in name and name.endswith((".elf", ".c", ".tflite"))]
        assert packed.read(f"{place}.ino.elf")[:4] == b"\x7fELF"
        for name in names:
            assert b"alicia" not in packed.read(name), name
    assert mcuprof("bundle", "-o", "first.zip").code == 2, "what is there is not written over"
    again = mcuprof("bundle", "-o", "again.zip", "--json")
    assert json.loads(again.out)["bundle"]["files"] == sorted(names)
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()
    whole = mcuprof("bundle", "-o", "first.zip", "--force", "--with-model", "--case", "secret")
    assert whole.code == 0, whole.err
    with zipfile.ZipFile(tmp_path / "first.zip") as packed:
        assert packed.read("models/secret.tflite") == model.read_bytes()
        assert not [name for name in packed.namelist() if "digits" in name]
    assert mcuprof("bundle", "--case", "uno").code == 2
