"""The rendered sketches, byte for byte. ``--update-golden`` remakes the files; a change in them is to be reviewed."""

from pathlib import Path

import pytest

from harness import boards, models, sketch
from harness.case import Settings
from harness.implementations.tflm import Tflm
from harness.mlperf_tiny.variant import Dialect, Sent, speaking
from harness.sketch import Markers
from harness.tflm.headers import DebugLog, Operators, Resolver
from harness.tflm.library import TflmLibrary

GOLDEN = Path(__file__).parent


def library(*, old: bool) -> TflmLibrary:
    """A library of 2020, or one of today, that can do what ``digits`` needs."""
    names = {use.name for use in models.load("digits").operators}
    if old:
        operators = Operators(
            resolver=Resolver.REGISTRATIONS, custom={}, builtin={name: f"Register_{name}" for name in names}
        )
    else:
        methods = {name: "Add" + name.title().replace("_", "") for name in names}
        operators = Operators(resolver=Resolver.METHODS, custom={}, builtin=methods)
    return TflmLibrary(
        path=Path("/sketchbook/libraries/tflm"), name="tflm", version="2.2.0" if old else "2.4.0",
        kernels="reference kernels, 2020" if old else "CMSIS-NN, 2023", digest="0" * 64, include="tflm.h",
        operators=operators,
        error_reporter=old, debug_log=DebugLog.TEXT if old else DebugLog.FORMAT, weak_debug_log=not old,
        micro_string=not old,
    )  # fmt: skip


def tflm(*, old: bool, arena: int | None, markers=Markers.NONE):
    implementation = Tflm(Settings())
    implementation.__dict__["_library"] = library(old=old)
    return implementation.sketch(models.load("digits"), boards.load("nano33ble-sim"), arena, markers=markers)


def mlperf_tiny():
    board = boards.load("nano33ble-sim")
    dialect = Dialect(model_id="ic01", sent=Sent.PIXELS)
    return speaking(sketch.bare(board), models.load("digits"), board, "none", dialect)


CASES = {
    "tflm_2020": lambda: tflm(old=True, arena=4096),
    "tflm_today": lambda: tflm(old=False, arena=4096),
    "tflm_arena_search": lambda: tflm(old=False, arena=None),
    "tflm_2020_marked": lambda: tflm(old=True, arena=4096, markers=Markers.OPERATORS),
    "tflm_today_marked": lambda: tflm(old=False, arena=4096, markers=Markers.OPERATORS),
    "firmware_alone": lambda: sketch.bare(boards.load("spresense-sim")),
    "mlperf_tiny": mlperf_tiny,
}


@pytest.mark.parametrize("name", CASES)
def test_a_rendered_sketch(name, request):
    made = CASES[name]()
    copied = {file.name for file in (Path(sketch.paths.data_dir()) / "sketch_templates" / "common").iterdir()}
    rendered = {
        file: sketch.encoded(text)
        .decode()
        .replace(made.digest, "DIGEST")  # it stands for all files, those that are only copied too
        for file, text in made.files.items()
        if file not in copied and file != "model_data.cpp"
    }
    folder = GOLDEN / name
    if request.config.getoption("--update-golden"):
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for file, text in rendered.items():
            (folder / f"{file}.golden").write_text(text)
    stored = {path.name.removesuffix(".golden"): path.read_text() for path in folder.glob("*.golden")}
    assert rendered == stored


def test_the_model_in_the_sketch_is_the_file_itself():
    import re
    import struct

    model = models.load("digits")
    text = tflm(old=False, arena=4096).files["model_data.cpp"]
    words = [int(word, 16) for word in re.findall(r"0x[0-9a-f]+", text.split("{", 2)[2])]
    assert struct.pack(f"<{len(words)}Q", *words)[: len(model.data)] == model.data


def test_markers_make_no_other_files():
    """arduino-cli compiles core and library anew when the number of a sketch's files changes."""
    for old in (True, False):
        plain, marked = (tflm(old=old, arena=4096, markers=markers) for markers in Markers)
        assert plain.files.keys() == marked.files.keys()
        assert plain.digest != marked.digest


def test_the_digest_tells_sketches_apart():
    made = [CASES[name]().digest for name in CASES]
    assert len(set(made)) == len(made)
    assert tflm(old=True, arena=4096).digest == CASES["tflm_2020"]().digest
    assert tflm(old=True, arena=4097).digest != CASES["tflm_2020"]().digest
