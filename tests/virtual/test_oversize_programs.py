"""Sizes of programs that a board has no room for: to the byte those of the same programs where there is room."""

import json
import re
import shutil
from pathlib import Path

import pytest

from harness import boards, paths
from harness.virtual import simavr

NETWORK = ("keyword_spotting", "--impl", "tvm-aot", "--json")
ROOM = (983_040, 262_144)
"""Flash and RAM of a Nano 33 BLE."""
NO_FLASH = 8_192
NO_RAM = 57_344
"""Leaves 4 KiB beside what the real core takes and the stack."""
needs_avr = pytest.mark.skipif(simavr.missing() is not None, reason=str(simavr.missing()))


@pytest.fixture
def own(tmp_path):
    """Write board files of the test's own; names are part of programs, so they are all equally long."""
    folder = tmp_path / "own"
    folder.mkdir()
    (tmp_path / "mcuprof.toml").write_text('boards = "own"\n')

    def write(name, text):
        assert len(name) == 4
        (folder / f"{name}.toml").write_text(text)

    return write


@pytest.fixture
def sized(own):
    """Write the file of a virtual Nano 33 BLE with so much flash and RAM."""

    def write(name, flash, ram):
        text = boards.files()["nano33ble-sim"].read_text().replace(":nano33ble", f":{name}")
        own(name, text.replace("983_040", str(flash)).replace("262_144", str(ram)))

    return write


def board_words(*names):
    return [word for name in names for word in ("--board", name)]


def by_board(answer):
    assert answer.code == 0, answer.err
    return {m["board"]: m for m in answer.measurements}


def test_what_would_make_it_fit(mcuprof, sized):
    sized("ampl", *ROOM)
    sized("ramm", ROOM[0], NO_RAM)
    cells = by_board(mcuprof("flash-size", *NETWORK, *board_words("ramm", "ampl")))
    advice = cells["ramm"]["details"]["advice"]
    over = cells["ramm"]["details"]["over_by_bytes"]
    assert re.fullmatch(
        r"most is needed at operator \d+ [A-Z0-9_ +]+: tensors of [\d,]+ bytes at once, .*", advice[0]
    )
    assert f"{over:,} bytes" in advice[1]
    assert f"would need {NO_RAM + over:,} bytes of RAM" in advice[-1]
    assert f"ampl ({ROOM[1]:,})" in advice[-1]
    assert "advice" not in cells["ampl"]["details"]
    shown = mcuprof("report")
    assert "keyword_spotting · tvm-aot · ramm: to make it fit: most is needed at operator" in " ".join(
        shown.out.split()
    )


def test_the_size_is_that_of_the_same_program_with_room(mcuprof, sized):
    sized("ampl", *ROOM)
    sized("none", NO_FLASH, NO_RAM)
    sized("flas", NO_FLASH, ROOM[1])
    sized("ramm", ROOM[0], NO_RAM)
    cells = by_board(mcuprof("flash-size", *NETWORK, *board_words("ampl", "none", "flas", "ramm")))
    fits = cells.pop("ampl")
    assert fits["status"] == "ok"
    assert "oversize" not in fits
    for name, memories in (("none", {"FLASH", "RAM"}), ("flas", {"FLASH"}), ("ramm", {"RAM"})):
        cell = cells[name]
        assert (cell["status"], cell["oversize"]) == ("does-not-fit", True)
        assert cell["value"] == fits["value"]
        for same in ("sections", "ram_sections", "parts", "program_bytes", "harness_bytes"):
            assert cell["details"][same] == fits["details"][same]
        over = cell["details"]["overflow"]
        assert set(over) == memories
        assert over.get("FLASH", 0) in (0, fits["value"] - NO_FLASH)
        assert all(f"{bytes_over:,} bytes larger than" in cell["reason"] for bytes_over in over.values())
    assert cells["none"]["details"]["overflow"]["RAM"] == cells["ramm"]["details"]["overflow"]["RAM"]
    # It is exactly so much that is missing.
    missing = cells["ramm"]["details"]["overflow"]["RAM"]
    sized("just", fits["value"], NO_RAM + missing)
    sized("less", fits["value"], NO_RAM + missing - 8)
    sized("byte", fits["value"] - 1, ROOM[1])
    cells = by_board(mcuprof("flash-size", *NETWORK, *board_words("just", "less", "byte")))
    assert {name: cell["value"] for name, cell in cells.items()} == dict.fromkeys(cells, fits["value"])
    assert cells["just"]["status"] == "ok"
    assert cells["less"]["details"]["overflow"] == {"RAM": 8}
    assert cells["byte"]["details"]["overflow"] == {"FLASH": 1}


