"""The tables of accuracy, and its measurements as JSON. ``--update-golden`` remakes the files."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from harness.report import accuracy, terminal
from harness.store import to_json
from harness.types import Measurement, Status

GOLDEN = Path(__file__).parent / "accuracy"
SCORES = {"accuracy": 0.75, "precision_macro": 0.8333, "recall_macro": 0.75, "f1_macro": 0.7333}
HOST = {"by": "tflite-micro 1.0", "scores": SCORES, "outputs": "aaaa"}
FLOATS = {"by": "tflite-micro 1.0", "scores": dict.fromkeys(SCORES, 1.0), "outputs": "cccc"}


def measurement(implementation, board, *, outputs="aaaa", score=0.75, lost=(0.25, 0.0, 0.0), **more):
    same = 4 if outputs == "aaaa" else 2
    names = ("quantization", "implementation", "board")
    return Measurement(
        model="pets", implementation=implementation, board=board, metric="accuracy", status=Status.OK, reason="",
        value=score, unit="share", scores=SCORES | {"accuracy": score},
        details={
            "task": "classifier", "samples": 4, "samples_are": "4 of 10 samples by seed 1, each class with its share",
            "data": "x_data of pets.npz", "classes": ["cat", "[dog]"], "outputs": outputs, "host": HOST,
            "float_model": FLOATS, "accuracy_interval": [0.3, 0.95],
            "by_class": [
                {"class": 0, "precision": 1.0, "recall": 0.5, "f1": 0.6667, "samples": 2},
                {"class": 1, "precision": 0.6667, "recall": 1.0, "f1": 0.8, "samples": 2},
            ],
            "confusion_matrix": [[1, 1], [0, 2]], "same_outputs_as_host": same,
            "time": {"median": 100, "minimum": 90, "maximum": 120, "unit": "instructions", "at_clock_s": 1.5e-3},
            "losses": dict(zip(names, lost, strict=True)) | {"note": ""},
        } | more,
        provenance={"virtual": True, "clock_hz": 64_000_000},
    )  # fmt: skip


ALL = [
    measurement("tflm", "small"),
    measurement("tvm-aot", "small", outputs="bbbb", score=0.5, lost=(0.25, None, None)),
    measurement("flashed", "large", outputs="", same_outputs_as_host=None, time={}, lost=(None, None, None)),
]


def in_a_terminal():
    output = io.StringIO()
    terminal.show(ALL, Console(file=output, width=110))
    return "".join(f"{line.rstrip()}\n" for line in output.getvalue().splitlines())


@pytest.mark.parametrize(
    ("name", "made"),
    [("terminal.txt", in_a_terminal), ("measurement.json", lambda: json.dumps(to_json(ALL[0]), indent=1) + "\n")],
)
def test_accuracy(name, made, request):
    file, text = GOLDEN / f"{name}.golden", made()
    if request.config.getoption("--update-golden"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert file.read_text() == text


def test_why_the_float_model_has_no_score_is_told():
    without = measurement("tflm", "small", lost=(None, 0.0, 0.0), float_model={"by": "all are NaN", "scores": {}})
    titles = [title for title, _ in accuracy.tables([without])]
    assert "pets: what was lost; the float model has no score on the host: all are NaN" in titles
