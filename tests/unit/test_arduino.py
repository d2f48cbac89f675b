"""What is handed to arduino-cli, and what its answers are taken for; arduino-cli is a fake."""

from __future__ import annotations

import json

import filelock
import msgspec
import pytest
from fake_machine import FakeMachine

from harness import boards, cores, paths, sketch
from harness.arduino import Arduino
from harness.build_properties import Options
from harness.builds import Build
from harness.errors import DoesNotFitError, MissingError, ToolFailedError
from harness.platform import workplace

USES = (
    "Sketch uses {} bytes (1%) of program storage space. Maximum is 32256 bytes.\n"
    "Global variables use {} bytes (1%) of dynamic memory, leaving 1 for local variables. Maximum is 2048 bytes."
)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with the AVR core, its compiler and an arduino-cli whose compiling ends with ``machine.says``."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setattr(cores, "SYSTEM", tmp_path / "system")
    fake = FakeMachine(tmp_path, monkeypatch)
    core = tmp_path / "system" / "hardware" / "arduino" / "avr"
    core.mkdir(parents=True)
    (core / "boards.txt").write_text("")
    fake.add("bin", "avr-g++", "avr-g++ (GCC) 7.3.0\n")
    fake.says = ""
    fake.core = {"compiler.path": f"{tmp_path}/bin/", "compiler.cpp.cmd": "avr-g++"}
    fake.while_uploading = lambda: None
    (paths.home() / "locks").mkdir(parents=True)

    def arduino_cli(argv, kw):
        if "version" in argv:
            return "Version: 1.5.1"
        if "--show-properties" in argv:
            lines = [f"{name}={value}" for name, value in fake.core.items()]
            return json.dumps({"builder_result": {"build_properties": lines}})
        if "upload" in argv:
            fake.while_uploading()
            return "{}"
        return json.dumps({"success": False, "compiler_err": fake.says})

    fake.add("bin", "arduino-cli", arduino_cli)
    return fake


def with_properties(name, **properties):
    given = {key.replace("__", "."): value for key, value in properties.items()}
    return msgspec.structs.replace(boards.load(name), build_properties=given)


def after(word, call):
    return [call[index + 1] for index, one in enumerate(call) if one == word]


@pytest.mark.parametrize(
    ("says", "region", "over"),
    [
        ("ld: region `text' overflowed by 12 bytes", "FLASH", 12),
        ("ld: region `data' overflowed by 7 bytes\nld: region `text' overflowed by 3 bytes", "RAM", 7),
        (USES.format(32_300, 10), "FLASH", 44),
        (USES.format(32_256, 2_050), "RAM", 2),
    ],
)
def test_a_program_that_is_larger_than_the_board(machine, says, region, over):
    machine.says = says
    with pytest.raises(DoesNotFitError) as error:
        Arduino(workplace()).compile(sketch.empty(), boards.load("uno"), Options())
    assert (error.value.region, error.value.over_by) == (region, over)
    assert machine.envs[-1]["LC_ALL"] == "C"


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (
            "/usr/bin/../arm-none-eabi/bin/ld: cannot find /book/libs/libmbed.a: No such file or directory\n"
            "collect2: error: ld returned 1 exit status\n",
            "for uno: the linker says: cannot find /book/libs/libmbed.a: No such file or directory",
        ),
        ("ld: /b/x.o: in function `f':\nld: x.c:(.text+0x8): undefined reference to `g'", "says: x.c:.* undefined"),
        ("x.cpp:3:1: error: no type", "for uno: x.cpp:3:1: error: no type"),
        (
            "fork/exec {runtime.tools.rp2040tools.path}/elf2uf2: no such file or directory",
            r"the core's tool rp2040tools is not there .* runtime.tools.rp2040tools.path under \[board.uno.bu",
        ),
    ],
)
def test_the_reason_is_what_went_wrong_first(machine, says, told):
    machine.says = says
    with pytest.raises(ToolFailedError, match=told):
        Arduino(workplace()).compile(sketch.empty(), boards.load("uno"), Options())


