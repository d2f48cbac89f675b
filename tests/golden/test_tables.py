"""A table with a size that has a ``*``, in a terminal and as Markdown. ``--update-golden`` remakes the files."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from harness.report import terminal
from harness.report.exporters import markdown
from harness.types import Clock, Measurement, Status

COUNT = Clock.INSTRUCTION_COUNT
GOLDEN = Path(__file__).parent / "oversize_table"
REASON = "the program is 290,556 bytes larger than the FLASH of small and 67 bytes larger than its RAM"
FLASH = {
    "parts": {"model": 297_680, "library": 28_739, "core": 83_902, "harness": 3_128, "C library": 8_355},
    "sections": {".text": 339_748, ".data": 284, ".vectors": 192, ".ARM.exidx": 12},
    "empty_sketch_bytes": 2_008, "real_core_bytes": 83_400, "harness_only_bytes": 8_900, "harness_bytes": 6_892,
}  # fmt: skip


def measurement(implementation, metric, value, *, fits=True, unit="B", **more):
    return Measurement(
        model="person_detection", implementation=implementation, board="small", metric=metric,
        status=Status.OK if fits else Status.DOES_NOT_FIT, reason="" if fits else REASON, value=value, unit=unit,
        samples=() if value is None else (value,),
        details=FLASH | {"harness_static_bytes": 4_096, "probes": []} if value else {},
        provenance={"virtual": True, "clock_hz": 64_000_000}, **more,
    )  # fmt: skip


ALL = [
    measurement("tflm", "flash", 421_804, fits=False),
    measurement("tflm", "ram", None, fits=False),
    measurement("tflm", "inference", None, fits=False),
    measurement("tvm-aot", "flash", 98_304),
    measurement("tvm-aot", "ram", 120_832),
    measurement("tvm-aot", "inference", 5_121_011, unit="instructions", clock=COUNT, at_clock_s=0.08),
]  # fmt: skip


def in_a_terminal(measurements):
    output = io.StringIO()
    terminal.show(measurements, Console(file=output, width=100))
    return output.getvalue()


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("terminal", in_a_terminal(ALL)),
        ("sizes_alone", in_a_terminal([m for m in ALL if m.metric == "flash"])),
        ("markdown", markdown.document(ALL)),
    ],
)
def test_a_table(name, made, request):
    file = GOLDEN / f"{name}.golden"
    text = "".join(f"{line.rstrip()}\n" for line in made.splitlines())
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text)
    assert text == file.read_text()
