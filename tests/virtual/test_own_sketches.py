"""Sketches that people wrote themselves: built by the real tool chain, on virtual boards, through the command."""

import hashlib
import re
import signal

import pytest
from conftest import wait_for

from harness import paths
from harness.virtual import simavr

NANO, UNO = "nano33ble-sim", "uno-sim"
BOARDS = [NANO] if simavr.missing() else [NANO, UNO]
ON_BOARDS = [word for board in BOARDS for word in ("--board", board)]

MALLOC = """
static char *volatile block;  // with "$5" and $other left alone
void setup() {
  block = (char *)malloc($alloc_size);
  Serial.begin(115200);
  Serial.println(block != NULL ? 1 : 0);
}
void loop() {}
"""
STATIC = """
#include "src/block.h"
void setup() {
  Serial.begin(115200);
  fill();
}
void loop() {
  Serial.println(block[0] == 1);
  delay(20);
}
"""
BLOCK_H = "#pragma once\nextern volatile char block[${alloc_size}];\nvoid fill();\n"
BLOCK_CPP = '#include "block.h"\nvolatile char block[$alloc_size];\nvoid fill() { block[0] = 1; }\n'
TIMES = """
volatile float value;
void setup() {
  Serial.begin(115200);
  Serial.println("Sketch 2");
  unsigned long total = 0;
  for (int run = 0; run < 5; run++) {
    value = 1;
    unsigned long start = micros();
    for (int i = 0; i < 1000; ++i) value = value * 1.01f;
    unsigned long took = micros() - start;
    total += took;
    Serial.println(took);
  }
  Serial.println("Total:");
  Serial.println(total);
}
void loop() {}
"""


@pytest.fixture
def sketch(tmp_path):
    """Write a sketch folder and return it; where the test ends, it must be as it was written."""
    made = {}

    def write(name, files):
        folder = tmp_path / name
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        made[folder] = state(folder)
        return folder

    yield write
    for folder, before in made.items():
        assert state(folder) == before, "the user's files were touched"


def state(folder):
    return {
        path.relative_to(folder): (
            path.stat().st_mtime_ns,
            path.is_dir() or hashlib.sha256(path.read_bytes()).digest(),
        )
        for path in [folder, *folder.rglob("*")]
    }


def exact(cell):
    """Return the value of a search, in which it was tried and one byte more too."""
    assert cell["status"] == "ok", cell["reason"]
    tried = {probe["size"]: probe["works"] for probe in cell["details"]["probes"]}
    assert (tried[cell["value"]], tried[cell["value"] + 1]) == (True, False)
    return cell["value"]


def by_board(answer):
    assert answer.code == 0, answer.err
    return {cell["board"]: cell for cell in answer.measurements}


def test_a_block_from_malloc(sketch, mcuprof):
    answer = mcuprof("ram-search", "--sketch", sketch("box", {"box.ino": MALLOC}), *ON_BOARDS, "--json")
    found = by_board(answer)
    # 262,144 B less 20,480 B for the real core and 32,768 B of stack; the rest is the core's own.
    assert 208_000 < exact(found[NANO]) < 262_144 - 20_480 - 32_768
    for cell in found.values():
        assert (cell["model"], cell["implementation"], cell["metric"]) == ("box", "sketch", "ram")
        assert cell["provenance"]["sketch_main"] == "box.ino"
        assert len(cell["provenance"]["sketch_sha256"]) == 64
    assert "$alloc_size = 1 (at most" in answer.err
    if UNO in found:
        assert 1_500 < exact(found[UNO]) < 2_048


def test_a_static_block_in_the_sub_folder(sketch, mcuprof):
    files = {"box.ino": STATIC, "src/block.h": BLOCK_H, "src/block.cpp": BLOCK_CPP}
    found = by_board(mcuprof("ram-search", "--sketch", sketch("box", files) / "box.ino", *ON_BOARDS, "--json"))
    for board, cell in found.items():
        exact(cell)
        first_above = next(p for p in cell["details"]["probes"] if p["size"] == cell["value"] + 1)
        assert "larger than the RAM" in first_above["why"] or board == UNO
        assert len(cell["details"]["probes"]) <= 12, "what the linker says was not used"


