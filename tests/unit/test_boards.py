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
    assert nano.clock is spresense.clock is Clock.CYCLE_MODEL


def test_a_virtual_board_may_count_instructions():
    nano = boards.load("nano33ble-sim")
    counting = boards.with_clock(nano, Clock.INSTRUCTION_COUNT)
    assert counting.clock is Clock.INSTRUCTION_COUNT
    assert counting.digest == nano.digest, "the program is the same"
    assert boards.with_clock(nano, Clock.CYCLE_MODEL) is nano


@pytest.mark.parametrize(
    ("name", "clock"),
    [("nano33ble", "instruction-count"), ("nano33ble", "cycle-model"), ("uno-sim", "instruction-count")],
)
def test_a_clock_that_a_board_does_not_have(name, clock):
    with pytest.raises(UsageError, match=f"--clock {clock}: times on {name} are read from its .* clock alone"):
        boards.with_clock(boards.load(name), Clock(clock))


def test_cycles_of_a_board_whose_file_does_not_tell_them():
    board = boards.with_clock(boards.load("nano33ble-sim"), Clock.INSTRUCTION_COUNT)
    with pytest.raises(UsageError, match=r"instruction-count clock alone: its file has no \[cycles\]"):
        boards.with_clock(board, Clock.CYCLE_MODEL)


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
        ("[cycles]", r"mine.toml: the key 'cycles': expected a virtual Cortex-M board"),
        ("[flash]", r"mine.toml: the key 'core_bytes' in \[flash\] is missing"),
        ("name = 'x'", r"mine.toml: 'name' is not a key"),
        ("baud = ", r"mine.toml is not valid TOML"),
        ("[usb]\nids = ['2341']", r"mine.toml: the key 'usb.ids': expected VID:PID in hexadecimal"),
        ("[usb]\nids = []", r"mine.toml: the key 'usb.ids': name at least one"),
        ("[usb]\nids = [1]", r"mine.toml: the key 'usb.ids\[0\]': expected `str`, got `int`"),
        ("[usb]\nid = ['2341:0043']", r"mine.toml: unknown key 'id' in \[usb\]; did you mean 'ids'"),
        ("[upload]\nseconds = 'long'", r"mine.toml: the key 'upload.seconds': expected `float`, got `str`"),
        ("[upload]\nseconds = 0", r"mine.toml: the key 'upload.seconds': expected 0.1 to 3600, got 0"),
        ("[upload]\nseconds = nan", r"mine.toml: the key 'upload.seconds': expected 0.1 to 3600, got nan"),
        ("[upload]\nbootloader_seconds = -1", r"the key 'upload.bootloader_seconds': expected 0.1 to 3600, got -1"),
        ("baud = 1", r"mine.toml: the key 'baud': expected 300 to 12,000,000"),
        ("[flash]\ncore_bytes = 1", r"mine.toml: the key 'flash': expected a virtual board"),
        ("[core]\npackage_index = 'x'", r"mine.toml: the key 'core.package_index': expected the address"),
        ("[linker]\nram_region = 'a b'", r"mine.toml: the key 'linker': 'a b' is not a name"),
        (
            "[linker]\nscript = 'a.ld'",
            r"the key 'linker.enlarge': name script, and with it a property that holds {mcu",
        ),
        ("[linker.enlarge]\na.b = '{mcuprof.script}'", r"the key 'linker.enlarge': name script, and with it"),
        ("[linker.enlarge]\na.b = 1", r"the key 'linker.enlarge': expected `str`, got `int`"),
        ("[build_properties]\na.b = 1", r"mine.toml: the key 'build_properties': expected `str`, got `int`"),
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


@pytest.mark.parametrize("fqbn", ["a:b:c:", "a:b:c:Memory", "a:b:c:Memory=", "a:b:c:d=e:f", "a:b:c d", "a::c"])
def test_a_wrong_fqbn_with_options(tmp_path, fqbn):
    with pytest.raises(UsageError, match="the key 'fqbn'"):
        boards.load_file(write(tmp_path, GOOD.replace("vendor:arch:board", fqbn)))


def test_options_of_the_core_are_part_of_the_fqbn():
    board = boards.load("spresense")
    assert board.fqbn == "SPRESENSE:spresense:spresense:Core=Main,Memory=1536"
    assert (board.core_id, board.arduino_id) == ("SPRESENSE:spresense", "spresense")


def test_properties_of_the_core_need_no_quotes(tmp_path):
    text = GOOD + "[linker]\nscript = 'a.ld'\n[linker.enlarge]\ncore.script = '-T{mcuprof.script}'\n'b' = ''\n"
    assert boards.load_file(write(tmp_path, text)).linker.enlarge == {"core.script": "-T{mcuprof.script}", "b": ""}


def test_what_real_boards_say_of_themselves():
    nano, spresense, uno = boards.load("nano33ble"), boards.load("spresense"), boards.load("uno")
    assert not nano.interrupts_off
    assert (nano.reset, spresense.reset, uno.reset) == ("software", "dtr", "dtr")
    assert (nano.silence_s, spresense.silence_s, uno.silence_s) == (0, 2, 2)
    assert uno.linker.memory("text") == "FLASH"
    assert spresense.linker.memory("ram") == "RAM"
    assert spresense.linker.memory("gnssram") is None
    assert spresense.core.package_index.startswith("https://")
    assert [name for name in boards.files() if boards.load(name).core.package_index] == ["spresense"]


@pytest.mark.parametrize("name", ["nano33ble", "spresense"])
def test_a_real_board_has_the_memory_and_clock_of_its_virtual_twin(name):
    real, twin = boards.load(name), boards.load(f"{name}-sim")
    assert (real.flash_bytes, real.ram_bytes, real.clock_hz) == (twin.flash_bytes, twin.ram_bytes, twin.clock_hz)


def test_every_real_board_is_known_on_the_bus_and_no_id_is_two_boards():
    ids = [usb_id.lower() for name in boards.files() for usb_id in getattr(boards.load(name).usb, "ids", ())]
    assert len(set(ids)) == len(ids)
    assert all(boards.load(name).usb for name in boards.files() if not boards.load(name).is_virtual)


def test_a_mistyped_name_gets_the_nearest_one():
    with pytest.raises(UsageError, match="there is no board 'nano33ble-smi': did you mean 'nano33ble-sim'"):
        boards.load("nano33ble-smi")


def test_a_copy_of_a_board_file_is_another_board(tmp_path):
    write(tmp_path, GOOD)
    (tmp_path / "other.toml").write_text((tmp_path / "mine.toml").read_text())
    assert boards.load("mine", tmp_path).digest != boards.load("other", tmp_path).digest


@pytest.mark.parametrize("name", ["nanö", "two words", "x" * 33])
def test_a_name_that_the_firmware_cannot_tell(tmp_path, name):
    write(tmp_path, GOOD)
    path = (tmp_path / "mine.toml").rename(tmp_path / f"{name}.toml")
    with pytest.raises(UsageError, match="at most 32 letters"):
        boards.load_file(path)


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("clock_hz", "100_000_000_000", "the key 'clock_hz': expected at most 10 GHz"),
        ("title", '"two\\nlines"', "the key 'title': expected one line"),
    ],
)
def test_a_value_that_cannot_be(tmp_path, key, value, complaint):
    lines = [f"{key} = {value}" if line.startswith(key) else line for line in GOOD.splitlines()]
    write(tmp_path, "\n".join(lines) + "\n")
    with pytest.raises(UsageError, match=complaint):
        boards.load("mine", tmp_path)
