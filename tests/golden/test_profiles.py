"""Profiles in every form, of made-up figures. ``--update-golden`` remakes the files; review what changes."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

import harness.profile.speedscope as scope
from harness.layout import Block
from harness.profile import flame, memory
from harness.profile.document import document
from harness.profile.functions import FunctionTime, Kind, Stack
from harness.profile.operators import Work, operator_times
from harness.profile.result import Profile, Usage
from harness.report import profile as tables
from harness.types import Clock, Status

GOLDEN = Path(__file__).parent / "profiles"

NETWORK = (
    Work(name="shaped", type="RESHAPE", output_shape=(1, 8, 8, 1), dtype="int8", macs=0),
    Work(name="padded", type="PAD", output_shape=(1, 10, 10, 1), dtype="int8", macs=0),
    Work(name="features", type="CONV_2D", output_shape=(1, 8, 8, 4), dtype="int8", macs=2304),
    Work(name="kept<3>", type="SVDF", output_shape=(1, 4), dtype="int8", macs=None),
    Work(name="answer", type="FULLY_CONNECTED", output_shape=(1, 10), dtype="float32", macs=2560),
)
FACTS = {"model": "net", "clock": Clock.CYCLE_MODEL, "clock_hz": 64_000_000, "board": "some-sim", "network": NETWORK}


def profile(implementation, parts, ticks, **facts):
    return Profile(
        implementation=implementation, status=Status.OK, operators=operator_times(NETWORK, parts, ticks),
        **FACTS | facts,
    )  # fmt: skip


ONE_BY_ONE = profile(
    "tflm", [(0,), (1,), (2,), (3,), (4,)], [120, 400, 60_000, 900, 30_000], inference=92_000, plain=91_950,
    has_dsp=True,
    functions=(
        FunctionTime(name="tflite::Conv<signed char>", kind=Kind.OPERATOR, ticks=70_000),
        FunctionTime(name="MultiplyByQuantizedMultiplier", kind=Kind.REQUANTIZATION, ticks=20_000),
        FunctionTime(name="tflite::Invoke", kind=Kind.RUNTIME, ticks=580),
        FunctionTime(name="memcpy", kind=Kind.MEMORY, ticks=420),
        *(FunctionTime(name=f"small_{n:02}", kind=Kind.OPERATOR, ticks=100) for n in range(10)),
    ),
    stacks=(
        Stack(frames=("inference", "tflite::Invoke", "#0 RESHAPE", "memcpy"), ticks=120),
        Stack(frames=("inference", "tflite::Invoke", "#2 CONV_2D", "tflite::Conv<signed char>"), ticks=60_000),
        Stack(
            frames=("inference", "tflite::Invoke", "#2 CONV_2D", "tflite::Conv<signed char>", "fixed_scale"),
            ticks=20_000,
        ),
        Stack(frames=("inference", "tflite::Invoke"), ticks=11_880),
    ),
    usage=Usage(heap=0, stack_idle=272, stack_started=400, stack_inferred=548),
    symbols=(("model_words", 6_464), ("tflite::Conv<signed char>", 1_200), ("memcpy", 308)),
    provenance={"runs_on": "TFLM 2.2.0 (lib, kernels of 2020)", "arena_bytes": 3_120, "core": "mcuprof:qemu 1"},
)  # fmt: skip
GROUPED = profile(
    "tvm-aot", [(1, 2), (3,), (4,)], [40_000, 700, 9_000], inference=49_750, plain=49_760, has_dsp=True,
    functions=(FunctionTime(name="op_pad_conv_2d", kind=Kind.OPERATOR, ticks=49_750),),
    stacks=(Stack(frames=("inference", "#1 PAD+CONV_2D", "op_pad_conv_2d"), ticks=49_750),),
    layout=(
        Block(name="input", offset=0, bytes=64, first=-1, last=0),
        Block(name="features", offset=64, bytes=256, first=0, last=1),
        Block(name="workspace", offset=320, bytes=100, first=0, last=0),
        Block(name="answer", offset=0, bytes=10, first=2, last=3),
    ),
    usage=Usage(heap=0, stack_idle=272, stack_started=272, stack_inferred=300),
    symbols=(("weights", 2_560), ("op_pad_conv_2d", 192), ("memcpy", 308)),
    provenance={"runs_on": "TVM 0.27.0, ahead of time", "arena_bytes": 420, "core": "mcuprof:qemu 1"},
)  # fmt: skip
REAL = profile(
    "tflm", [(0,), (1,), (2,), (3,), (4,)], [120, 400, 60_000, 900, 30_000], inference=92_100, plain=91_900,
    board="uno", clock=Clock.HARDWARE, clock_hz=16_000_000,
    stacks=(Stack(frames=("inference", "#2 CONV_2D"), ticks=60_000), Stack(frames=("inference",), ticks=32_100)),
)  # fmt: skip
COUNTED = profile(
    "tvm-aot", [(2,)], [10_000], clock=Clock.INSTRUCTION_COUNT, inference=10_100, plain=10_100, has_dsp=True,
    board="counted-sim",
)  # fmt: skip
FAILED = Profile(implementation="tvm-graph", status=Status.DOES_NOT_FIT, reason="8 bytes too many", **FACTS)
ALL = (ONE_BY_ONE, GROUPED, FAILED, REAL, COUNTED)


def terminal():
    console = Console(file=io.StringIO(), width=120, color_system=None)
    tables.show(ALL, console, flash=True)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


def as_json(made):
    return json.dumps(made, indent=1) + "\n"


CASES = {
    "terminal.txt": terminal,
    "flame.svg": lambda: flame.svg(ALL),
    "memory.svg": lambda: memory.svg(ALL),
    "speedscope.json": lambda: as_json(scope.document([ONE_BY_ONE, GROUPED, REAL]) | {"exporter": "mcuprof"}),
    "profiles.json": lambda: as_json(document(ALL, symbols=True)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_profile(name, request):
    made, place = CASES[name](), GOLDEN / f"{name}.golden"
    if request.config.getoption("--update-golden"):
        place.write_text(made, encoding="utf-8")
    assert made == place.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["flame.svg", "memory.svg"])
def test_a_picture_is_well_formed(name):
    from xml.etree import ElementTree

    root = ElementTree.fromstring(CASES[name]())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    widths = [float(r.get("x")) + float(r.get("width")) for r in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert max(widths) <= float(root.get("width"))


def test_a_picture_of_nothing_is_a_picture_too():
    assert "<svg" in flame.svg([])
    assert "<svg" in memory.svg([REAL])


def test_what_speedscope_wants():
    # By the schema that the document names: frames are shared, a sample is a list of them, its weight beside it.
    made = scope.document([ONE_BY_ONE, GROUPED])
    frames = made["shared"]["frames"]
    for told, source in zip(made["profiles"], (ONE_BY_ONE, GROUPED), strict=True):
        assert told["type"] == "sampled"
        assert len(told["samples"]) == len(told["weights"])
        assert told["endValue"] == sum(told["weights"])
        assert [[frames[i]["name"] for i in sample] for sample in told["samples"]] == [
            list(stack.frames) for stack in source.stacks
        ]


def test_figures_of_the_document():
    found = {(p["implementation"], p["board"]): p for p in document(ALL)["profiles"]}
    tflm = found["tflm", "some-sim"]
    assert tflm["inference_cycles"] == sum(o["cycles"] for o in tflm["operators"]) + tflm["overhead_cycles"]
    assert tflm["markers_cycles"] == 50
    assert [o["index"] for o in found["tvm-aot", "some-sim"]["operators"]] == [1, 3, 4]
    assert found["tvm-aot", "some-sim"]["operators_without_code"] == [0]
    counted = found["tvm-aot", "counted-sim"]
    assert (counted["inference_cycles"], counted["inference_instructions"]) == (None, 10_100)
    assert "operators" not in found["tvm-graph", "some-sim"]
    assert "symbols" not in tflm


def test_a_function_that_calls_itself_again_and_again():
    deep = profile("tflm", [], [], stacks=(Stack(frames=("inference", *["f"] * 5_000), ticks=10),))
    assert "10 cycles, 100.0 %" in flame.svg([deep])