def test_times(sketch, mcuprof):
    folder = sketch("times", {"times.ino": TIMES})
    found = by_board(mcuprof("timing", "--sketch", folder, *ON_BOARDS, "--json"))
    cell = found[NANO]
    assert (cell["metric"], cell["clock"], cell["unit"]) == ("inference", "instruction-count", "instructions")
    assert cell["details"]["resolution"] == 64
    assert len(cell["samples"]) == 3
    assert all(sample % 64 == 0 for sample in cell["samples"])
    assert 4_000 < cell["value"] < 20_000, "a turn of the loop is four to twenty instructions"
    assert cell["at_clock_s"] == pytest.approx(cell["value"] / 64e6)
    if UNO in found:
        cell = found[UNO]
        assert (cell["clock"], cell["unit"], cell["details"]["resolution"]) == ("cycle-model", "cycles", 64)
        assert all(sample % 64 == 0 for sample in cell["samples"])
        assert 100_000 < cell["value"] < 500_000, "floating point in software takes 100 to 500 cycles a turn"


MARK = """
#if defined(__ARM_ARCH_7EM__)
#define MARK(n) __asm volatile("dbg #" #n ::: "memory")
#else
#define MARK(n)
#endif
"""
MARKED = MARK + TIMES.replace("for (int i", "MARK(1); for (int i").replace("1.01f;", "1.01f; MARK(2);")


def test_cycles_of_what_a_sketch_marks(sketch, mcuprof):
    folder = sketch("times", {"times.ino": MARKED})
    words = ("timing", "--sketch", folder, *ON_BOARDS, "--runs", "5", "--json")
    first, second = (by_board(mcuprof(*words)) for _ in range(2))
    cell = first[NANO]
    assert (cell["clock"], cell["unit"], len(cell["samples"])) == ("cycle-model", "cycles", 5)
    instructions = cell["details"]["printed_us"][0] * 64
    assert instructions < cell["value"] < 3 * instructions
    assert cell["samples"] == second[NANO]["samples"]
    if UNO in first:
        assert first[UNO]["clock"] == "cycle-model"
        assert first[UNO]["value"] % 64 == 0, "an AVR's times are those of its micros()"


def test_cycles_of_a_sketch_that_reads_a_clock_in_what_it_marks(sketch, mcuprof):
    folder = sketch("times", {"times.ino": MARKED.replace("1.01f;", "1.01f + micros() % 2;")})
    cell = by_board(mcuprof("timing", "--sketch", folder, "--board", NANO, "--json"))[NANO]
    assert (cell["status"], cell["clock"]) == ("ok", "cycle-model")


def test_markers_of_something_else_give_no_figure(sketch, mcuprof):
    folder = sketch("times", {"times.ino": MARK + TIMES.replace("value = 1;", "value = 1; MARK(1); MARK(2);")})
    answer = mcuprof("timing", "--sketch", folder, "--board", NANO, "--json")
    [cell] = answer.measurements
    assert (answer.code, cell["status"]) == (1, "wrong-output")
    assert "what it marks took 0 us" in cell["reason"]
    counted = mcuprof("timing", "--sketch", folder, "--board", NANO, "--clock", "instruction-count", "--json")
    assert by_board(counted)[NANO]["clock"] == "instruction-count"


NETWORK_H = """
inline bool network_start() { return true; }
inline bool network_run() {
  delayMicroseconds(1000);
  return true;
}
"""


def example(heading):
    """Return the sketch that the documentation shows under a heading."""
    page = (paths.PACKAGE.parent / "docs" / "own-sketches.md").read_text()
    section = page.split(f"## {heading}\n")[1]
    return (
        re.search(r"((?: {4}.*\n|\n)+)", section[section.index("    #include") :])[1].replace("\n    ", "\n").lstrip()
    )


def test_the_examples_of_the_documentation(sketch, mcuprof):
    files = {"docs.ino": example("Time"), "src/network.h": NETWORK_H}
    found = by_board(mcuprof("timing", "--sketch", sketch("docs", files), *ON_BOARDS, "--json"))
    assert found[NANO]["value"] == pytest.approx(64_000, rel=0.01)
    if UNO in found:
        assert found[UNO]["value"] == pytest.approx(16_000, rel=0.02)
    files["docs.ino"] = example("Unused RAM")
    words = ("--board", NANO, "--max", "1", "--timeout", "5")
    answer = mcuprof("ram-search", "--sketch", sketch("docs", files), *words)
    assert "still works with $alloc_size = 1," in answer.err


