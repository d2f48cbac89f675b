"""Where a real board is after its port went away, and who may use it."""

import json

import pytest

from harness import boards, paths
from harness.board_lock import BoardLock
from harness.errors import MissingError, RigError, UsageError
from harness.fake_bus import FakeBus
from harness.port_choice import choose_ports, require_ports
from harness.serial_port import Device
from harness.serial_rig import SerialRig

BOARD = boards.load("nano33ble-sim")


def device(path, number="S1", pid=0x805A, vid=0x2341, location=None):
    return Device(path=path, vid=vid, pid=pid, serial_number=number, location=location)


class Bus(FakeBus):
    """A bus of which the test says what is on it, as time goes by: pairs of a moment and the devices from then on."""

    def __init__(self, *states):
        super().__init__()
        self.states = states

    def devices(self):
        return [states for moment, states in self.states if moment <= self.timer.now()][-1]


def found(*states, port="/dev/ttyACM0", board=BOARD):
    bus = Bus(*states)
    rig = SerialRig(board, port, devices=bus.devices, open_port=bus.open, timer=bus.timer)
    bus.timer.time = 1.0
    try:
        return rig.port
    finally:
        rig.close()


HERE = device("/dev/ttyACM0")
OTHER = device("/dev/ttyACM1", number="S2")


@pytest.mark.parametrize(
    ("later", "path"),
    [
        ([HERE, OTHER], "/dev/ttyACM0"),
        ([device("/dev/ttyACM5"), OTHER], "/dev/ttyACM5"),
        ([device("/dev/ttyACM1"), device("/dev/ttyACM0", number="S2")], "/dev/ttyACM1"),
        ([OTHER, device("/dev/ttyACM3", pid=0x005A)], "/dev/ttyACM3"),
        ([OTHER, device("/dev/ttyACM3", number="other in the bootloader", pid=0x005A)], "/dev/ttyACM3"),
        ([OTHER, device("/dev/ttyACM3", number=None)], "/dev/ttyACM3"),
        ([OTHER, device("/dev/ttyUSB0", vid=0x1A86), device("/dev/ttyACM3", number=None)], "/dev/ttyACM3"),
    ],
    ids=[
        "it stayed", "another name", "the names changed places", "a bootloader", "a bootloader of another number",
        "no number", "beside a stranger",
    ],
)  # fmt: skip
def test_a_board_is_found_again(later, path):
    assert found((0, [HERE, OTHER]), (1, later)) == path


def test_a_board_that_comes_back_late_is_waited_for():
    assert found((0, [HERE]), (1, []), (9, [device("/dev/ttyACM2")])) == "/dev/ttyACM2"


@pytest.mark.parametrize("later", [[], [OTHER], [device("/dev/ttyACM0", number="S2")]])
def test_another_board_is_never_taken_for_it(later):
    with pytest.raises(RigError, match="has gone and did not come back within 15 s: look at the cable"):
        found((0, [HERE, OTHER]), (1, later) if later != [] else (1, []))


def test_a_board_is_known_by_its_place_where_numbers_are_alike():
    ours, twin = (device(f"/dev/ttyUSB{i}", number="0001", location=f"1-{i}") for i in (0, 1))
    moved = device("/dev/ttyUSB2", number="0001", location="1-0")
    assert found((0, [ours, twin]), (1, [twin, moved]), port="/dev/ttyUSB0") == "/dev/ttyUSB2"
    with pytest.raises(RigError, match="has gone"):
        found((0, [ours, twin]), (1, [twin]), port="/dev/ttyUSB0")


def test_another_board_of_the_same_maker_is_not_taken_for_it():
    nano = boards.load("nano33ble")
    uno = device("/dev/ttyACM3", pid=0x0043, number=None)
    bootloader = device("/dev/ttyACM3", pid=0x005A, number="its own")
    assert found((0, [HERE]), (1, [bootloader]), board=nano) == "/dev/ttyACM3"
    with pytest.raises(RigError, match="has gone"):
        found((0, [HERE]), (1, [uno]), board=nano)