def test_nothing_else_is_measured_and_nothing_is_run(mcuprof, sized, environment, tmp_path):
    sized("flas", NO_FLASH, ROOM[1])
    # Without an emulator on PATH a rig would fail.
    tools = tmp_path / "tools"
    tools.mkdir()
    for folder in environment["PATH"].split(":"):
        for program in Path(folder).glob("*"):
            if not program.name.startswith("qemu") and not (tools / program.name).is_symlink():
                (tools / program.name).symlink_to(program)
    environment["PATH"] = str(tools)
    answer = mcuprof("run", "digits", "--impl", "tvm-aot", "--board", "flas", "--json")
    assert answer.code == 0, answer.err
    assert {m["status"] for m in answer.measurements} == {"does-not-fit"}
    assert [m["metric"] for m in answer.measurements if m["value"] is not None] == ["flash"]
    assert [m["metric"] for m in answer.measurements if m.get("oversize")] == ["flash"]
    said = mcuprof("report").out
    size = next(m["value"] for m in answer.measurements if m["value"])
    assert f"{size:,}*" in said
    assert "a size with * is of a program that the board has no room for" in " ".join(said.split())


def test_a_static_arena_that_is_larger_than_the_ram(mcuprof, sized):
    sized("ampl", ROOM[0], 1 << 20)
    sized("ramm", *ROOM)
    words = ("flash-size", "digits", "--impl", "tflm", "--arena", "300000", "--json")
    cells = by_board(mcuprof(*words, *board_words("ampl", "ramm")))
    assert cells["ampl"]["status"] == "ok"
    assert cells["ramm"]["oversize"]
    assert cells["ramm"]["value"] == cells["ampl"]["value"]
    assert cells["ramm"]["details"]["over_by_bytes"] > 300_000 - ROOM[1]


def test_without_room_to_search_for_the_arena_the_size_is_told_without_it(mcuprof, sized):
    sized("ampl", *ROOM)
    sized("flas", 32_768, ROOM[1])
    cells = by_board(mcuprof("flash-size", "digits", "--impl", "tflm", "--json", *board_words("ampl", "flas")))
    assert cells["ampl"]["status"] == "ok"
    assert cells["flas"]["oversize"]
    assert cells["flas"]["provenance"]["arena_bytes"] is None
    assert "the size is without the arena" in cells["flas"]["reason"]
    assert cells["flas"]["value"] == pytest.approx(cells["ampl"]["value"], abs=16)


def test_without_ram_for_any_arena_the_size_is_told_all_the_same(mcuprof, sized):
    sized("ampl", *ROOM)
    sized("ramm", ROOM[0], NO_RAM + 4_096)
    words = ("flash-size", "keyword_spotting", "--impl", "tflm", "--json")
    cells = by_board(mcuprof(*words, *board_words("ampl", "ramm")))
    assert cells["ramm"]["oversize"]
    assert cells["ramm"]["details"]["over_by_at_least_bytes"] > 0
    assert cells["ramm"]["value"] == pytest.approx(cells["ampl"]["value"], abs=16)


@needs_avr
def test_on_an_avr_the_size_is_that_of_the_same_program_with_room(mcuprof, own):
    uno = boards.files()["uno"].read_text()
    limits = '"upload.maximum_size" = "8000000"\n"upload.maximum_data_size" = "60000"\n'
    room = uno.replace("32_256", "8_000_000").replace("2_048", "60_000")
    own("real", uno)
    own("ampl", room.replace("[build_properties]\n", f"[build_properties]\n{limits}"))
    cells = by_board(mcuprof("flash-size", *NETWORK, *board_words("real", "ampl")))
    assert cells["ampl"]["status"] == "ok"
    assert (cells["real"]["oversize"], cells["real"]["value"]) == (True, cells["ampl"]["value"])
    in_ram = sum(cells["ampl"]["details"]["ram_sections"].values())
    assert cells["real"]["details"]["overflow"] == {"RAM": in_ram - 2_048}


@needs_avr
def test_what_avr_gcc_cannot_count_stays_without_a_size(mcuprof):
    answer = mcuprof(
        "flash-size", "person_detection", "--impl", "tvm-aot", "--json", *board_words("uno-sim", "mega-sim")
    )
    for cell in by_board(answer).values():
        assert (cell["status"], cell["value"]) == ("does-not-fit", None)
        assert "larger than the whole RAM" in cell["reason"]
        assert cell["details"]["over_by_at_least_bytes"] > 0, "the program has data of its own besides"
        assert "oversize" not in cell