def test_more_times_than_come(sketch, mcuprof):
    folder = sketch("times", {"times.ino": TIMES})
    words = ("--board", NANO, "--runs", "9", "--timeout", "2", "--json")
    answer = mcuprof("timing", "--sketch", folder, *words)
    assert answer.code == 1
    assert answer.measurements[0]["status"] == "hung"
    assert "5 of 9 numbers" in answer.measurements[0]["reason"]


def test_a_sketch_that_mcuprof_has_written_has_the_same_flash(mcuprof, sketch, tmp_path):
    folder = tmp_path / "my_digits"
    words = ("--impl", "tvm-aot", "--board", NANO)
    assert mcuprof("sketch", "digits", *words, "-o", folder).code == 0
    [generated] = mcuprof("flash-size", "digits", *words, "--json").measurements
    [own] = mcuprof("flash-size", "--sketch", folder, "--board", NANO, "--json").measurements
    assert own["value"] == generated["value"]
    assert own["details"]["sections"] == generated["details"]["sections"]
    assert sum(own["details"]["parts"].values()) == own["value"]
    assert set(own["details"]["parts"]) == {"sketch", "C library", "core", "alignment"}
    table = mcuprof("flash-size", "--sketch", folder, "--board", NANO)
    assert "firmware" not in table.out
    assert "None" not in table.out
    report = mcuprof("report", "--markdown")
    assert "| my\\_digits | sketch |" in report.out


EDITED = """
#include "firmware.h"
#include "network.h"
void setup() {
  mcuprof::firmware_setup();
  char *volatile block = static_cast<char *>(malloc($alloc_size));
  if (block != nullptr) memset(block, 1, $alloc_size);
  Serial.println(block != nullptr && mcuprof::network_start() && mcuprof::network_infer() ? 1 : 0);
}
void loop() { mcuprof::firmware_loop(); }
"""


def test_a_network_in_the_users_own_sketch_has_the_same_headroom(mcuprof, sketch, tmp_path):
    """The firmware stays in, though it is not spoken to, so that nothing else lies in RAM."""
    words = ("--impl", "tvm-graph", "--board", NANO)
    folder = tmp_path / "mine"
    assert mcuprof("sketch", "digits", *words, "-o", folder).code == 0
    folder = sketch("mine", {"mine.ino": EDITED})
    [own] = mcuprof("ram-search", "--sketch", folder, "--board", NANO, "--json").measurements
    [generated] = mcuprof("ram-search", "digits", *words, "--json").measurements
    assert exact(own) == exact(generated)


def test_libraries(sketch, mcuprof, tmp_path):
    for place in ("book/libraries", "more", "box/libraries"):
        name = place.split("/", maxsplit=1)[0].title()
        library = tmp_path / place / name
        library.mkdir(parents=True)
        (library / f"{name}.h").write_text(f"int of_{name}();\n")
        (library / f"{name}.cpp").write_text(f'#include "{name}.h"\nint of_{name}() {{ return 1; }}\n')
        (library / "library.properties").write_text(f"name={name}\nversion=1.0.0\narchitectures=*\n")
    includes = "".join(f"#include <{name}.h>\n" for name in ("Book", "More", "Box"))
    text = includes + "void setup() { Serial.println(of_Book() + of_More() + of_Box()); }\nvoid loop() {}\n"
    folder = sketch("box", {"box.ino": text})
    words = ("--board", NANO, "--sketchbook", tmp_path / "book", "--libraries", tmp_path / "more", "--json")
    answer = mcuprof("flash-size", "--sketch", folder, *words)
    assert answer.code == 0, answer.err
    assert answer.measurements[0]["details"]["parts"]["library"] > 0


def test_a_sketch_that_does_not_compile(sketch, mcuprof):
    folder = sketch("box", {"box.ino": "void setup() { int x[$alloc_size] = nothing; }\nvoid loop() {}\n"})
    answer = mcuprof("ram-search", "--sketch", folder, "--board", NANO, "--json")
    assert answer.code == 1
    [cell] = answer.measurements
    assert cell["status"] == "tool-failed"
    assert re.search(r"box\.ino:1: 'nothing' was not declared", cell["reason"])


STACK = """
void __attribute__((noinline)) touch(volatile char *block) { block[0] = 1; }
void setup() {
  Serial.begin(115200);
  char block[$alloc_size];
  touch(block);
  Serial.println(1);
}
void loop() {}
"""