def test_a_heap_that_reaches_the_end_of_ram_is_a_program_that_does_not_fit(machine):
    machine.says = "ld:/b/linker_script.ld:138 cannot move location counter backwards (from 20053e54 to 2003fc00)"
    with pytest.raises(DoesNotFitError, match="82,516 bytes larger than the RAM of nano33ble-sim") as error:
        Arduino(workplace()).compile(sketch.empty(), boards.load("nano33ble-sim"), Options())
    assert error.value.regions == {"RAM": 0x20053E54 - 0x2003FC00}


def test_build_properties_are_handed_on_as_they_are(machine):
    ctags = machine.add("bin", "arduino-ctags", "")
    board = with_properties("uno", compiler__path="/opt/", compiler__cpp__extra_flags="-DA=1")
    with pytest.raises(ToolFailedError, match="does not compile"):
        Arduino(workplace()).compile(sketch.empty(), board, Options(optimization="O2"))
    asked, compiled = (call for call in machine.calls if "compile" in call)
    common = {"compiler.path=/opt/", f"tools.ctags.cmd.path={ctags}"}
    assert set(after("--build-property", asked)) == common | {"compiler.cpp.extra_flags=-DA=1"}
    assert set(after("--build-property", compiled)) == common | {
        "compiler.cpp.extra_flags=-DA=1 -O2",
        "compiler.c.extra_flags=-O2",
    }


def test_two_boards_of_a_kind_share_no_build(machine):
    for name in ("left", "right"):
        board = msgspec.structs.replace(boards.load("uno"), name=name)
        with pytest.raises(ToolFailedError):
            Arduino(workplace()).compile(sketch.empty(), board, Options())
    left, right = (after("--build-path", call) for call in machine.calls if "--warnings" in call)
    assert left != right, "the firmware tells the name of its board"


def upload(machine, board, port):
    """Upload nothing, and return the call of arduino-cli."""
    nothing = {"key": "k", "sketch": "s", "build_path": "b", "program_bytes": 1, "data_bytes": 1, "seconds": 1}
    Arduino(workplace()).upload(Build(folder=machine.root, provenance={}, size_recipe="", **nothing), board, port)
    return machine.calls[-1]


def test_an_upload_gets_the_properties_of_its_tool(machine):
    board = with_properties(
        "uno", tools__avrdude__cmd__path="/bin/a", tools__ctags__cmd__path="/bin/c", upload__speed="9", build__x="1"
    )
    given = after("--upload-property", upload(machine, board, "/dev/ttyACM0"))
    assert set(given[1:]) == {"cmd.path=/bin/a", "upload.speed=9"}


def test_a_port_is_called_by_its_own_name_in_an_upload(machine):
    (machine.root / "ttyACM0").touch()
    (machine.root / "by-id").symlink_to("ttyACM0")
    for board, port in (("uno", "ttyACM0"), ("uno-sim", "by-id")):
        call = upload(machine, boards.load(board), str(machine.root / "by-id"))
        assert after("--port", call) == [str(machine.root / port)]


@pytest.mark.parametrize("waits", ["true", "false"])
def test_one_bootloader_is_waited_for_at_a_time(machine, waits):
    machine.core["upload.wait_for_upload_port"] = waits
    lock = filelock.FileLock(paths.home() / "locks" / "bootloader.lock")
    held = []

    def look():
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            held.append(True)
        else:
            lock.release()
            held.append(False)

    machine.while_uploading = look
    upload(machine, boards.load("uno"), "/dev/ttyACM0")
    assert held == [waits == "true"]


def test_a_missing_core_and_an_unknown_board_are_two_things(machine):
    machine.add("bin", "arduino-cli", lambda argv, _: "Version: 1.5.1" if "version" in argv else '{"error": "odd"}')
    arduino = Arduino(workplace())
    with pytest.raises(MissingError, match="`mcuprof setup --board nano33ble` gets it"):
        arduino.tools_of(boards.load("nano33ble"))
    with pytest.raises(MissingError, match="does not know the board uno by the FQBN arduino:avr:uno: odd"):
        arduino.tools_of(boards.load("uno"))
