"""Bad input and faults, as a user meets them: a clear sentence, the exit code, and nothing lost that was measured."""

import json
import os
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
import serial
from conftest import wait_for

from harness import boards, models, paths
from harness.errors import RigError
from harness.virtual.qemu import QemuRig

CASE = ("--impl", "tflm", "--board", "nano33ble-sim")


def only_tools(folder, *names):
    """Return a PATH with nothing but these programs and the shell's."""
    folder.mkdir()
    for name in ("sh", "cat", "kill", "sleep", *names):
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    return str(folder)


def script(folder, name, text):
    path = folder / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda data: b"hello, world, this is no model", "is not a .tflite file"),
        (lambda data: data[:4000], "is damaged or cut short (4,000 bytes)"),
    ],
)
def test_a_file_that_is_no_model(mcuprof, tmp_path, change, complaint):
    path = tmp_path / "odd.tflite"
    path.write_bytes(change(models.bundled()["digits"].read_bytes()))
    answer = mcuprof("timing", path, *CASE)
    assert answer.code == 2
    assert complaint in answer.err


def test_a_model_with_an_operator_that_tflm_lacks(mcuprof, tmp_path):
    import tflite

    data = bytearray(models.bundled()["digits"].read_bytes())
    root = tflite.Model.GetRootAsModel(data, 0)
    code = root.OperatorCodes(0)
    for offset in (4, 10):  # deprecated_builtin_code and builtin_code in the table's virtual table
        place = code._tab.Offset(offset)
        if place:
            data[code._tab.Pos + place] = tflite.BuiltinOperator.CUMSUM
    path = tmp_path / "odd.tflite"
    path.write_bytes(data)
    answer = mcuprof("run", path, *CASE, "--json")
    assert answer.code == 0, "unsupported is an answer"
    assert {m["status"] for m in answer.measurements} == {"unsupported"}
    assert all("CUMSUM" in m["reason"] for m in answer.measurements)


def test_a_model_too_big_for_the_flash(mcuprof, tmp_path):
    path = tmp_path / "big.tflite"
    path.write_bytes(models.bundled()["digits"].read_bytes() + bytes(900_000))
    answer = mcuprof("flash-size", path, *CASE, "--json")
    assert answer.code == 0
    [cell] = answer.measurements
    assert cell["status"] == "does-not-fit"
    assert cell["details"]["over_by_bytes"] > 0
    assert f"{cell['details']['over_by_bytes']:,}" in cell["reason"]


def test_bytes_over_are_by_the_same_rule_when_the_linker_overflows(mcuprof, tmp_path):
    (tmp_path / "own").mkdir()
    text = boards.files()["nano33ble-sim"].read_text().replace(":nano33ble", ":small").replace("983_040", "262_144")
    (tmp_path / "own" / "small.toml").write_text(text)
    (tmp_path / "mcuprof.toml").write_text('boards = "own"\n')
    words = ("flash-size", "person_detection", "--impl", "tflm", "--arena", "140000", "--json")
    [fits] = mcuprof(*words, "--board", "nano33ble-sim").measurements
    [over] = mcuprof(*words, "--board", "small").measurements
    assert over["status"] == "does-not-fit"
    assert over["details"]["over_by_bytes"] == pytest.approx(fits["value"] - 262_144, abs=64)


def test_wrong_use_leaves_no_run_behind(mcuprof, tmp_path):
    answer = mcuprof("run", "digits", *CASE, "--tflm-library", "/nosuch")
    assert answer.code in (2, 3)
    assert "no TFLM library at /nosuch" in answer.err
    assert not list((tmp_path / "results").glob("*.json"))


def test_an_arena_larger_than_the_ram(mcuprof):
    answer = mcuprof("timing", "digits", *CASE, "--arena", "300000", "--json")
    assert answer.code == 0
    for cell in answer.measurements:
        assert cell["status"] == "does-not-fit"
        assert cell["details"]["region"] == "RAM"
        assert cell["details"]["over_by_bytes"] > 60_000


def test_an_arena_beyond_what_a_linker_can_count(mcuprof):
    for size in (3_000_000_000, 4_294_970_416):
        answer = mcuprof("flash-size", "digits", *CASE, "--arena", size, "--json")
        [cell] = answer.measurements
        assert cell["status"] == "does-not-fit"
        assert cell["details"]["over_by_at_least_bytes"] == size - 262_144


def test_an_arena_that_is_too_small_shows_what_the_library_says(mcuprof):
    answer = mcuprof("timing", "digits", *CASE, "--arena", "600", "--json")
    assert {m["status"] for m in answer.measurements} == {"does-not-fit"}
    assert all(m["details"]["over_by_at_least_bytes"] for m in answer.measurements)
    assert all("arena of 600 bytes" in m["reason"] for m in answer.measurements)


def test_a_mistyped_board(mcuprof):
    answer = mcuprof("timing", "digits", "--board", "nano33ble_sim")
    assert answer.code == 2
    assert "did you mean 'nano33ble-sim'" in answer.err


