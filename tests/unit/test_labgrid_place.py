"""What mcuprof asks of labgrid and makes of its answers. The client is made up; tests/virtual has the real one."""

import json
import sys
from pathlib import Path

import pytest

from harness import boards, cmd, labgrid_place
from harness.errors import MissingError, RigError, ToolFailedError
from harness.labgrid_place import LabgridPlace, Shown, address, parse, place_in
from harness.patience import FakeTimer
from harness.port_choice import require_ports
from harness.serial_rig import SerialRig

SHOWN = """Place 'desk':
  aliases: mine, second
  comment: on the left
  matches:
    lab/*/NetworkSerialPort
  acquired: {holder}
  acquired resources:{resources}
  created: 2026-11-21 12:00:00
  changed: 2026-11-21 12:00:01
Matching resource 'tty' (lab/desk/NetworkSerialPort/tty):
  {{'acquired': None}}
"""
TTY = "\n    lab/desk/NetworkSerialPort/tty"


class Coordinator:
    """Stands in for ``labgrid-client``: one place, which somebody may hold."""

    def __init__(self, monkeypatch, tmp_path, *, holder=None, resources=TTY):
        self.holder = holder
        self.resources = resources
        self.calls = []
        self.exported = {"HOST": "lab", "PORT": "4001", "PROTOCOL": "rfc2217"}
        self.refuses = None
        self.before = {}
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
        (tmp_path / "labgrid-client").touch(mode=0o755)
        monkeypatch.setattr(labgrid_place.tempfile, "mkdtemp", lambda prefix: self._folder(tmp_path / prefix))
        monkeypatch.setattr(cmd, "run", self._run)
        monkeypatch.setattr(cmd, "spawn", self._spawn)

    def _folder(self, path):
        path.mkdir()
        return str(path)

    def _run(self, words, **how):
        assert words[1:3] == ["-p", "desk"]
        verb = words[3]
        self.calls.append(verb)
        for act in self.before.pop(verb, []):
            act()
        said = getattr(self, verb)()
        code = 1 if said.startswith("Error") else 0
        return cmd.Completed(argv=tuple(words), returncode=code, stdout=said, stderr="", seconds=0)

    def show(self):
        return SHOWN.format(holder=self.holder, resources=self.resources if self.holder else "")

    def acquire(self):
        if self.holder:
            return f"Error: Place desk is already acquired by {self.holder}."
        self.holder = "here/me"
        return "acquired place desk"

    def release(self):
        self.holder = None
        return "released place desk"

    def _spawn(self, words, *, log, env):
        self.calls.append("export")
        if self.refuses:
            log.write_text(f"labgrid-client: Error: {self.refuses}\n")
        else:
            told = {f"LG__PORT_{key}": value for key, value in self.exported.items()} | {"LG__CLIENT_PID": "1"}
            Path(words[-1]).write_text(json.dumps(told))
        return Ended()


class Ended:
    returncode = 1

    def kill(self):
        pass


@pytest.fixture
def lab(monkeypatch, tmp_path):
    return lambda **how: Coordinator(monkeypatch, tmp_path, **how)


def place():
    return LabgridPlace("desk", timer=FakeTimer())


def raising(error):
    def act():
        raise error

    return act


@pytest.mark.parametrize(
    ("port", "found"),
    [
        ("labgrid:desk", ("desk", None)),
        ("labgrid://desk", ("desk", None)),
        ("labgrid:desk/tty", ("desk", "tty")),
        ("labgrid:", None),
        ("/dev/labgrid:desk", None),
        ("socket://labgrid:4001", None),
    ],
)
def test_which_ports_are_places(port, found):
    assert place_in(port) == found


def test_what_show_says():
    resources = f"{TTY}\n    lab/desk/NetworkPowerPort/power\n    lab/desk/NetworkSerialPort/a -> default"
    assert parse(SHOWN.format(holder="here/me", resources=resources)) == Shown(
        name="desk",
        aliases=("mine", "second"),
        holder="here/me",
        resources=tuple(line.strip() for line in resources.splitlines()[1:]),
    )
    assert parse(SHOWN.format(holder="here/me", resources=resources)).serial_ports == ["tty", "default"]
    assert parse(SHOWN.format(holder=None, resources="")) == Shown(name="desk", aliases=("mine", "second"))
    with pytest.raises(RigError, match="in a form that mcuprof does not know: 'Lorem ipsum'"):
        parse("Lorem ipsum")


