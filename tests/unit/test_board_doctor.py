from __future__ import annotations

import json
import os
import sys

import pytest
from fake_machine import FakeMachine

from harness import boards, cores
from harness.platform import workplace
from harness.serial_port import Device
from harness.setup.board_doctor import board_checks, upload_program


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setattr(cores, "SYSTEM", tmp_path / "system")
    return FakeMachine(tmp_path, monkeypatch)


def put_core(machine, **properties):
    """Put the AVR core there, and an arduino-cli that answers with its properties."""
    folder = machine.root / "user" / "Arduino" / "hardware" / "arduino" / "avr"
    folder.mkdir(parents=True)
    (folder / "boards.txt").write_text("")
    lines = [f"{name.replace('__', '.')}={value}" for name, value in properties.items()]
    answer = json.dumps({"builder_result": {"build_properties": lines}})
    machine.add("bin", "arduino-cli", lambda argv, _: "Version: 1.5.1" if "version" in argv else answer)
    return folder


def by_name(board_name, devices=(), port=None):
    checks = board_checks(boards.load(board_name), workplace(), devices, port)
    return {check.name: check for check in checks}


def test_a_missing_core_comes_with_the_command_that_gets_it(machine):
    found = by_name("nano33ble")
    assert list(found) == ["core arduino:mbed_nano", "port"]
    assert not any(check.found for check in found.values())
    assert "mcuprof setup --board nano33ble" in found["core arduino:mbed_nano"].remedy
    assert "[board.nano33ble]" in found["port"].remedy


def test_a_virtual_board_needs_a_core_alone(machine):
    assert [check.found for check in by_name("nano33ble-sim").values()] == [True]


def test_core_compiler_upload_tool_and_port(machine, tmp_path):
    avr = machine.add("bin", "avr-g++", "avr-g++ (GCC) 7.3.0\n")
    avrdude = machine.add("bin", "avrdude", "")
    folder = put_core(
        machine,
        compiler__path=f"{avr.parent}/",
        compiler__cpp__cmd="avr-g++",
        upload__tool__default="avrdude",
        tools__avrdude__path=str(avrdude.parent),
        tools__avrdude__cmd__path="{path}/avrdude",
    )
    (tmp_path / "tty").write_text("")
    device = Device(path=str(tmp_path / "tty"), vid=0x2341, pid=0x0043)
    found = by_name("uno", [device])
    assert list(found) == ["core arduino:avr", "compiler", "upload tool avrdude", "port", "permission"]
    assert all(check.found and not check.remedy for check in found.values())
    assert found["core arduino:avr"].version == str(folder)
    assert found["compiler"].version == "avr-g++ (GCC) 7.3.0"
    assert found["port"].version == device.path


def test_a_compiler_that_is_not_there(machine):
    put_core(machine, compiler__path="/nowhere/", compiler__cpp__cmd="avr-g++")
    found = by_name("uno")
    assert not found["compiler"].found
    assert "/nowhere/avr-g++ is not there" in found["compiler"].remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_port_that_may_not_be_opened(machine, tmp_path):
    (tmp_path / "tty").write_text("")
    (tmp_path / "tty").chmod(0)
    check = by_name("uno", port=str(tmp_path / "tty"))["permission"]
    assert not check.found
    assert "usermod -aG" in check.remedy


def test_permission_is_the_systems_answer(machine, tmp_path, monkeypatch):
    (tmp_path / "tty").write_text("")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    check = by_name("nano33ble", port=str(tmp_path / "tty"))["permission"]
    assert not check.found
    assert "usermod -aG" in check.remedy


def test_a_port_on_the_network_is_not_looked_at(machine):
    assert list(by_name("uno", port="socket://host:1")) == ["core arduino:avr"]


def test_a_port_in_a_lab_needs_labgrid(machine, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(machine.root / "python"))
    assert not by_name("uno", port="labgrid:desk")["labgrid"].found
    client = machine.add("bin", "labgrid-client", "")
    assert by_name("uno", port="labgrid:desk")["labgrid"].version == str(client)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"upload.tool": "avrdude", "tools.avrdude.cmd.path": "/usr/bin/avrdude"}, ("avrdude", "/usr/bin/avrdude")),
        ({"upload.tool": "a:b", "tools.b.path": "/t", "tools.b.cmd.path": "{path}/bin/b"}, ("b", "/t/bin/b")),
        ({"upload.tool.default": "b", "tools.b.path": "/t", "tools.b.cmd": "b"}, ("b", "/t/b")),
        ({"upload.tool": "b", "tools.b.cmd": "b"}, ("b", "b")),
        ({}, ("", "")),
    ],
)
def test_the_program_that_uploads(properties, expected):
    assert upload_program(properties) == expected