# In the form of Arduino's Mbed cores, where the linker is told to end the heap before the stack, and of Sony's.
MEMORIES = {
    "nano33ble": """
MEMORY
{
  FLASH (rx) : ORIGIN = 0x10000, LENGTH = %d*1024
  RAM (rwx) : ORIGIN = (0x20000000 + 0x100), LENGTH = (0x%x - 0x100) /* less what something takes */
  OUTSIDE (rw) : ORIGIN = 0x21000000, LENGTH = 64K
}
REGION_ALIAS("VECTORS", FLASH)
REGION_ALIAS("CODE", FLASH)
INCLUDE sections.ld
""",
    "spresense": """
MEMORY
{
    ram (rwx)  : ORIGIN = 0x0d000000, LENGTH = %dK
    other (rwx) : ORIGIN = 0x09000000, LENGTH = 0x%x
}
REGION_ALIAS("RAM", ram)
REGION_ALIAS("VECTORS", ram)
REGION_ALIAS("CODE", ram)
REGION_ALIAS("OUTSIDE", other)
INCLUDE sections.ld
""",
}
HEAP = "  .heap (NOLOAD) : { . = ORIGIN(RAM) + LENGTH(RAM) - 0x400; } > RAM :NONE\n"
FORMS = {
    "nano33ble": (
        '"-T{build.path}/{build.ldscript}"',
        'recipe.hooks.linking.prelink.1.pattern="{compiler.path}{compiler.c.cmd}" -E -P -x c '
        '"{build.variant.path}/{build.ldscript}" -o "{build.path}/{build.ldscript}"\n',
        "build.ldscript=script.ld",
        "script.ld",
    ),
    "spresense": (
        '"{build.ldscript}"',
        "variant.path={runtime.platform.path}/variants/{build.variant}\n",
        "build.ldscript=-T{variant.path}/ramconfig.ld",
        "ramconfig.ld",
    ),
}
"""How real cores tell the linker of its script: the flag, what makes the file, the board's property, its name."""


def core_in_the_form_of(board, place, kib, ram):
    """Make a core by hand: mcuprof's platform, with a script as the board's core has it and told of as it does."""
    flag, more, ldscript, name = FORMS[board]
    source = paths.data_dir() / "boards" / "cores" / "qemu"
    shutil.copytree(source, place, ignore=shutil.ignore_patterns("*.j2", "__pycache__"))
    platform = (place / "platform.txt").read_text()
    assert '"-T{build.ldscript}"' in platform
    (place / "platform.txt").write_text(platform.replace('"-T{build.ldscript}"', flag) + more)
    variant = place / "variants" / "mps2"
    (variant / name).write_text(MEMORIES[board] % (kib, ram))
    sections = (variant / "sections.ld").read_text()
    assert "  .noinit" in sections
    (variant / "sections.ld").write_text(sections.replace("  .noinit", f"{HEAP}  .noinit"))
    facts = [
        "name=X", "build.board=X", "build.core=arduino", "build.variant=mps2", "build.mcu=cortex-m4",
        "build.f_cpu=64000000L", "build.icount_shift=6", "build.flash_size=0", "build.ram_size=0",
        "build.ram_reserved=0", "build.stack_size=4096", "upload.tool=qemu", "upload.maximum_size=4000000",
        "upload.maximum_data_size=4000000", ldscript,
    ]  # fmt: skip
    (place / "boards.txt").write_text("".join(f"x.{fact}\n" for fact in facts))


def board_file(board, vendor, flash, ram):
    """Return a board file with the ``[linker]`` of the shipped one, whose data is what is tested."""
    linker = boards.load(board).linker
    regions = f'flash_region = "{linker.flash_region}"\nram_region = "{linker.ram_region}"\n'
    enlarge = "".join(f"{json.dumps(name)} = {json.dumps(value)}\n" for name, value in linker.enlarge.items())
    return (
        f'title = "X"\nfqbn = "{vendor}:arm:x"\nclock_hz = 64_000_000\nflash_bytes = {flash}\nram_bytes = {ram}\n'
        f"[linker]\n{regions}script = {json.dumps(linker.script)}\n[linker.enlarge]\n{enlarge}"
    )


@pytest.mark.parametrize("board", FORMS)
def test_the_shipped_board_files_know_how_their_cores_are_told_of_a_script(mcuprof, own, tmp_path, board):
    """With a core of their form, for the real ones are not on every machine."""
    for vendor, kib, ram in (("ampl", 512, 0x100000), ("none", 8, 0x2000)):
        core_in_the_form_of(board, tmp_path / "book" / "hardware" / vendor / "arm", kib, ram)
        own(vendor, board_file(board, vendor, 4_000_000, 4_000_000))
    words = ("flash-size", *NETWORK, "--sketchbook", tmp_path / "book")
    cells = by_board(mcuprof(*words, *board_words("ampl", "none")))
    assert cells["ampl"]["status"] == "ok"
    assert cells["none"]["oversize"], cells["none"]["reason"]
    assert cells["none"]["value"] == cells["ampl"]["value"]
    assert set(cells["none"]["details"]["overflow"]) == ({"RAM"} if board == "spresense" else {"FLASH", "RAM"})
