"""A network with int16 activations on virtual boards: TVM's executors give the bits that TFLM gives."""

import pytest

from harness.virtual import simavr
from tests.compiler.int16_networks import plain_classifier, small_classifier


@pytest.fixture
def outputs(mcuprof, tmp_path):
    """Run the network on a board and return the implementations' outputs, after those of TFLM's interpreter."""

    def measured(content, board, *implementations):
        path = tmp_path / "classifier.tflite"
        path.write_bytes(content)
        words = [word for name in implementations for word in ("--impl", name)]
        answer = mcuprof("run", path, "--board", board, "--runs", "1", "--json", *words)
        assert answer.code == 0, answer.err
        return {m["implementation"]: m for m in answer.measurements if m["metric"] == "output"}

    return measured


def require_right(cell):
    assert (cell["status"], cell["value"]) == ("ok", 0), cell["reason"]
    assert cell["details"]["compared"] == "every bit"


def test_on_a_cortex_m4(outputs):
    found = outputs(plain_classifier(), "nano33ble-sim", "tflm", "tvm-aot", "tvm-graph")
    require_right(found["tvm-aot"])
    require_right(found["tvm-graph"])
    if found["tflm"]["status"] == "unsupported":
        assert "has no CONV_2D for int16 activations" in found["tflm"]["reason"]
    else:
        require_right(found["tflm"])


@pytest.mark.skipif(simavr.missing() is not None, reason=str(simavr.missing()))
def test_on_an_avr(outputs):
    """An int has 16 bits there, and tables are read from an address space of their own."""
    found = outputs(small_classifier(), "mega-sim", "tvm-aot", "tvm-graph")
    require_right(found["tvm-aot"])
    require_right(found["tvm-graph"])
