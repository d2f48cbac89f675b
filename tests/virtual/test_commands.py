"""The commands beside the measuring ones."""

import json
import shlex
import subprocess
import sys

import pytest


def test_help_has_an_example_for_every_command(mcuprof):
    whole = mcuprof("--help")
    assert whole.code == 0
    for name in [
        "flash-size",
        "ram-search",
        "timing",
        "run",
        "profile",
        "stats",
        "sketch",
        "boards",
        "models",
        "impls",
        "doctor",
        "clean",
        "compare",
        "baseline",
        "bundle",
        "inspect",
        "accuracy",
    ]:
        assert name in whole.out
        assert f"Example:  mcuprof {name}" in mcuprof(name, "--help").out


def test_help_imports_nothing_heavy():
    heavy = ("numpy", "scipy", "rich", "jinja2", "serial", "msgspec")
    code = f"import sys, harness.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_report_of_exact_times_needs_no_scipy():
    code = (
        "import sys; from bench import publish; from harness import store\n"
        "run = store.load(publish.RESULT)\n"
        "found = store.document(run), publish.tables()\n"
        "print([name for name in sys.modules if name.startswith('scipy')], str(found).count('statistics'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"[] {2 * 3 * 3 * 2}"


@pytest.mark.parametrize("command", ["boards", "models", "impls"])
def test_lists(mcuprof, command):
    answer = mcuprof(command, "--json")
    assert answer.code == 0
    assert json.loads(answer.out)["implementations" if command == "impls" else command]
    assert mcuprof(command).code == 0


def test_statistics_of_any_file(mcuprof, tmp_path):
    for name, middle in (("old.txt", 1000), ("new.txt", 1100)):
        times = [middle + 7 * index % 11 for index in range(40)]
        (tmp_path / name).write_text("# us\n" + "\n".join(map(str, times)), encoding="utf-8")
    old, new = str(tmp_path / "old.txt"), str(tmp_path / "new.txt")
    answer = mcuprof("stats", old, "--unit", "us", "--json")
    assert answer.code == 0
    assert json.loads(answer.out)["files"][0]["statistics"]["median"] == 1005
    assert mcuprof("stats", old, new).code == 0
    assert mcuprof("stats", old, new, "--compare").code == 4
    (tmp_path / "bad.txt").write_text("1\nmicros\n", encoding="utf-8")
    answer = mcuprof("stats", str(tmp_path / "bad.txt"))
    assert answer.code == 2
    assert "bad.txt, line 2" in answer.err
    assert len(answer.err.splitlines()) == 1


def test_doctor_finds_everything(mcuprof):
    answer = mcuprof("doctor", "--json")
    assert answer.code == 0, answer.out
    assert all(check["there"] == "yes" for check in json.loads(answer.out)["checks"])


def test_doctor_says_what_is_missing(mcuprof, environment, tmp_path):
    environment["PATH"] = "/nowhere"
    environment["MCUPROF_HOME"] = str(tmp_path / "home")
    answer = mcuprof("doctor", "--json")
    assert answer.code == 3
    for check in json.loads(answer.out)["checks"]:
        assert check["there"] == "NO"
        assert check["what to do"] not in ("", "nothing")


def test_a_sketch_builds_by_arduino_cli_alone(mcuprof, tmp_path):
    folder = tmp_path / "my_digits"
    answer = mcuprof("sketch", "digits", "--impl", "tflm", "--board", "nano33ble-sim", "-o", folder, "--opt", "O2")
    assert answer.code == 0, answer.err
    assert (folder / "my_digits.ino").is_file()
    command = shlex.split(answer.out.split("to build it:")[1])
    assert "compiler.cpp.extra_flags=-DNDEBUG -DTF_LITE_STATIC_MEMORY -O2" in command, "else it is another program"
    words = [*command[:-1], "--warnings", "all", command[-1]]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ours = [line for line in done.stderr.splitlines() if "my_digits" in line and "warning" in line]
    assert not ours
    again = mcuprof("sketch", "digits", "--impl", "tflm", "--board", "nano33ble-sim", "-o", folder)
    assert again.code == 2
    assert "is not empty" in again.err


def test_clean_shows_and_drops(mcuprof, environment, tmp_path):
    environment["MCUPROF_CACHE"] = str(tmp_path / "cache")
    (tmp_path / "cache" / "builds" / "old").mkdir(parents=True)
    (tmp_path / "cache" / "builds" / "old" / "x.elf").write_bytes(bytes(2_000_000))
    shown = json.loads(mcuprof("clean", "--json").out)["caches"]
    assert {"cache": "dropped now", "bytes": 0} in shown
    dropped = json.loads(mcuprof("clean", "--limit", "1", "--json").out)["caches"]
    assert {"cache": "dropped now", "bytes": 2_000_000} in dropped
    assert not (tmp_path / "cache" / "builds" / "old").exists()
