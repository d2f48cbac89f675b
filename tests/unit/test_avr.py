import pytest

from harness import boards
from harness.errors import RigError, UsageError
from harness.firmware import Stretch
from harness.types import Clock
from harness.virtual.dtr import main, pull
from harness.virtual.simavr import hex_end

AVR = """
title = "A board"
fqbn = "arduino:avr:uno"
clock_hz = 16_000_000
flash_bytes = 32_256
ram_bytes = 2_048
[simavr]
mcu = "atmega328p"
bootloader = "optiboot/optiboot.c"
bootloader_flags = []
bootloader_bytes = 512
"""


@pytest.mark.parametrize("name", ["uno", "mega"])
def test_the_virtual_twin_has_the_facts_of_the_real_board(name):
    real, twin = boards.load(name), boards.load(f"{name}-sim")
    for fact in ("fqbn", "clock_hz", "flash_bytes", "ram_bytes"):
        assert getattr(real, fact) == getattr(twin, fact)
    assert (twin.is_virtual, twin.clock) == (True, Clock.CYCLE_MODEL)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('mcu = "atmega328p"\n', "", r"the key 'mcu' in \[simavr\] is missing"),
        ("atmega328p", "-v", r"the key 'simavr.mcu': expected a chip such as atmega328p, got '-v'"),
        ("optiboot.c", "optiboot.hex", r"the key 'simavr.bootloader': expected a .c in the core's folder"),
        ("bootloader_bytes = 512", "bootloader_bytes = 0", r"the key 'simavr.bootloader_bytes': 0 is too small"),
        ("bootloader_flags", "bootloader_flag", r"unknown key 'bootloader_flag' in \[simavr\]; did you mean"),
        (
            "[simavr]",
            '[virtual]\nmachine = "m"\nicount_shift = 6\nram_reserved_bytes = 0\nstack_bytes = 1\n[simavr]',
            r"\[virtual\] and \[simavr\] are two machines",
        ),
    ],
)
def test_a_wrong_board_file_names_the_key(tmp_path, old, new, complaint):
    (tmp_path / "mine.toml").write_text(AVR.replace(old, new))
    with pytest.raises(UsageError, match=complaint):
        boards.load("mine", tmp_path)


def test_a_second_virtual_board_of_the_same_core_is_no_clash(tmp_path):
    (tmp_path / "mine.toml").write_text(AVR)
    assert {"mine", "uno-sim"} <= {board.name for board in boards.load_all(tmp_path)}


def test_times_are_told_in_the_unit_of_the_board():
    uno, real, modelled = (boards.load(name) for name in ("uno-sim", "uno", "nano33ble-sim"))
    nano = boards.with_clock(modelled, Clock.INSTRUCTION_COUNT)
    assert Stretch(time=1600, unit="cycles").on(uno) == 1600
    assert Stretch(time=1600, unit="cycles").on(real) == pytest.approx(100e-6)
    assert Stretch(time=7, unit="instructions").on(nano) == 7
    assert Stretch(time=7, unit="instructions", cycles=9).on(modelled) == 9
    for stretch, board in ((Stretch(time=1, unit="s"), uno), (Stretch(time=1, unit="cycles"), nano)):
        with pytest.raises(RigError, match="the firmware tells times in"):
            stretch.on(board)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (":0400000001020304F2\n:00000001FF\n", 4),
        (":020000023000CC\n:04E000000102030412\n", 0x3E004),
        (":020000040003F7\n:04E000000102030412\n", 0x3E004),
        ("", 0),
    ],
)
def test_where_an_intel_hex_file_ends(text, end):
    assert hex_end(text) == end


def test_a_port_without_a_virtual_board_is_left_alone(tmp_path):
    assert pull(tmp_path / "ttyACM0") is None


def test_a_reset_without_a_command_is_wrong_use(capsys):
    assert main(["/dev/ttyACM0"]) == 2
    assert "usage" in capsys.readouterr().err
    assert main(["/dev/ttyACM0", "/nowhere/avrdude"]) == 1
    assert "/nowhere/avrdude cannot be run" in capsys.readouterr().err
