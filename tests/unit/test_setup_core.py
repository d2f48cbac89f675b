from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_machine import FakeMachine

from harness import boards, cores
from harness.errors import MissingError
from harness.platform import workplace
from harness.setup.core_install import ensure_core

OFFLINE = 'Downloading index: x Download failed: Head "https://host/x": dial tcp: lookup host: no such host'


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setattr(cores, "SYSTEM", tmp_path / "system")
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    return FakeMachine(tmp_path, monkeypatch)


class ArduinoCli:
    """An arduino-cli that installs a core, or says why not; ``configs`` are the configurations that it was given."""

    def __init__(self, *, installs: str = "", says: str = "") -> None:
        self.installs = installs
        self.says = says
        self.configs: list[dict] = []

    def __call__(self, argv, kw):
        if "version" in argv:
            return "arduino-cli  Version: 1.5.1"
        self.configs.append(json.loads(Path(argv[argv.index("--config-file") + 1]).read_text()))
        if "install" in argv and self.installs:
            folder = cores.data_dir().joinpath("packages", *self.installs.split("/"))
            folder.mkdir(parents=True)
            (folder / "boards.txt").write_text("")
        return self.says or "done"


def words(machine):
    """Return what arduino-cli was told, without its configuration."""
    return [" ".join(call[4:]) for call in machine.calls if "--config-file" in call]


def test_a_core_is_installed_once_into_mcuprofs_own_folder(machine, monkeypatch):
    monkeypatch.setenv("ARDUINO_DIRECTORIES_DATA", "/users/own")
    cli = ArduinoCli(installs="arduino/hardware/mbed_nano/4.2.1")
    machine.add("bin", "arduino-cli", cli)
    said: list[str] = []
    ensure_core(boards.load("nano33ble"), workplace(), said.append)
    assert words(machine) == ["core update-index", "core install arduino:mbed_nano"]
    assert cli.configs[0]["directories"]["data"] == str(machine.root / "home" / "arduino")
    for call, env in zip(machine.calls, machine.envs, strict=True):
        assert env.get("ARDUINO_DIRECTORIES_DATA") != "/users/own", call
    assert (cores.data_dir() / "library_index.json").is_file()
    assert "is installed" in said[-1]
    ensure_core(boards.load("nanorp2040connect"), workplace(), said.append)
    assert len(words(machine)) == 2
    assert "is there" in said[-1]
    assert not (machine.root / "home" / "work").exists()


def test_the_vendors_index_is_asked_where_the_board_names_one(machine):
    machine.add("bin", "arduino-cli", ArduinoCli(installs="SPRESENSE/hardware/spresense/3.4.7"))
    board = boards.load("spresense")
    ensure_core(board, workplace(), print)
    address = board.core.package_index
    assert words(machine) == [
        f"core update-index --additional-urls {address}",
        f"core install SPRESENSE:spresense --additional-urls {address}",
    ]


def test_a_proxy_is_handed_on(machine, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    cli = ArduinoCli(installs="arduino/hardware/avr/1.8.7")
    machine.add("bin", "arduino-cli", cli)
    ensure_core(boards.load("uno"), workplace(), print)
    assert cli.configs[0]["network"] == {"proxy": "http://proxy:3128"}


def test_a_core_in_the_sketchbook_needs_no_installation(machine, tmp_path):
    machine.add("bin", "arduino-cli", ArduinoCli())
    folder = tmp_path / "book" / "hardware" / "arduino" / "avr"
    folder.mkdir(parents=True)
    (folder / "boards.txt").write_text("")
    ensure_core(boards.load("uno"), workplace(None, tmp_path / "book"), print)
    assert words(machine) == []


def test_without_a_network_the_error_says_what_to_copy_where(machine, tmp_path):
    machine.add("bin", "arduino-cli", ArduinoCli(says=OFFLINE))
    with pytest.raises(MissingError) as error:
        ensure_core(boards.load("nano33ble"), workplace(), print)
    assert error.value.exit_code == 3
    for part in (
        "arduino:mbed_nano of the board nano33ble could not be downloaded",
        "no such host",
        "`mcuprof setup --board nano33ble` again",
        "packages/arduino/hardware/mbed_nano/VERSION",
        str(tmp_path / "user" / "Arduino" / "hardware" / "arduino" / "mbed_nano"),
    ):
        assert part in error.value.message
    assert not cores.installed()


def test_another_failure_is_told_in_arduino_clis_words(machine):
    machine.add("bin", "arduino-cli", ArduinoCli(says="some warning\nPlatform 'arduino:avr' not found"))
    with pytest.raises(MissingError, match=r"could not be installed \(Platform 'arduino:avr' not found\)"):
        ensure_core(boards.load("uno"), workplace(), print)
