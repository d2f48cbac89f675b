"""``inspect``: what a file says of a network, without a compiler and without TVM."""

import json
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner

from harness import boards, config, implementations, models
from harness.case import Settings
from harness.commands.inspect import inspect
from harness.compiler import declared
from harness.compiler.strategy import Weights
from harness.errors import MissingError, UnsupportedError, UsageError
from harness.inspection import facts, picture, support
from harness.inspection.support import Verdict
from harness.least import Least
from harness.tuning.record import Objective
from tests.compiler.networks import Network


def loaded(tmp_path, net, inputs, outputs, name="made.tflite"):
    path = tmp_path / name
    path.write_bytes(net.finish(inputs, outputs))
    return models.load(str(path))


def dynamic_range(tmp_path):
    """Floats in and out, weights in int8."""
    net = Network()
    x, y = net.tensor((1, 4), "float32"), net.tensor((1, 2), "float32")
    w = net.constant(np.ones((2, 4), np.int8), scale=0.1)
    net.operator("FULLY_CONNECTED", [x, w], [y], "FullyConnectedOptions", 3)
    return loaded(tmp_path, net, [x], [y])


def custom(tmp_path):
    net = Network()
    x, y, z = (net.tensor((1, 4), "float32") for _ in range(3))
    net.operator("CUSTOM:Wobble", [x], [y])
    net.operator("ADD", [x, y], [z], "AddOptions")
    return loaded(tmp_path, net, [x], [z], "<b>odd & wild.tflite")


def call(*words):
    found = CliRunner().invoke(inspect, list(map(str, words)), standalone_mode=False)
    if found.exception is not None:
        raise found.exception
    return found.output


def test_what_is_known_of_the_digits():
    found = facts.of(models.load("digits"))
    assert (found.macs, found.parameters, found.weight_bytes) == (10_368, 2_874, 3_000)
    assert (found.activation_bytes, found.arena_bytes) == (64 + 512 + 128 + 256 + 10 + 10, 640)
    assert [operator.name for operator in found.operators][:2] == ["CONV_2D", "DEPTHWISE_CONV_2D"]
    assert [operator.alive_bytes for operator in found.operators] == [64 + 512, 512 + 128, 128 + 256, 256 + 10, 20]


def test_a_view_takes_no_memory_of_its_own(tmp_path):
    net = Network()
    x, v, y = net.tensor((1, 4, 4), "float32"), net.tensor((1, 16), "float32"), net.tensor((1, 16), "float32")
    net.operator("RESHAPE", [x], [v])
    net.operator("RELU", [v], [y])
    assert facts.of(loaded(tmp_path, net, [x], [y])).arena_bytes == 2 * 64


def test_the_first_input_lives_until_its_last_reader(tmp_path):
    found = facts.of(custom(tmp_path))
    assert [operator.alive_bytes for operator in found.operators] == [32, 48]


def test_custom_operators_are_named_and_their_macs_are_not_known(tmp_path):
    found = facts.of(custom(tmp_path))
    assert [(operator.name, operator.custom, operator.macs) for operator in found.operators] == [
        ("Wobble", True, None), ("ADD", False, 0),
    ]  # fmt: skip
    assert found.uncounted == ("Wobble",)


def test_why_tvm_cannot_run_it(tmp_path):
    aot = implementations.create("tvm-aot", Settings())
    board = boards.load("nano33ble-sim")
    for model, reason in (
        (custom(tmp_path), "CUSTOM, version 1.* is not supported for floats"),
        (dynamic_range(tmp_path), "computes in floats with integer weights"),
    ):
        with pytest.raises(UnsupportedError, match=reason):
            aot.least(model, board)


def test_an_operator_of_a_newer_version(tmp_path):
    net = Network()
    x, y = net.tensor((1, 4), scale=1.0), net.tensor((1, 4), scale=1.0)
    net.operator("RELU", [x], [y], version=99)
    with pytest.raises(UnsupportedError, match=r"version 99\) is not supported \(up to version 3 is\)"):
        implementations.create("tvm-aot", Settings()).least(loaded(tmp_path, net, [x], [y]), boards.load("uno"))


def test_a_board_that_is_too_small():
    found = support.fits(
        models.load("person_detection"), [implementations.create("tvm-aot", Settings())],
        [boards.load("uno"), boards.load("nano33ble")],
    )  # fmt: skip
    assert [fit.verdict for fit in found] == [Verdict.TOO_SMALL, Verdict.MAY_FIT]
    assert "2,048 B of RAM are free at most" in found[0].why
    assert support.supports(found)[0].supported is True