def test_a_block_on_the_stack_crashes_where_it_ends(sketch, mcuprof):
    folder = sketch("box", {"box.ino": STACK})
    words = ("--board", NANO, "--max", "40000", "--timeout", "5", "--json")
    [cell] = mcuprof("ram-search", "--sketch", folder, *words).measurements
    assert 32_000 < exact(cell) < 32_768
    assert any("it crashed: " in probe["why"] for probe in cell["details"]["probes"])


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("", "hung", "printed nothing within 2 s"),
        ('Serial.println("out of luck");', "wrong-output", "'out of luck'"),
        ("Serial.flush(); abort();", "crashed", "abort"),
        ("Serial.println(1);", "wrong-output", "volatile"),
    ],
)
def test_a_sketch_that_can_give_no_answer(sketch, mcuprof, body, status, said):
    text = f"void setup() {{ Serial.begin(115200); malloc($alloc_size); {body} }}\nvoid loop() {{}}\n"
    folder = sketch("box", {"box.ino": text})
    answer = mcuprof("ram-search", "--sketch", folder, "--board", NANO, "--timeout", "2", "--json")
    assert answer.code == 1
    [cell] = answer.measurements
    assert (cell["status"], cell["value"]) == (status, None)
    assert said in cell["reason"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ram-search", "digits", "--sketch", "BOX"], "there is no MODEL"),
        (["ram-search", "--sketch", "BOX", "--impl", "tflm", "--arena", "99"], "no --impl and no --arena"),
        (["flash-size", "--sketch", "BOX", "--no-fuse", "--data", "x.npz"], "no --no-fuse and no --data"),
        (["timing", "--sketch", "BOX", "--inputs", "4", "--tflm-library", "x"], "no --tflm-library and no --inputs"),
        (["ram-search", "--sketch", "BOX", "--method", "one-flash"], "no --method one-flash"),
        (["ram-search", "--sketch", "BOX"], "contains $alloc_size"),
        (["ram-search", "--sketch", "nowhere"], "there is no sketch nowhere"),
        (["timing", "--sketch", "BOX/notes.txt"], "is no sketch"),
        (["timing", "--sketch", "BOX", "--timeout", "nan"], "--timeout"),
        (["timing", "--sketch", "BOX", "--timeout", "-1"], "--timeout"),
        (["flash-size", "--sketch", "BOX", "--libraries", "nowhere"], "nowhere for Arduino libraries is not there"),
        (["flash-size", "--sketch", "BOX", "--board", "nano33"], "there is no board 'nano33'"),
        (["ram-search", "digits", "--max", "9"], "--max goes with --sketch"),
        (["timing", "digits", "--timeout", "9"], "--timeout goes with --sketch"),
        (["timing", "--sketch", "BOX", "--board", "uno", "--port", "socket://localhost:1"], "nothing is uploaded"),
        (["ram-search", "digits", "--method", "reflash", "--board", "uno", "--port", "socket://localhost:1"],
         "--method reflash uploads programs"),
    ],
)  # fmt: skip
def test_wrong_use(sketch, mcuprof, words, said):
    folder = sketch("box", {"box.ino": "void setup() {}\nvoid loop() {}\n", "notes.txt": "$alloc_size"})
    answer = mcuprof(*(word.replace("BOX", str(folder)) for word in words))
    assert answer.code == 2, answer.err
    assert said in answer.err
    assert len([line for line in answer.err.splitlines() if "error" in line]) == 1


def test_a_max_with_which_it_works_leaves_no_result(sketch, mcuprof, tmp_path):
    folder = sketch("box", {"box.ino": MALLOC})
    answer = mcuprof("ram-search", "--sketch", folder, "--max", "1000", "--board", NANO)
    assert answer.code == 2
    assert "give a larger one" in answer.err
    assert not list((tmp_path / "results").glob("*.json"))


def test_what_was_cut_off_is_not_gone_on_with(sketch, start, mcuprof, emulators, environment, tmp_path):
    folder = sketch("box", {"box.ino": MALLOC.replace("Serial.println", "delay(4000); Serial.println")})
    process = start("ram-search", "--sketch", folder, "--board", NANO)
    assert wait_for(emulators, 120), "no emulator was started"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert wait_for(lambda: not emulators(), 20), "an emulator was left behind"
    assert not list((tmp_path / "scratch").glob("mcuprof-*")), "something was left behind"
    answer = mcuprof("run", "--resume")
    assert answer.code == 2
    assert "no run to go on with" in answer.err