def test_a_board_file_with_an_unknown_key(mcuprof, tmp_path):
    (tmp_path / "own").mkdir()
    text = (boards.files()["nano33ble-sim"]).read_text().replace("clock_hz", "clock_mhz")
    (tmp_path / "own" / "mine.toml").write_text(text)
    (tmp_path / "mcuprof.toml").write_text('boards = "own"\n')
    answer = mcuprof("timing", "digits", "--board", "mine")
    assert answer.code == 2
    assert "own/mine.toml: unknown key 'clock_mhz'; did you mean 'clock_hz'" in answer.err


def test_a_configuration_with_an_unknown_key(mcuprof, tmp_path):
    (tmp_path / "mcuprof.toml").write_text('bord = "nano33ble-sim"\n')
    answer = mcuprof("timing", "digits")
    assert answer.code == 2
    assert "mcuprof.toml: unknown key 'bord'; did you mean 'board'" in answer.err


def without_arduino_cli(environment, tmp_path):
    """Leave everything of the tool chain but arduino-cli, built at set-up or found on PATH."""
    environment["PATH"] = only_tools(tmp_path / "bin", "qemu-system-arm", "arm-none-eabi-g++")
    home = paths.home()
    environment["MCUPROF_HOME"] = str(tmp_path / "home")
    (tmp_path / "home").mkdir()
    for entry in home.glob("tfmicro-*"):
        (tmp_path / "home" / entry.name).symlink_to(entry)


def test_no_arduino_cli(mcuprof, environment, tmp_path):
    without_arduino_cli(environment, tmp_path)
    answer = mcuprof("flash-size", "digits", *CASE)
    assert answer.code == 3
    assert "arduino-cli" in answer.err
    assert "setup" in answer.err


def test_an_arduino_cli_that_is_too_old(mcuprof, environment, tmp_path):
    without_arduino_cli(environment, tmp_path)
    script(tmp_path / "bin", "arduino-cli", 'echo "arduino-cli  Version: 0.19.3 Commit: abc Date: 2021"')
    answer = mcuprof("flash-size", "digits", *CASE)
    assert answer.code == 3
    assert "0.19.3" in answer.err


def test_no_qemu(mcuprof, environment, tmp_path):
    everything_else = tmp_path / "bin"
    everything_else.mkdir()
    for folder in map(Path, environment["PATH"].split(os.pathsep)):
        for entry in folder.iterdir() if folder.is_dir() else ():
            if not entry.name.startswith("qemu-") and not (everything_else / entry.name).is_symlink():
                (everything_else / entry.name).symlink_to(entry)
    environment["PATH"] = str(everything_else)
    answer = mcuprof("timing", "digits", *CASE)
    assert answer.code == 3
    assert "qemu-system-arm is not there" in answer.err


def test_a_library_that_does_not_compile(mcuprof, tmp_path, environment):
    made = mcuprof("sketch", "digits", *CASE, "-o", tmp_path / "made")
    assert made.code == 0, made.err
    [library] = (tmp_path / "made" / "libraries").iterdir()
    source = next(path for path in sorted(library.rglob("*.cpp")))
    source.write_text(source.read_text() + "\nint broken = undeclared_name;\n")
    answer = mcuprof("flash-size", "digits", *CASE, "--tflm-library", library, "--arena", "4000", "--json")
    assert answer.code == 1
    [cell] = answer.measurements
    assert cell["status"] == "tool-failed"
    assert "undeclared_name" in cell["reason"]
    log = cell["reason"].split("whole output: ")[1].rstrip(")")
    assert "undeclared_name" in Path(log).read_text()


def test_a_board_with_the_fqbn_of_another(mcuprof, tmp_path):
    (tmp_path / "own").mkdir()
    text = boards.files()["nano33ble-sim"].read_text().replace("262_144", "131_072")
    (tmp_path / "own" / "small.toml").write_text(text)
    (tmp_path / "mcuprof.toml").write_text('boards = "own"\n')
    answer = mcuprof("ram-search", "digits", *CASE)
    assert answer.code == 2
    assert "nano33ble-sim and small have the same fqbn" in answer.err
    (tmp_path / "own" / "small.toml").write_text(text.replace(":nano33ble", ":small"))
    whole, half = (
        mcuprof("ram-search", "digits", "--impl", "tflm", "--board", name, "--json").measurements[0]["value"]
        for name in ("nano33ble-sim", "small")
    )
    assert whole - half == 131_072


def test_a_virtual_machine_that_does_not_start(mcuprof, tmp_path):
    (tmp_path / "own").mkdir()
    text = boards.files()["nano33ble-sim"].read_text().replace(":nano33ble", ":odd").replace("an386", "an999")
    (tmp_path / "own" / "odd.toml").write_text(text)
    (tmp_path / "mcuprof.toml").write_text('boards = "own"\n')
    answer = mcuprof("timing", "digits", "--impl", "tflm", "--board", "odd", "--arena", "4000", "--json")
    assert answer.code == 1
    assert {m["status"] for m in answer.measurements} == {"rig-failed"}
    assert all("QEMU did not start" in m["reason"] for m in answer.measurements)