def test_a_board_without_a_number_stays_at_its_path():
    plain = device("/dev/ttyUSB0", number=None)
    twin = device("/dev/ttyUSB1", number=None)
    assert found((0, [plain, twin]), (1, [plain, twin]), port="/dev/ttyUSB0") == "/dev/ttyUSB0"


def test_a_path_that_is_no_usb_device(tmp_path):
    (tmp_path / "tty").touch()
    assert found((0, []), (1, [HERE]), port=str(tmp_path / "tty")) == str(tmp_path / "tty")


def test_a_link_to_a_port_stays_the_name_of_it(tmp_path):
    (tmp_path / "by-id").symlink_to("/dev/null")
    there = device("/dev/null")
    assert found((0, [there]), (1, [there]), port=str(tmp_path / "by-id")) == str(tmp_path / "by-id")


def test_an_address_on_the_network_is_not_looked_for():
    assert found((0, []), (1, []), port="socket://lab:3000") == "socket://lab:3000"


def test_a_board_is_held_by_one_at_a_time():
    first = BoardLock("mine", "serial number S1")
    with pytest.raises(RigError, match=r"the board mine \(serial number S1\) is in use by process \d+ since "):
        BoardLock("mine", "serial number S1")
    BoardLock("yours", "serial number S2").release()
    first.release()
    first.release()
    BoardLock("mine", "serial number S1").release()


def test_what_a_dead_process_left_behind_holds_nothing():
    folder = paths.home() / "locks"
    folder.mkdir(parents=True)
    (folder / "serial_number_S1.lock").touch()
    (folder / "serial_number_S1.json").write_text(json.dumps({"pid": 1, "command": "gone", "since": "long ago"}))
    BoardLock("mine", "serial number S1").release()


REAL = [board for board in (boards.load(name) for name in boards.files()) if board.usb]


def test_ports_are_named_configured_or_found():
    board = REAL[0]
    vid, pid = (int(half, 16) for half in board.usb.ids[0].split(":"))
    at = [Device(path="/dev/ttyACM4", vid=vid, pid=pid)]
    assert choose_ports([board, BOARD], "/dev/x", {}.get, list) == {board.name: "/dev/x"}
    assert choose_ports([board], None, {board.name: "/dev/y"}.get, lambda: at) == {board.name: "/dev/y"}
    assert choose_ports([board], None, {}.get, lambda: at) == {board.name: "/dev/ttyACM4"}
    assert choose_ports([board, BOARD], None, {}.get, list) == {}
    with pytest.raises(MissingError, match=f"no port of the board {board.name} is known: attach it, or name"):
        require_ports([BOARD, board], {})
    require_ports([BOARD, board], {board.name: "/dev/null"})
    for port, why in (
        ("/dev/nowhere", "is not there"), ("/etc/passwd", "is no serial port"), ("socket://host", "is no address"),
        ("loop://", "is no address"), ("http://host:80", "is no address"), ("", "is no serial port"),
    ):  # fmt: skip
        with pytest.raises(UsageError if "address" in why else MissingError, match=why):
            require_ports([board], {board.name: port})
    with pytest.raises(UsageError, match="cannot both be at /dev/null"):
        choose_ports(REAL[:2], None, dict.fromkeys((b.name for b in REAL[:2]), "/dev/null").get, list)
    two = [*at, Device(path="/dev/ttyACM5", vid=vid, pid=pid)]
    with pytest.raises(UsageError, match="may be at /dev/ttyACM4, /dev/ttyACM5: name its port with --port"):
        choose_ports([board], None, {}.get, lambda: two)
    with pytest.raises(UsageError, match="no board of this run is real"):
        choose_ports([BOARD], "/dev/x", {}.get, list)
    with pytest.raises(UsageError, match="are real: name ports under"):
        choose_ports(REAL[:2], "/dev/x", {}.get, list)