class Fixed:
    """An implementation that takes what it is told to."""

    name = "fixed"

    def __init__(self, least):
        self._least = least

    def least(self, model, board):
        if isinstance(self._least, Exception):
            raise self._least
        return self._least


@pytest.mark.parametrize(
    ("least", "verdict", "supported"),
    [
        (Least(flash_bytes=0, ram_bytes=1_572_865), Verdict.TOO_SMALL, True),
        (Least(flash_bytes=1_000_000, ram_bytes=600_000), Verdict.TOO_SMALL, True),  # one memory for both
        (Least(flash_bytes=1_000, ram_bytes=1_000), Verdict.MAY_FIT, True),
        (UnsupportedError("no"), Verdict.UNSUPPORTED, False),
        (MissingError("no library"), Verdict.UNKNOWN, None),
    ],
)
def test_verdicts(least, verdict, supported):
    found = support.fits(models.load("digits"), [Fixed(least)], [boards.load("spresense-sim")])
    assert found[0].verdict is verdict
    assert support.supports(found)[0].supported is supported


def test_the_picture_is_whole_and_escapes_what_a_file_is_called(tmp_path):
    drawn = picture.draw(facts.of(custom(tmp_path)))
    root = ElementTree.fromstring(drawn)
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[::2] == ["input", "Wobble", "ADD", "output"]
    assert set(texts[1::2]) == {"1\N{MULTIPLICATION SIGN}4 float32"}
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) == 4
    assert "<b>" not in drawn
    rows = [float(box.get("y")) for box in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert rows == sorted(set(rows))


def test_the_command_as_json(tmp_path):
    told = json.loads(call("digits", "--json", "--board", "uno", "--impl", "tvm-aot", "--svg", tmp_path / "g.svg"))
    found = told["inspection"]
    assert told["schema"] == 1
    assert found["macs"] == 10_368
    assert found["operators"][0]["outputs"][0]["shape"] == [1, 8, 8, 8]
    assert [(row["board"], row["verdict"]) for row in found["boards"]] == [("uno", "may fit")]
    assert (tmp_path / "g.svg").read_text().startswith("<svg")


def test_the_command_for_people(tmp_path):
    text = call(dynamic_range(tmp_path).path, "--board", "nano33ble", "--impl", "tvm-graph")
    assert "unsupported" in text
    assert "dynamic range" in text


def test_the_file_of_settings_counts_as_it_does_for_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / config.FILE).write_text('weights = "int16"\noptimization = "O2"\ntuning = "ram"\n')
    asked, create = [], implementations.create
    monkeypatch.setattr(implementations, "create", lambda name, how: asked.append(how) or create(name, how))
    call("digits", "--board", "uno", "--impl", "tvm-aot")
    (how,) = asked
    assert (how.weights, how.optimization, how.objective) == (Weights.INT16, "O2", Objective.RAM)
    assert how.tuning == tmp_path / "results" / "tuning"


def test_bad_input(tmp_path):
    path = tmp_path / "cut.tflite"
    path.write_bytes(models.bundled()["digits"].read_bytes()[:700])
    with pytest.raises(UsageError, match="damaged or cut short"):
        call(path)
    with pytest.raises(UsageError, match=r"ends in \.svg"):
        call("digits", "--svg", tmp_path / "digits.tflite")


def test_mutated_files_give_an_inspection_or_a_clear_error(tmp_path):
    random = np.random.default_rng(1)
    original = models.bundled()["digits"].read_bytes()
    aot = implementations.create("tvm-aot", Settings())
    for _ in range(150):
        data = bytearray(original)
        for _ in range(random.integers(1, 6)):
            data[random.integers(len(data) // 2, len(data))] = random.integers(256)
        try:
            found = facts.of(models.parse(bytes(data), tmp_path / "mutated.tflite"))
            ElementTree.fromstring(picture.draw(found))
            support.fits(found.model, [aot], [boards.load("uno")])
        except UsageError:
            pass


def test_the_operators_are_read_from_the_source():
    assert declared.integer_operators()["CONV_2D"] >= 3
    assert {"DIV", "SOFTMAX", "CONV_2D"} <= declared.float_operators()
    assert declared.conversions() == {"QUANTIZE", "DEQUANTIZE"}


def test_nothing_heavy_is_imported():
    heavy = {"tvm", "tensorflow", "sklearn", "scipy", "plotly"}
    before = heavy & set(sys.modules)
    call("digits", "--json")
    assert heavy & set(sys.modules) == before
