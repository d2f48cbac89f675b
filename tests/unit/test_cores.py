import json
import os

import pytest

from harness import boards, cores
from harness.errors import MissingError, UsageError
from harness.platform import workplace


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a function that makes the workplace, in folders of this test alone."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setattr(cores, "SYSTEM", tmp_path / "system")
    monkeypatch.setenv("MCUPROF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MCUPROF_CACHE", str(tmp_path / "cache"))
    return workplace


@pytest.fixture
def sketchbook(tmp_path):
    """A sketchbook with the AVR core."""
    book = tmp_path / "book"
    put_core(book / "hardware" / "arduino" / "avr")
    return book


def put_core(folder):
    (folder / "cores").mkdir(parents=True)
    (folder / "boards.txt").write_text("uno.name=Uno\n")
    (folder / "cores" / "main.cpp").write_text("int main() {}\n")


def install_core(home, *, index=None):
    put_core(home / "arduino" / "packages" / "arduino" / "hardware" / "mbed_nano" / "4.2.1")
    if index:
        (home / "arduino" / index).write_text("{}")


def configuration(place):
    return json.loads(place.config.read_text())


def test_without_cores_of_the_users_the_workplace_is_named_by_the_platform_alone(place):
    made = place()
    assert made.root.name == made.digest
    assert configuration(made)["directories"]["data"] == str(made.root / "data")
    assert made.core("mcuprof:qemu") == made.hardware / "mcuprof" / "qemu"
    assert made.core("arduino:avr") is None
    assert made.core_stamp("mcuprof:qemu") == ""


def test_a_core_in_the_sketchbook_is_linked_and_never_written_to(place, sketchbook):
    before = sorted(sketchbook.rglob("*"))
    made = place(None, sketchbook)
    assert (made.core("arduino:avr") / "cores" / "main.cpp").is_file()
    assert (made.hardware / "arduino" / "avr").is_symlink()
    assert sorted(sketchbook.rglob("*")) == before
    assert made.digest == place().digest
    assert made.root != place().root
    assert place(None, sketchbook).root == made.root


def test_the_ides_sketchbook_serves_where_none_is_named(place, tmp_path):
    put_core(tmp_path / "user" / "Arduino" / "hardware" / "arduino" / "avr")
    assert place().core("arduino:avr") is not None


def test_a_sketchbook_that_is_not_there(place, tmp_path):
    with pytest.raises(UsageError, match=r"the sketchbook .*nowhere is not a folder"):
        place(None, tmp_path / "nowhere")


def test_the_users_cannot_replace_what_comes_with_mcuprof(place, sketchbook):
    put_core(sketchbook / "hardware" / "mcuprof" / "qemu")
    made = place(None, sketchbook)
    assert not (made.hardware / "mcuprof" / "qemu").is_symlink()
    assert (made.hardware / "mcuprof" / "qemu" / "platform.txt").is_file()


def test_tools_beside_a_core_are_linked_too(place, sketchbook):
    (sketchbook / "hardware" / "arduino" / "tools" / "avrdude" / "6.3").mkdir(parents=True)
    assert (place(None, sketchbook).hardware / "arduino" / "tools" / "avrdude" / "6.3").is_dir()


def test_a_changed_file_of_a_hand_placed_core_is_noticed(place, sketchbook):
    made = place(None, sketchbook)
    stamp = made.core_stamp("arduino:avr")
    assert stamp == made.core_stamp("arduino:avr") != ""
    os.utime(sketchbook / "hardware" / "arduino" / "avr" / "cores" / "main.cpp", (1, 1))
    assert made.core_stamp("arduino:avr") != stamp


def test_an_installed_core_outlives_the_cache(place, tmp_path):
    install_core(tmp_path / "home")
    made = place()
    assert cores.installed() == {"arduino:mbed_nano": cores.data_dir() / "packages/arduino/hardware/mbed_nano/4.2.1"}
    assert made.core("arduino:mbed_nano") is not None
    assert configuration(made)["directories"]["data"] == str(tmp_path / "home" / "arduino")
    assert configuration(made)["board_manager"]["additional_urls"] == []
    assert json.loads((cores.data_dir() / "library_index.json").read_text()) == {"libraries": []}
    assert json.loads((cores.data_dir() / "package_index.json").read_text()) == {"packages": []}
    assert made.digest == made.root.name.split("-")[0]


def test_arduino_cli_is_told_of_an_index_that_is_there_alone(place, tmp_path):
    install_core(tmp_path / "home", index="package_spresense_index.json")
    address = boards.load("spresense").core.package_index
    assert configuration(place())["board_manager"]["additional_urls"] == [address]


def test_a_missing_core_names_what_gets_it(place, sketchbook):
    with pytest.raises(
        MissingError, match="arduino:mbed_nano of the board nano33ble is not installed; `mcuprof setup"
    ):
        place().require_core(boards.load("nano33ble"))
    place(None, sketchbook).require_core(boards.load("uno"))
    place().require_core(boards.load("nano33ble-sim"))


def test_a_library_that_a_board_needs(place, sketchbook, tmp_path):
    (tmp_path / "mine.toml").write_text(
        'title = "M"\nfqbn = "arduino:avr:uno"\nclock_hz = 1\nflash_bytes = 1\nram_bytes = 1\n'
        '[core]\nlibraries = ["Needed"]\n'
    )
    board = boards.load_file(tmp_path / "mine.toml")
    made = place(None, sketchbook)
    with pytest.raises(MissingError, match=r"needs the Arduino library Needed: put it into .*book/libraries/Needed"):
        made.libraries(board)
    (sketchbook / "libraries" / "Needed").mkdir(parents=True)
    assert made.libraries(board) == [sketchbook / "libraries" / "Needed"]
    assert made.libraries(boards.load("uno")) == []


def test_libraries_that_are_links_are_known_by_what_they_link_to(tmp_path):
    (tmp_path / "elsewhere" / "Lib").mkdir(parents=True)
    (tmp_path / "libraries").mkdir()
    (tmp_path / "libraries" / "Lib").symlink_to(tmp_path / "elsewhere" / "Lib")
    before = cores.stamp_of_libraries(tmp_path / "libraries")
    assert cores.stamp_of_libraries(tmp_path / "libraries") == before
    (tmp_path / "elsewhere" / "Lib" / "Lib.h").write_text("new")
    assert cores.stamp_of_libraries(tmp_path / "libraries") != before
