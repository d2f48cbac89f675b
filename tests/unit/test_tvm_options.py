"""What TVM's implementations compile with: the weights that were asked for, and loops for an AVR."""

import pytest

from harness import boards, config
from harness.case import Settings
from harness.compiler import executor
from harness.compiler.strategy import Kernels, Options, Sizes, Strategy, Weights, instructions, rule
from harness.errors import UsageError
from harness.implementations import tvm_aot


@pytest.fixture
def asked(monkeypatch):
    """The options of each compilation that was asked for."""
    found = []
    monkeypatch.setattr(executor, "compile_model", lambda _, options, choices: found.append(options))
    monkeypatch.setattr(executor, "tvm_version", lambda: "0.27.0")
    return found


@pytest.mark.parametrize(("board", "kernels"), [("nano33ble", Kernels.PACKED), ("uno", Kernels.LOOPS)])
def test_an_avr_gets_loops(asked, board, kernels):
    tvm_aot.create(Settings(weights=Weights.INT16, fuse=False)).check(None, boards.load(board))
    assert asked == [Options(fuse=False, weights=Weights.INT16, kernels=kernels)]


def test_weights_are_named_where_they_are_not_the_usual_ones(asked):
    assert tvm_aot.create(Settings()).describe() == "TVM 0.27.0, ahead of time"
    wide = tvm_aot.create(Settings(weights=Weights.INT16))
    assert wide.describe() == "TVM 0.27.0, ahead of time, int16 weights"
    assert wide.provenance()["weights"] == "int16"
    assert asked == []


def test_weights_in_the_file_of_settings(tmp_path):
    (tmp_path / config.FILE).write_text('weights = "int16"\n')
    assert config.load(tmp_path).weights is Weights.INT16
    (tmp_path / config.FILE).write_text('weights = "int4"\n')
    with pytest.raises(UsageError, match="weights"):
        config.load(tmp_path)


@pytest.mark.parametrize(("pixels", "tile"), [(1, 1), (2, 2), (3, 3), (36, 4), (9, 4), (125, 4)])
def test_the_rule_takes_the_tile_with_the_fewest_instructions(pixels, tile):
    sizes = Sizes(operators=("CONV_2D",), pixels=pixels, depth=64, channels=8)
    assert rule(Options())(sizes) == Strategy(tile=tile)
    assert all(instructions(sizes, tile) <= instructions(sizes, other) for other in (1, 2, 3, 4))