@pytest.mark.parametrize(
    ("host", "port", "protocol", "found"),
    [
        ("lab", "4001", "rfc2217", "rfc2217://lab:4001?ign_set_control"),
        ("lab", "4001", "raw", "socket://lab:4001"),
        ("fe80::1", "4001", "raw", "socket://[fe80::1]:4001"),
        ("lab", "None", "raw", None),
    ],
)
def test_addresses(host, port, protocol, found):
    assert address({"LG__PORT_HOST": host, "LG__PORT_PORT": port, "LG__PORT_PROTOCOL": protocol}) == found


def test_an_address_of_another_protocol():
    with pytest.raises(RigError, match="serial port at lab:1 speaks 'telnet', and not rfc2217 or raw"):
        address({"LG__PORT_HOST": "lab", "LG__PORT_PORT": "1", "LG__PORT_PROTOCOL": "telnet"})


def test_a_place_is_acquired_when_it_is_needed_and_released_once(lab):
    coordinator, desk = lab(), place()
    assert coordinator.calls == []
    assert desk.find() == desk.find() == "rfc2217://lab:4001?ign_set_control"
    assert coordinator.calls == ["show", "acquire", "show", "export"], "labgrid is asked once"
    coordinator.exported["PORT"] = "4002"
    desk.lost()
    assert desk.find() == "rfc2217://lab:4002?ign_set_control", "and again after the port went"
    desk.release()
    desk.release()
    assert coordinator.calls.count("release") == 1
    assert coordinator.holder is None
    with pytest.raises(RigError, match="the labgrid place desk has been released"):
        desk.find()


def test_a_place_that_was_held_before_stays_so(lab):
    coordinator, desk = lab(holder="here/me"), place()
    assert desk.find()
    desk.release()
    assert coordinator.holder == "here/me"


def test_a_place_that_somebody_else_holds(lab):
    coordinator, desk = lab(holder="there/alice"), place()
    coordinator.refuses = "place desk is not acquired by your user"
    with pytest.raises(RigError, match="desk, held by there/alice, cannot be used: place desk is not acquired by"):
        desk.find()
    desk.release()
    assert coordinator.holder == "there/alice"


def test_a_place_that_somebody_else_takes_first(lab):
    coordinator, desk = lab(), place()
    coordinator.before["acquire"] = [lambda: setattr(coordinator, "holder", "there/alice")]
    with pytest.raises(RigError, match=r"cannot be had: Place desk is already acquired by there/alice\.\. The coord"):
        desk.find()
    desk.release()
    assert coordinator.holder == "there/alice"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ToolFailedError("labgrid-client did not end within 60 s")])
def test_a_place_that_may_have_been_acquired_is_released(lab, error):
    coordinator, desk = lab(), place()
    coordinator.before["acquire"] = [coordinator.acquire, raising(error)]
    with pytest.raises((KeyboardInterrupt, RigError)):
        desk.find()
    desk.release()
    assert coordinator.holder is None


def test_an_interrupt_while_a_place_is_released(lab):
    coordinator, desk = lab(), place()
    desk.find()
    coordinator.before["release"] = [raising(KeyboardInterrupt())]
    with pytest.raises(KeyboardInterrupt):
        desk.release()
    assert coordinator.holder is None


def test_a_coordinator_that_has_gone_when_a_place_is_released(lab):
    coordinator, desk = lab(), place()
    desk.find()
    coordinator.before["release"] = [raising(ToolFailedError("labgrid-client did not end within 60 s"))]
    desk.release()


def test_a_board_that_is_not_attached(lab):
    coordinator = lab()
    timer = FakeTimer()
    coordinator.exported["PORT"] = "None"
    rig = SerialRig(boards.load("nano33ble-sim"), "labgrid:desk", timer=timer)
    with pytest.raises(RigError, match="the port labgrid:desk of nano33ble-sim has gone and did not come back"):
        rig.open()
    assert coordinator.calls.count("export") > 10
    rig.close()
    assert coordinator.holder is None


def test_without_labgrid(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "")
    board = boards.load("nano33ble")
    with pytest.raises(MissingError, match=r"labgrid-client is not there, .* `pip install 'mcuprof\[labgrid\]'`"):
        require_ports([board], {board.name: "labgrid:desk"})
    require_ports([board], {board.name: "socket://lab:4001"})
