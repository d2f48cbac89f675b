"""What ``mcuprof setup --tflm`` can be given, and what arduino-cli is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_machine import FakeMachine
from fake_tflm import NEW, arduino_library, tree

from harness.errors import MissingError, UsageError
from harness.setup import doctor, ensure_all, tflm_install
from harness.setup.tflm_install import Kind
from harness.tflm.library import installed


@pytest.mark.parametrize(
    "address",
    ["https://host/a/b.git", "https://host/a/b.git#v1.0", "git@host:a/b.git", "ssh://git@host/a/b", "git://host/b"],
)
def test_addresses(address):
    assert tflm_install.kind_of(address) is Kind.GIT


def test_folders_and_files(tmp_path):
    assert tflm_install.kind_of(str(arduino_library(tmp_path / "library", NEW))) is Kind.LIBRARY
    assert tflm_install.kind_of(str(tree(tmp_path / "tree"))) is Kind.TREE
    bare = tmp_path / "bare.git"
    (bare / "objects").mkdir(parents=True)
    (bare / "HEAD").write_text("")
    assert tflm_install.kind_of(str(bare)) is Kind.GIT
    assert tflm_install.kind_of(f"file://{bare}#main") is Kind.GIT


@pytest.mark.parametrize("what", ["https://host/b.zip", "http://host/b.tar.gz", "file:///no/where", "/no/where", ""])
def test_what_cannot_be_installed(what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        tflm_install.install(what, print)


class ArduinoCli:
    """An arduino-cli that installs a library, or says why not."""

    def __init__(self, says: str = "") -> None:
        self.says = says
        self.configs: list[dict] = []

    def __call__(self, argv, kw):
        if "version" in argv:
            return "arduino-cli  Version: 1.5.1"
        config = json.loads(Path(argv[argv.index("--config-file") + 1]).read_text())
        self.configs.append(config)
        if self.says:
            return self.says, 1
        arduino_library(Path(config["directories"]["user"]) / "libraries" / "Some_TFLM", NEW)
        return "Library installed"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return FakeMachine(tmp_path, monkeypatch)


def test_arduino_cli_gets_a_configuration_of_its_own(machine, monkeypatch):
    monkeypatch.setenv("ARDUINO_DIRECTORIES_USER", "/users/own")
    cli = ArduinoCli()
    machine.add("bin", "arduino-cli", cli)
    said: list[str] = []
    tflm_install.install("git@host:a/b.git", said.append)
    assert machine.calls[-1][4:] == ("lib", "install", "--git-url", "ssh://git@host/a/b.git")
    assert cli.configs[0]["library"] == {"enable_unsafe_install": True}
    home = machine.root / "home"
    assert all(Path(folder).is_relative_to(home / "work") for folder in cli.configs[0]["directories"].values())
    assert "ARDUINO_DIRECTORIES_USER" not in machine.envs[-1]
    assert said == ["TFLM: cloning git@host:a/b.git; this can take some minutes", said[-1]]
    assert "TFLM 1.2.3 (Some_TFLM, CMSIS-NN, 2023)" in said[-1]
    assert (home / "sketchbook" / "libraries").is_symlink()
    assert not (home / "work").exists()


@pytest.mark.parametrize(
    ("says", "error", "told"),
    [
        ('Library install failed: Get "https://host": dial tcp: no such host', MissingError, "a .zip of it here"),
        ("Library install failed: moving archive: library not valid", UsageError, "another form, name the folder"),
        ("Library install failed: repository not found", UsageError, "arduino-cli says: repository not found$"),
    ],
)
def test_what_arduino_cli_cannot_install_leaves_nothing(machine, says, error, told):
    machine.add("bin", "arduino-cli", ArduinoCli(says))
    with pytest.raises(error, match=told):
        tflm_install.install("https://host/b.git", print)
    assert installed() is None
    assert not (machine.root / "home" / "work").exists()


def test_a_library_that_was_put_there_by_hand_is_not_lost(tmp_path):
    by_hand = arduino_library(tmp_path / "home" / "sketchbook" / "libraries" / "by_hand", NEW)
    assert installed() == by_hand
    with pytest.raises(UsageError, match="move it away"):
        tflm_install.install(str(arduino_library(tmp_path / "next", NEW)), print)
    with pytest.raises(UsageError, match="move it away"):
        tflm_install.remove(print)
    assert installed() == by_hand


def test_with_a_library_the_sources_are_not_asked_for(machine, tmp_path):
    machine.add("bin", "arduino-cli", ArduinoCli())
    tflm_install.install(str(arduino_library(tmp_path / "mine", NEW)), print)
    ensure_all(print)
    [check] = [check for check in doctor.checks(for_virtual_boards=False) if "TFLM" in check.name]
    assert check.found
    assert check.version.startswith("TFLM 1.2.3 (Some_TFLM")
    (installed() / "src/tensorflow/lite/micro/micro_mutable_op_resolver.h").unlink()
    [check] = [check for check in doctor.checks(for_virtual_boards=False) if "TFLM" in check.name]
    assert not check.found
    assert "mcuprof setup --tflm" in check.remedy
