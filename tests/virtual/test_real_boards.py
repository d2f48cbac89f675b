"""Real boards without the hardware: their cores, and whether sketches are fit for the compilers of those cores."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import boards, config, implementations, models, sketch
from harness.arduino import Arduino
from harness.build_properties import Options
from harness.case import Settings
from harness.errors import DoesNotFitError, MissingError
from harness.platform import workplace
from harness.sketch import Markers, Sketch, digest_of

AVR = Path("/usr/share/arduino/hardware/arduino/avr")
needs_avr = pytest.mark.skipif(
    not (AVR / "boards.txt").is_file() or shutil.which("avr-g++") is None, reason="Debian's arduino-core-avr"
)
# A core that was put there by hand is built with the system's compiler, and written with its avrdude.
AVR_SETTINGS = """
[board.uno.build_properties]
compiler.path = "/usr/bin/"
tools.avrdude.cmd.path = "/usr/bin/avrdude"
"""

FAKE_CLI = r"""#!/bin/sh
# An arduino-cli that installs an empty core into the data folder of its configuration.
case "$*" in
*version*) echo "arduino-cli  Version: 1.5.1"; exit 0 ;;
*--show-properties*)
  echo '{"builder_result": {"build_properties": ["compiler.path=", "compiler.cpp.cmd=arm-none-eabi-g++",'
  echo '"upload.tool.serial=bossac", "tools.bossac.cmd=true"]}}'
  exit 0 ;;
esac
echo "$*" >> "$CALLS"
case "$*" in
*"core install"*)
  data=$(sed 's/.*"data": "\([^"]*\)".*/\1/' "$2")
  mkdir -p "$data/packages/arduino/hardware/mbed_nano/4.2.1"
  : > "$data/packages/arduino/hardware/mbed_nano/4.2.1/boards.txt" ;;
esac
"""


@pytest.fixture
def avr_sketchbook(tmp_path):
    """A sketchbook that links to Debian's AVR core, with the ``mcuprof.toml`` that goes with it."""
    book = tmp_path / "book"
    (book / "hardware" / "arduino").mkdir(parents=True)
    (book / "hardware" / "arduino" / "avr").symlink_to(AVR)
    (tmp_path / "mcuprof.toml").write_text(f'sketchbook = "book"\n{AVR_SETTINGS}')
    return book


def test_without_a_network_setup_says_what_to_copy_where(mcuprof, environment, home, tmp_path):
    environment["HTTPS_PROXY"] = "http://127.0.0.1:9"
    answer = mcuprof("setup", "--board", "nano33ble")
    assert answer.code == 3
    assert len(answer.err.splitlines()) == 1
    assert "could not be downloaded" in answer.err
    assert "packages/arduino/hardware/mbed_nano/VERSION" in answer.err
    assert str(tmp_path / "user" / "Arduino" / "hardware" / "arduino" / "mbed_nano") in answer.err
    listed = {b["board"]: b for b in json.loads(mcuprof("boards", "--json").out)["boards"]}
    assert not listed["nano33ble"]["core_installed"]
    assert listed["nano33ble-sim"]["core_installed"]


def test_setup_installs_the_core_of_a_board(mcuprof, environment, home, tmp_path):
    fake = tmp_path / "tools" / "arduino-cli"
    fake.unlink()
    fake.write_text(FAKE_CLI)
    fake.chmod(0o755)
    environment["CALLS"] = str(tmp_path / "calls")
    answer = mcuprof("setup", "--board", "nano33ble")
    assert answer.code == 0, answer.err
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.split("--no-color ")[1] for call in calls] == ["core update-index", "core install arduino:mbed_nano"]
    assert "is there" in mcuprof("setup", "--board", "nano33ble").out
    listed = {b["board"]: b for b in json.loads(mcuprof("boards", "--json").out)["boards"]}
    assert listed["nano33ble"]["core_installed"]
    assert listed["nanorp2040connect"]["core_installed"]
    assert not listed["spresense"]["core_installed"]


def test_a_missing_core_is_told_before_the_work(mcuprof, home):
    answer = mcuprof("flash-size", "digits", "--board", "nano33ble-sim", "--board", "spresense")
    assert answer.code == 3
    assert "`mcuprof setup --board spresense` gets it" in answer.err
    assert "compile" not in answer.err


def test_a_sketch_is_written_without_the_core(mcuprof, home, tmp_path):
    answer = mcuprof("sketch", "digits", "-i", "tvm-aot", "--board", "spresense", "-o", tmp_path / "mine")
    assert answer.code == 0, answer.err
    assert (tmp_path / "mine" / "mine.ino").is_file()


def test_doctor_tells_of_one_board(mcuprof, home):
    answer = mcuprof("doctor", "--board", "nano33ble", "--json")
    assert answer.code == 3
    checks = {check["tool"]: check for check in json.loads(answer.out)["checks"]}
    assert checks["core arduino:mbed_nano"]["there"] == "NO"
    assert "qemu-system-arm" not in checks
    assert mcuprof("doctor", "--board", "nano33ble-sim").code == 0


