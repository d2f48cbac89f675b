"""An inspection in a terminal, as JSON and as a picture. ``--update-golden`` remakes the files."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from harness import boards, models
from harness.errors import MissingError, UnsupportedError
from harness.inspection import facts, picture, show, support
from harness.least import Least
from tests.compiler.networks import Network

GOLDEN = Path(__file__).parent / "inspection"


def model():
    """Two branches, one of them past an operator of somebody's own."""
    net = Network()
    x, a, b, c, y = (net.tensor((1, 4), scale=0.1) for _ in range(5))
    w = net.constant(np.arange(16, dtype=np.int8).reshape(4, 4), scale=0.02)
    net.operator("FULLY_CONNECTED", [x, w], [a], "FullyConnectedOptions", 4)
    net.operator("CUSTOM:Wobble", [a], [b])
    net.operator("RELU", [x], [c], version=2)
    net.operator("ADD", [b, c], [y], "AddOptions", 2)
    found = models.parse(net.finish([x], [y]), Path("branches.tflite"))
    return replace(found, name="branches")


class Fake:
    def __init__(self, name, answer):
        self.name, self._answer = name, answer

    def least(self, model, board):
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def parts():
    found = facts.of(model())
    implementations = [
        Fake("tflm", MissingError("there is no TFLM library here")),
        Fake("tvm-aot", UnsupportedError("operator 1 (CUSTOM, version 1) is not supported")),
        Fake("tvm-graph", Least(flash_bytes=16, ram_bytes=5_000, exact=True)),
    ]
    fits = support.fits(found.model, implementations, [boards.load("uno"), boards.load("nano33ble-sim")])
    return found, support.supports(fits), fits


def in_a_terminal():
    output = io.StringIO()
    show.show(*parts(), Console(file=output, width=100))
    return "".join(f"{line.rstrip()}\n" for line in output.getvalue().splitlines())


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("terminal.txt", in_a_terminal),
        ("inspection.json", lambda: json.dumps(show.document(*parts()), indent=1) + "\n"),
        ("graph.svg", lambda: picture.draw(parts()[0])),
    ],
)
def test_an_inspection(name, made, request):
    file, text = GOLDEN / f"{name}.golden", made()
    if request.config.getoption("--update-golden"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert file.read_text() == text
