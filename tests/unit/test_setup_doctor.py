from __future__ import annotations

import pytest
from fake_machine import FakeMachine

from harness.setup import arduino_cli, checks, tflm_sources

NAMES = [
    "arduino-cli",
    "arduino-ctags",
    "arm-none-eabi-gcc",
    "newlib",
    "libstdc++",
    "qemu-system-arm",
    "cc",
    "TFLM sources",
]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return FakeMachine(tmp_path, monkeypatch)


def test_on_an_empty_machine_everything_is_missing_and_has_a_remedy(machine):
    found = checks()
    assert [check.name for check in found] == NAMES
    assert not any(check.found for check in found)
    assert all(check.remedy and check.needed_for and not check.version for check in found)


def test_on_a_whole_machine_everything_is_found_with_its_version(machine):
    library = machine.root / "lib" / "libc.a"
    machine.place(library, 0)
    machine.add("bin", "arduino-cli", "Version: 1.5.1")
    machine.add("bin", "arduino-ctags", "Exuberant Ctags Development")
    machine.add("bin", "arm-none-eabi-gcc", lambda argv, _: f"{library}\n" if "file" in argv[-1] else "12.2.1\n")
    machine.add("bin", "arm-none-eabi-g++", f"{library}\n")
    machine.add("bin", "qemu-system-arm", "QEMU emulator version 7.2.22\n")
    machine.add("bin", "cc", "")
    tflm_sources.home().mkdir(parents=True)
    (tflm_sources.home() / ".complete").write_text(tflm_sources.SHA256)
    found = {check.name: check for check in checks()}
    assert [name for name in NAMES if not found[name].found] == []
    assert not any(check.remedy for check in found.values())
    assert found["qemu-system-arm"].version.startswith("7.2.22 (")
    assert found["arm-none-eabi-gcc"].version.startswith("12.2.1 (")
    assert found["newlib"].version == str(library)


def test_a_compiler_without_its_library(machine):
    machine.add("bin", "arm-none-eabi-gcc", lambda argv, _: "libc.a\n" if "file" in argv[-1] else "12.2.1\n")
    found = {check.name: check for check in checks()}
    assert found["arm-none-eabi-gcc"].found
    assert not found["newlib"].found


def test_a_host_compiler_without_the_headers_of_the_c_library(machine):
    machine.add("bin", "cc", lambda argv, _: 1 if "stdio.h" in argv else "cc 12.2.0\n")
    found = {check.name: check for check in checks()}
    assert not found["cc"].found
    assert "libc6-dev" in found["cc"].remedy or "xcode-select" in found["cc"].remedy


def test_an_old_arduino_cli_is_missing_and_the_remedy_names_its_version(machine):
    machine.add("bin", "arduino-cli", "Version: 0.35.3")
    check = checks()[0]
    assert not check.found
    assert "0.35.3" in check.remedy
    assert arduino_cli.PINNED in check.remedy
