import pytest

from harness import boards, config, ports, serial_port
from harness.commands.measure import default_board
from harness.serial_port import Device

UNO = Device(path="/dev/ttyACM1", vid=0x2341, pid=0x0043, serial_number="7")
NANO = Device(path="/dev/ttyACM0", vid=0x2341, pid=0x005A)
BOOTLOADER = Device(path="/dev/ttyACM0", vid=0x2341, pid=0x025A)
BRIDGE = Device(path="/dev/ttyUSB0", vid=0x10C4, pid=0xEA60)
STRANGER = Device(path="/dev/ttyUSB1", vid=0x1234, pid=0x5678)
ONBOARD = Device(path="/dev/ttyS0")
ALL = [boards.load(name) for name in boards.files()]


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        ([], {}),
        ([ONBOARD, STRANGER], {}),
        ([UNO, NANO, ONBOARD], {"uno": [UNO], "nano33ble": [NANO]}),
        ([BOOTLOADER], {"nano33ble": [BOOTLOADER]}),
        ([BRIDGE], {"spresense": [BRIDGE]}),
    ],
)
def test_a_board_is_known_by_its_usb_ids(devices, expected):
    assert ports.by_board(ALL, devices) == expected


def test_two_boards_of_a_kind_are_listed_by_path():
    other = Device(path="/dev/ttyACM0", vid=0x2A03, pid=0x0043)
    assert ports.by_board(ALL, [UNO, other]) == {"uno": [other, UNO]}


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        ([], None),
        ([STRANGER], None),
        ([UNO, NANO], None),
        ([UNO, STRANGER, ONBOARD], ("uno", UNO)),
        ([BRIDGE], None),
        ([BRIDGE, UNO], ("uno", UNO)),
    ],
)
def test_only_one_whose_ids_tell_which_it_is(devices, expected):
    assert ports.only_one(ALL, devices) == expected


@pytest.mark.parametrize(
    ("devices", "text", "name", "why"),
    [
        ([], "", "nano33ble-sim", ""),
        ([UNO, NANO], "", "nano33ble-sim", ""),
        ([UNO], "", "uno", ", the only known board attached (at /dev/ttyACM1)"),
        ([UNO], 'board = "mega"', "mega", ""),
    ],
)
def test_the_board_that_is_used_where_none_is_named(tmp_path, monkeypatch, devices, text, name, why):
    monkeypatch.setattr(serial_port, "attached", lambda: devices)
    (tmp_path / "mcuprof.toml").write_text(text)
    assert default_board(config.load(tmp_path)) == (name, why)
