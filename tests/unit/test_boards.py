import pytest

from harness import boards
from harness.errors import UsageError
from harness.types import Clock

GOOD = """
title = "A board"
fqbn = "vendor:arch:board"
clock_hz = 64_000_000
flash_bytes = 1000
ram_bytes = 1000
"""


def write(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", sorted(boards.files()))
def test_every_shipped_board_loads(name):
    board = boards.load(name)
    assert board.name == name
    assert board.is_virtual == name.endswith("-sim")


def test_the_virtual_boards_have_the_memory_of_the_boards_they_stand_for():
    nano, spresense = boards.load("nano33ble-sim"), boards.load("spresense-sim")
    assert (nano.flash_bytes, nano.ram_bytes, nano.clock_hz) == (983_040, 262_144, 64_000_000)
    assert (spresense.flash_bytes, spresense.ram_bytes, spresense.clock_hz) == (1_572_864, 1_572_864, 156_000_000)
    assert nano.virtual.ram_reserved_bytes == 20_480
    assert nano.clock is Clock.INSTRUCTION_COUNT


def test_a_board_of_ones_own(tmp_path):
    write(tmp_path, GOOD)
    board = boards.load("mine", tmp_path)
    assert (board.name, board.baud, board.clock) == ("mine", 115200, Clock.HARDWARE)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("flsh_bytes = 1", r"mine.toml: unknown key 'flsh_bytes'; did you mean 'flash_bytes'"),
        ("baud = 'fast'", r"mine.toml: the key 'baud': expected `int`, got `str`"),
        ("baud = 0", r"mine.toml: the key 'baud': 0 is too small"),
        ("[flash]\ncore_bytes = 1\ncore = 1", r"unknown key 'core' in \[flash\]; did you mean 'core_bytes'"),
        ("[flash]", r"mine.toml: the key 'core_bytes' in \[flash\] is missing"),
        ("name = 'x'", r"mine.toml: 'name' is not a key"),
        ("baud = ", r"mine.toml is not valid TOML"),
        (
            "[virtual]\nmachine='m'\nicount_shift=6\nram_reserved_bytes=900\nstack_bytes=100",
            r"mine.toml: \[virtual\] reserve and stack leave nothing of 1,000 bytes",
        ),
    ],
)
def test_a_wrong_board_file_names_the_file_and_the_key(tmp_path, change, complaint):
    with pytest.raises(UsageError, match=complaint):
        boards.load_file(write(tmp_path, GOOD + change))


def test_a_wrong_fqbn(tmp_path):
    with pytest.raises(UsageError, match="the key 'fqbn': expected vendor:architecture:board, got 'uno'"):
        boards.load_file(write(tmp_path, GOOD.replace("vendor:arch:board", "uno")))


def test_a_mistyped_name_gets_the_nearest_one():
    with pytest.raises(UsageError, match="there is no board 'nano33ble-smi': did you mean 'nano33ble-sim'"):
        boards.load("nano33ble-smi")
