"""What is linked though no board takes it: how, what is kept of it, and what is said. arduino-cli is a fake."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from fake_machine import FakeMachine

from harness import boards, builds, cores, sketch
from harness.arduino import Arduino
from harness.build_properties import Options
from harness.builds import Build, Oversize
from harness.errors import DoesNotFitError
from harness.hardware import SCRIPT, Linker
from harness.metrics import flash
from harness.platform import workplace

SCRIPT_TEXT = "MEMORY { ROM : ORIGIN = 0, LENGTH = 16K\n RAM : ORIGIN = 0x20000000, LENGTH = 8K }\n"
LINKER = Linker(
    flash_region="ROM", ram_region="RAM", script="{build.path}/core.ld", enlarge={"core.script": f"{{{SCRIPT}}}"}
)
ROM_OVER = "ld: region `ROM' overflowed by 1000 bytes"
RAM_OVER = "ld: core.ld:9 cannot move location counter backwards (from 20002400 to 20001c00)"
CHECK_OVER = (
    "Sketch uses 20000 bytes (1%) of program storage space. Maximum is 16384 bytes.\n"
    "Global variables use 9000 bytes (1%) of dynamic memory, leaving 1 for local variables. Maximum is 8192 bytes."
)
REAL = [name for name in boards.files() if not boards.load(name).is_virtual]


class Cli(FakeMachine):
    """An arduino-cli that refuses as often as ``says`` has something to say, and then links."""

    def __init__(self, root, monkeypatch):
        super().__init__(root, monkeypatch)
        monkeypatch.setattr(cores, "SYSTEM", root / "none")
        core = root / "book" / "hardware" / "mine" / "arm"
        core.mkdir(parents=True)
        (core / "boards.txt").write_text("")
        self.says = []
        self.scripts = []
        self.add("bin", "cxx", "c++ 1.0\n")
        self.add("bin", "arduino-cli", self._answer)
        self.board = msgspec.structs.replace(
            boards.load("nano33ble"),
            name="mine",
            fqbn="mine:arm:mine",
            flash_bytes=16_384,
            ram_bytes=8_192,
            linker=LINKER,
        )
        self.arduino = Arduino(workplace(None, root / "book"))

    def _answer(self, argv, kw):
        if "version" in argv:
            return "Version: 1.5.1"
        if "--show-properties" in argv:
            names = ("recipe.objcopy.bin.pattern", "recipe.hooks.objcopy.postobjcopy.1.pattern", "recipe.c.o.pattern")
            lines = [f"{name}=tool" for name in names] + [f"compiler.path={self.root}/bin/", "compiler.cpp.cmd=cxx"]
            return json.dumps({"builder_result": {"build_properties": lines}})
        folder = Path(argv[argv.index("--build-path") + 1])
        folder.mkdir(exist_ok=True)
        (folder / "core.ld").write_text(SCRIPT_TEXT)
        given = self.given(argv)
        self.scripts.append(Path(given[SCRIPT]).read_text() if SCRIPT in given else None)
        if self.says:
            return json.dumps({"success": False, "compiler_err": self.says.pop(0)})
        for suffix in ("ino.elf", "ino.bin", "ino.map"):
            (folder / f"mcuprof_sketch.{suffix}").write_text(suffix)
        sizes = [{"name": "text", "size": 17_384}, {"name": "data", "size": 10}]
        return json.dumps({"success": True, "builder_result": {"executable_sections_size": sizes}})

    @staticmethod
    def given(argv):
        """Return the build properties of a call."""
        words = [argv[i + 1] for i, word in enumerate(argv) if word == "--build-property"]
        return dict(word.partition("=")[::2] for word in words)

    @property
    def compiled(self):
        """The build properties of the calls that compiled, in order."""
        return [self.given(call) for call in self.calls if "compile" in call and "--show-properties" not in call]

    def compile(self):
        return self.arduino.compile_any_size(sketch.empty(), self.board, Options())


@pytest.fixture
def cli(tmp_path, monkeypatch):
    return Cli(tmp_path, monkeypatch)


def test_what_fits_is_a_build_and_nothing_is_enlarged(cli):
    made = cli.compile()
    assert type(made) is Build
    assert [path.name for path in sorted(made.folder.glob("*.ino.*"))] == [
        "mcuprof_sketch.ino.bin", "mcuprof_sketch.ino.elf", "mcuprof_sketch.ino.map"
    ]  # fmt: skip
    assert cli.scripts == [None]


def test_a_program_that_overflows_a_region_is_linked_by_a_larger_script(cli):
    cli.says = [ROM_OVER]
    made = cli.compile()
    assert type(made) is Oversize
    assert (made.overflow, made.program_bytes) == ({"FLASH": 1000}, 17_384)
    assert cli.scripts == [None, SCRIPT_TEXT.replace("16K", f"(16K) + {1000 + (1 << 20)}")]
    first, second = cli.compiled
    assert "upload.maximum_size" not in first
    assert second["core.script"] == f"{{{SCRIPT}}}"
    assert int(second["upload.maximum_size"]) == int(second["upload.maximum_data_size"]) == 1 << 28


def test_nothing_is_made_or_kept_of_it_that_could_be_uploaded(cli):
    cli.says = [ROM_OVER]
    made = cli.compile()
    assert not isinstance(made, Build)
    assert sorted(path.name for path in made.folder.iterdir()) == [
        "build.json",
        "oversize.elf",
        "oversize.map",
        "sketch",
    ]
    assert made.elf.read_text() == "ino.elf"
    last = cli.compiled[-1]
    assert last["recipe.objcopy.bin.pattern"] == last["recipe.hooks.objcopy.postobjcopy.1.pattern"] == ""
    assert "recipe.c.o.pattern" not in last
    assert builds.kept(Build, made.key) is None


def test_it_is_linked_once(cli):
    cli.says = [ROM_OVER]
    first = cli.compile()
    calls = len(cli.calls)
    assert cli.compile() == first
    assert len(cli.calls) == calls


def test_a_linker_that_stops_at_the_first_region_is_asked_again(cli):
    """Where a script puts the heap at the end of RAM, the linker stops there, whatever else overflows."""
    cli.says = [RAM_OVER, ROM_OVER]
    made = cli.compile()
    assert made.overflow == {"RAM": 2048, "FLASH": 1000}
    assert [text and text.count(") + ") for text in cli.scripts] == [None, 1, 2]


def test_a_program_that_only_arduino_cli_refuses(cli):
    cli.board = msgspec.structs.replace(cli.board, linker=None)
    cli.says = [CHECK_OVER]
    made = cli.compile()
    assert made.overflow == {"FLASH": 3_616, "RAM": 808}
    assert cli.scripts == [None, None]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"linker": None},
            r"the file of the board mine does not say, under \[linker\], which script its core links by",
        ),
        ({"linker": Linker(ram_region="RAM")}, "does not say"),
        (
            {"linker": msgspec.structs.replace(LINKER, script="{build.variant.path}/core.ld")},
            r"the linker script \{build.variant.path\}/core.ld, which the file of the board mine names, cannot be",
        ),
    ],
)
def test_a_size_that_cannot_be_told_says_why(cli, changes, why):
    cli.board = msgspec.structs.replace(cli.board, **changes)
    cli.says = ["ld: region `RAM' overflowed by 7 bytes"]
    with pytest.raises(DoesNotFitError, match=why) as error:
        cli.compile()
    assert error.value.message.startswith(
        "the program is 7 bytes larger than the RAM of mine; its size cannot be told"
    )
    assert error.value.overflow == {"RAM": 7}


def test_a_region_that_the_script_lacks_is_named_with_the_script(cli):
    cli.says = ["ld: region `ITCM' overflowed by 7 bytes"]
    with pytest.raises(
        DoesNotFitError, match=r"does not define the region ITCM \(it defines: ROM, RAM\): /.*core.ld$"
    ):
        cli.compile()


def test_a_program_that_larger_memories_do_not_help(cli):
    cli.says = [ROM_OVER, ROM_OVER]
    with pytest.raises(DoesNotFitError, match="its size cannot be told: the linker finds no room for it"):
        cli.compile()
    cli.says = [ROM_OVER, "error: relocation truncated to fit"]
    with pytest.raises(
        DoesNotFitError, match="its size cannot be told: the sketch does not compile for mine: error: rel"
    ):
        cli.compile()


def test_every_memory_that_is_too_small_is_told(cli):
    cli.says = [f"{ROM_OVER}\nld: region `RAM' overflowed by 70000 bytes"]
    with pytest.raises(DoesNotFitError) as error:
        cli.arduino.compile(sketch.empty(), cli.board, Options())
    assert error.value.message == (
        "the program is 70,000 bytes larger than the RAM of mine and 1,000 bytes larger than its FLASH"
    )
    assert (error.value.region, error.value.over_by) == ("RAM", 70_000)


@pytest.mark.parametrize("name", REAL)
def test_every_real_board_says_how_its_regions_are_enlarged(name):
    linker, properties = boards.load(name).linker, boards.load(name).build_properties
    assert linker.ram_region
    if linker.script:
        assert any(f"{{{SCRIPT}}}" in value for value in linker.enlarge.values())
    else:  # regions that end beyond every program
        flags = properties["compiler.c.elf.extra_flags"]
        assert flags.count("_REGION_LENGTH__=0x7f0000") == 2


@pytest.mark.parametrize(
    ("name", "regions"), [("nano33ble-sim", ("FLASH", "RAM")), ("spresense-sim", ("", "RAM")), ("uno-sim", None)]
)
def test_the_virtual_boards_of_mcuprofs_platform_need_not_say_so(name, regions):
    linker = boards.load(name).linker
    assert (linker and (linker.flash_region, linker.ram_region)) == regions
    assert linker is None or linker.script.endswith("{build.ldscript}")


def program(kind, size, **facts):
    nothing = {"folder": Path("/"), "key": "k", "sketch": "s", "build_path": "b", "size_recipe": "", "provenance": {}}
    return kind(program_bytes=size, data_bytes=0, seconds=0, **nothing, **facts)


@pytest.mark.parametrize(
    ("board", "made", "overflow"),
    [
        # 2,000 bytes of the virtual core stand for the 83,400 of the real one.
        ("nano33ble-sim", program(Build, 901_640), {}),
        ("nano33ble-sim", program(Build, 901_641), {"FLASH": 1}),
        ("nano33ble-sim", program(Oversize, 1_000_000, overflow={"FLASH": 16_960}), {"FLASH": 98_360}),
        ("nano33ble-sim", program(Oversize, 901_640, overflow={"RAM": 5}), {"RAM": 5}),
        ("nano33ble-sim", program(Oversize, 901_650, overflow={"RAM": 5}), {"RAM": 5, "FLASH": 10}),
        ("spresense-sim", program(Oversize, 9_000_000, overflow={"RAM": 5}), {"RAM": 5}),
        ("spresense-sim", program(Build, 1_411_365), {"FLASH": 1}),
        ("nano33ble", program(Oversize, 990_000, overflow={"FLASH": 8_000}), {"FLASH": 8_000}),
        ("nano33ble", program(Build, 983_041), {"FLASH": 1}),
        ("spresense", program(Oversize, 1_600_000, overflow={"RAM": 30_000}), {"RAM": 30_000}),
        ("uno", program(Oversize, 50_000, overflow={"FLASH": 17_744, "RAM": 9}), {"FLASH": 17_744, "RAM": 9}),
    ],
)
def test_bytes_over_are_in_the_figures_of_the_board(board, made, overflow):
    assert flash.overflow(made, 2_000, boards.load(board)) == overflow