def test_a_real_board_whose_core_is_missing(mcuprof, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.toml").write_text(
        'title = "Mine"\nfqbn = "arduino:mbed_nano:nano33ble"\nclock_hz = 64_000_000\n'
        "flash_bytes = 983_040\nram_bytes = 262_144\n"
    )
    (tmp_path / "mcuprof.toml").write_text('boards = "own"\n')
    answer = mcuprof("flash-size", "digits", "--impl", "tflm", "--board", "mine", "--arena", "4000")
    assert answer.code == 3
    assert "arduino:mbed_nano of the board mine is not installed" in answer.err


def test_an_emulator_that_is_killed_is_not_taken_for_a_lack_of_memory(start, environment):
    process = start("ram-search", "person_detection", *CASE, "--opt", "O2", "--json", "-v")
    folder = environment["TMPDIR"]

    def emulator():
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if "qemu-system" in words[0] and any(folder in word for word in words):
                return int(entry.parent.name)
        return None

    assert wait_for(emulator, 400)
    time.sleep(2)
    found = []
    assert wait_for(lambda: found.append(emulator()) or found[-1], 60)  # between two programs there is none
    os.kill(found[-1], signal.SIGKILL)
    out, _ = process.communicate(timeout=120)
    [cell] = json.loads(out)["measurements"]
    assert cell["status"] in ("rig-failed", "skipped")
    assert "QEMU ended" in cell["reason"]


def test_a_run_that_another_process_works_on_is_not_taken_over(start, mcuprof, tmp_path):
    process = start("run", "digits", "keyword_spotting", "person_detection", *CASE)
    assert wait_for(lambda: measured(tmp_path / "results"), 400)
    answer = mcuprof("run", "--resume")
    assert answer.code == 2
    assert "is still at work in another process" in answer.err
    process.send_signal(signal.SIGINT)


def test_a_port_in_use():
    rig = QemuRig(boards.load("nano33ble-sim"))
    try:
        with serial.Serial(rig.port, exclusive=True), pytest.raises(RigError, match="is in use by another program"):
            rig.open()
    finally:
        rig.close()


@pytest.mark.parametrize("place", ["/dev/null/results", "/proc/results"])
def test_a_results_folder_that_cannot_be_written(mcuprof, place):
    answer = mcuprof("flash-size", "digits", *CASE, "--results", place)
    assert answer.code == 1
    assert f"the results folder {place} cannot be written" in answer.err


def test_a_cache_that_cannot_be_written(mcuprof, environment):
    environment["MCUPROF_CACHE"] = "/proc/cache"
    answer = mcuprof("flash-size", "digits", *CASE)
    assert answer.code == 1
    assert "/proc/cache" in answer.err
    assert "cannot be written" in answer.err


@pytest.mark.parametrize("name", ["long" * 25, "a,b c"], ids=["too long for sockets", "with a comma"])
def test_a_temporary_folder_of_another_name(mcuprof, environment, tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    environment["TMPDIR"] = str(folder)
    assert mcuprof("ram-search", "digits", *CASE).code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_loses_nothing_that_was_saved(mcuprof, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(small)], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not allow mounting")
    try:
        assert mcuprof("flash-size", "digits", *CASE, "--results", small).code == 0
        [saved] = small.glob("*.json")
        free = os.statvfs(small).f_bavail * os.statvfs(small).f_frsize
        (small / "filler").write_bytes(bytes(free - 8192))
        answer = mcuprof("run", "digits", *CASE, "--results", small)
        assert answer.code == 1
        assert "No space left on device" in answer.err
        assert json.loads(saved.read_text())["measurements"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


def measured(results):
    """All measurements that are saved in a folder."""
    return [m for path in results.glob("*.json") for m in json.loads(path.read_text())["measurements"]]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_cut_off(start, mcuprof, emulators, tmp_path, end):
    results = tmp_path / "results"
    process = start("run", "digits", "keyword_spotting", *CASE)
    assert wait_for(lambda: len(measured(results)) >= 2 and emulators(), 300), "nothing was measured"
    process.send_signal(end)
    _, said = process.communicate(timeout=30)
    assert process.returncode == {signal.SIGINT: 130, signal.SIGKILL: -9, signal.SIGTERM: 143}[end]
    assert wait_for(lambda: not emulators(), 20), "an emulator was left behind"
    kept = len(measured(results))
    assert kept >= 2
    again = mcuprof("run", "--resume", "--json")
    assert again.code == 0, again.err
    assert len(again.measurements) == 10
    assert len(list(results.glob("*.json"))) == 1, "SIGKILL may leave what was being written, hidden"
    hint = f"mcuprof: {kept} of 10 measurements are saved; `mcuprof run --resume` goes on from there\n"
    assert (hint in said) is (end is not signal.SIGKILL)
    assert "--resume" not in again.err


def test_interrupted_in_the_middle_of_a_line_of_json(mcuprof, tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "20200101-000000-dead.json").write_text('{"schema": 1, "run"')
    answer = mcuprof("run", "--resume")
    assert answer.code == 2
    assert "there is no run to go on with" in answer.err