@needs_avr
def test_a_hand_placed_core_builds_and_is_not_written_to(avr_sketchbook, tmp_path):
    before = sorted((p, p.lstat().st_mtime_ns) for p in AVR.rglob("*"))
    settings = config.load(tmp_path)
    arduino = Arduino(workplace(None, settings.path("sketchbook")))
    uno = settings.load_board("uno")
    build = arduino.compile(sketch.empty(), uno, Options(optimization="Os"))
    assert 300 < build.program_bytes < 1_000
    assert build.elf.is_file()
    assert build.provenance["core"].startswith("arduino:avr 1.")
    files = {"mcuprof_sketch.ino": "volatile char x[4000];\nvoid setup() { x[0] = 1; }\nvoid loop() {}\n"}
    with pytest.raises(DoesNotFitError, match="1,961 bytes larger than the RAM of uno"):
        arduino.compile(Sketch(files=files, digest=digest_of(files)), uno, Options())
    assert sorted((p, p.lstat().st_mtime_ns) for p in AVR.rglob("*")) == before


@needs_avr
def test_flash_size_on_a_hand_placed_core(mcuprof, avr_sketchbook):
    answer = mcuprof("flash-size", "digits", "--impl", "tvm-aot", "--board", "uno", "--json")
    assert answer.code == 0, answer.err
    assert answer.measurements[0]["status"] in ("ok", "does-not-fit")


@needs_avr
def test_a_board_that_the_core_does_not_know(avr_sketchbook, tmp_path):
    (tmp_path / "odd.toml").write_text(
        'title = "Odd"\nfqbn = "arduino:avr:odd"\nclock_hz = 1\nflash_bytes = 1\nram_bytes = 1\n'
    )
    arduino = Arduino(workplace(None, avr_sketchbook))
    with pytest.raises(MissingError, match="does not know the board odd by the FQBN arduino:avr:odd"):
        arduino.tools_of(boards.load("odd", tmp_path))


# The flags of Arduino's mbed core, and those of the Spresense's, which has C++11.
MBED = ["-std=gnu++14", "-mcpu=cortex-m4", "-mfloat-abi=softfp", "-mfpu=fpv4-sp-d16", "-funsigned-char", "-Wvla"]
RP2040 = ["-std=gnu++14", "-mcpu=cortex-m0plus", "-funsigned-char", "-Wvla"]
SPRESENSE = ["-std=gnu++11", "-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-fno-builtin"]
EXCEPTIONS = ["-fexceptions", "-fno-exceptions"]

# What the mbed core's Arduino.h declares that a sketch could clash with; of the Spresense's, micros().
ARDUINO_H = """
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#define bit(b) (1UL << (b))
#define F(x) (x)
#define PI 3.1415926535897932384626433832795
#define EULER 2.718281828459045235360287471352
#define DISABLED 0
#define DEFAULT 1
#define B1 1
#define LOW 0
#define HIGH 1
#define sq(x) ((x) * (x))
#define lowByte(w) ((uint8_t)((w) & 0xff))
#define word(...) makeWord(__VA_ARGS__)
typedef bool boolean;
typedef uint8_t byte;
uint16_t makeWord(uint8_t high, uint8_t low);
namespace mbed { class Timer; class Stream; template <typename T> class Span; class Callback; }
namespace rtos { class Thread; class Mutex; }
using namespace mbed;
using namespace rtos;
namespace arduino {
struct Stream_ {
  void begin(unsigned long) {}
  int available() { return 0; }
  int read() { return -1; }
  size_t write(const uint8_t *, size_t n) { return n; }
  void flush() {}
};
class Print; class Stream; class String;
}
using namespace arduino;
extern arduino::Stream_ Serial;
extern "C" {
MICROS micros(void);
void noInterrupts(void);
void interrupts(void);
void yield(void);
}
void setup(void);
void loop(void);
"""


@pytest.mark.parametrize("exceptions", EXCEPTIONS)
@pytest.mark.parametrize(
    ("board", "flags", "micros"),
    [
        ("nano33ble", MBED, "unsigned long"),
        ("nanorp2040connect", RP2040, "unsigned long"),
        ("spresense", SPRESENSE, "uint64_t"),
    ],
)
@pytest.mark.parametrize("markers", list(Markers))
@pytest.mark.parametrize("implementation", [*implementations.names(), "none"])
def test_sketches_are_fit_for_the_compilers_of_real_cores(
    tmp_path, implementation, markers, board, flags, micros, exceptions
):  # fmt: skip
    made, include = _sketch(implementation, boards.load(board), markers)
    folder = made.write(tmp_path / "sketch")
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "Arduino.h").write_text(ARDUINO_H.replace("MICROS", micros))
    common = ["-mthumb", "-fsyntax-only", "-Wall", "-Werror", f"-I{tmp_path / 'core'}", *include]
    plain = [flag for flag in flags if not flag.startswith("-std")]
    for source in sorted(folder.glob("*.c*")) + sorted(folder.glob("*.ino")):
        words = (
            ["arm-none-eabi-gcc", "-std=gnu11", *plain] if source.suffix == ".c" else ["arm-none-eabi-g++", *flags]
        )
        words += [] if source.suffix == ".c" else [exceptions, "-fno-rtti"]
        words += ["-x", "c++", "-include", "Arduino.h"] if source.suffix == ".ino" else []
        done = subprocess.run([*words, *common, str(source)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{source.name}:\n{done.stderr[:2000]}"


def _sketch(name, board, markers=Markers.NONE):
    """Return a sketch, and the flags that name its library's headers."""
    if name == "none":
        return sketch.bare(board), []
    implementation = implementations.create(name, Settings())
    made = implementation.sketch(models.load("digits"), board, 30_000, markers=markers)
    library = implementation.library()
    if library is None:
        return made, []
    # A library's own headers may warn; and what they include of Arduino's is there.
    return made, ["-isystem", str(library.path / "src"), *(f"-D{name}" for name in library.defines)]
