"""MLPerf Tiny's protocol: its lines, boards that lose some of them, samples put through it, and its firmware."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import boards, models, sketch
from harness.accuracy import measure
from harness.accuracy.examples import Choice, choose_examples
from harness.accuracy.journal import Journal
from harness.accuracy.scores import score
from harness.accuracy.task import Task
from harness.errors import HungError, RigError, UnsupportedError, UsageError
from harness.mlperf_tiny.device import Device, RefusedError
from harness.mlperf_tiny.fake import FakeMlperf
from harness.mlperf_tiny.runner import MlperfRunner
from harness.mlperf_tiny.variant import Dialect, Sent, speaking
from harness.mlperf_tiny.wire import Answer, LineReader, encode, load_commands
from harness.patience import FakeTimer


class FakePort:
    """A fake board whose port lets a fake timer pass where nothing comes."""

    def __init__(self, board, timer):
        self.board, self.timer = board, timer

    def read(self):
        data = self.board.read()
        if not data:
            self.timer.sleep(0.02)
        return data

    def write(self, data):
        self.board.write(data)

    def close(self):
        pass


def device(**more):
    board = FakeMlperf(**({"network": lambda data: [0.25, 0.75], "input_bytes": 70} | more))
    timer = FakeTimer()
    return Device(FakePort(board, timer), timer=timer), board


# The wire


def test_what_an_answer_says():
    found = Answer(lines=(
        "m-warmup-start-0", "m-lap-us-100", "noise", "m-lap-us-1600", "m-results-[0.5, -1.25,3]", "m-name-dut-[x y]",
        "m-model-[ic01]",
    ))  # fmt: skip
    assert (found.results, found.elapsed_s) == ((0.5, -1.25, 3.0), pytest.approx(1.5e-3))
    assert (found.name, found.model, found.error) == ("x y", "ic01", None)
    assert Answer(lines=("e-[Unknown command: db]",)).error == "Unknown command: db"


def test_a_clock_that_wraps():
    found = Answer(lines=(f"m-lap-us-{(1 << 32) - 500}", "m-lap-us-1000"))
    assert found.elapsed_s == pytest.approx(1.5e-3)


@pytest.mark.parametrize("line", ["m-results-[]", "m-results-[0.1,x]", "m-results-[0.1", "results-[0.1]"])
def test_results_that_are_none(line):
    assert not Answer(lines=(line,)).results


@given(st.binary(min_size=1, max_size=200))
def test_an_input_goes_in_pieces_that_any_firmware_has_room_for(data):
    first, *rest = list(load_commands(data))
    assert first == ("db", "load", str(len(data)))
    assert bytes.fromhex("".join(words[1] for words in rest)) == data
    assert all(len(encode(*words)) <= 80 for words in rest)


@given(st.lists(st.binary(max_size=30)))
def test_lines_do_not_depend_on_how_bytes_come(pieces):
    reader = LineReader()
    found = [line for piece in pieces for line in reader.feed(piece)]
    assert found == list(LineReader().feed(b"".join(pieces)))


# The device


def test_a_board_that_boots_first():
    found, board = device(deaf_to=3)
    found.hello()
    assert (found.name, found.model) == ("fake", "kws01")
    assert board.commands[:4] == ["name"] * 4


def test_a_board_that_does_not_say_which_model_it_has():
    found, _ = device(model="")
    found.hello()
    assert (found.name, found.model) == ("fake", "")


def test_nobody_answers():
    found, _ = device(deaf_to=10_000)
    with pytest.raises(RigError, match="nothing that speaks MLPerf Tiny's protocol answered within 10 s"):
        found.hello()


def test_an_inference():
    found, board = device()
    found.hello()
    found.load(bytes(range(70)))
    inferred = found.infer(10, 0, 5.0)
    assert (inferred.results, inferred.elapsed_s) == ((0.25, 0.75), pytest.approx(0.015))
    assert "db load 70" in board.commands


def test_what_the_board_refuses():
    found, _ = device(input_bytes=8)
    found.hello()
    with pytest.raises(RefusedError, match="another size"):
        found.load(bytes(70))
    with pytest.raises(RefusedError, match="Unknown command: sing"):
        found.ask("sing")


def test_an_answer_that_does_not_end():
    found, _ = device(mute_at=(3,))
    found.hello()
    with pytest.raises(HungError, match="did not end its answer to 'db load 70' within 5 s"):
        found.load(bytes(70))


# Samples


def of_signed(data):
    return (np.frombuffer(data, np.int8).astype(float) + 128) / 256


@pytest.fixture
def examples():
    found = choose_examples(models.load("digits"), None, Choice(samples=6))
    # Each label is the pixel that is brightest, so that a board can be right by looking at its input.
    return replace(found, targets=np.array([x.inputs[0].ravel()[:10].argmax() for x in found.read()]))


def predicted(examples, tmp_path, sent=Sent.AS_IT_IS, **more):
    found, board = device(input_bytes=64, **more)
    found.hello()
    runner = MlperfRunner(found, examples, boards.load("nano33ble"), sent)
    with Journal(tmp_path / "j", {}) as journal:
        return measure.predict(examples, runner, journal, lambda text: None), board


def test_samples_go_through_the_protocol(examples, tmp_path):
    found, _ = predicted(examples, tmp_path, network=lambda data: of_signed(data)[:10])
    assert score(Task.CLASSIFIER, examples.targets, found).scores["accuracy"] == 1.0
    assert [prediction.times for prediction in found] == [pytest.approx((1.5e-3,))] * 6
    assert {prediction.digest for prediction in found} == {""}


def test_pixels_are_sent_from_0(examples, tmp_path):
    found, _ = predicted(examples, tmp_path, Sent.PIXELS, network=lambda data: [byte / 256 for byte in data[:10]])
    assert score(Task.CLASSIFIER, examples.targets, found).scores["accuracy"] == 1.0


def test_a_lost_answer_costs_a_repeat_and_no_sample(examples, tmp_path):
    found, board = predicted(examples, tmp_path, network=lambda data: of_signed(data)[:10], mute_at=(4, 14, 23))
    assert score(Task.CLASSIFIER, examples.targets, found).scores["accuracy"] == 1.0
    assert sum(command.startswith("db load") for command in board.commands) > 6


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"network": lambda data: [1.0]}, r"it gave 1 results, and digits has 10 to give: is it another model\?"),
        ({"network": lambda data: []}, "has not results in it"),
    ],
)
def test_another_network_than_the_samples_are_for(examples, tmp_path, more, reason):
    with pytest.raises(RigError, match=reason):
        predicted(examples, tmp_path, **more)


def test_an_anomaly_detector_is_sent_real_numbers(tmp_path):
    model = models.load("digits")
    same = replace(model, outputs=model.inputs)
    np.savez(tmp_path / "d.npz", x_data=np.ones((4, 3, 8, 8, 1), np.float32) / 2, y_data=np.array([0, 1, 0, 1]))
    examples = choose_examples(same, tmp_path / "d.npz", Choice())
    assert examples.task is Task.ANOMALY
    errors = iter([1.0, 2.0, 6.0] * 4)
    found, board = device(input_bytes=256, network=lambda data: [next(errors)])
    found.hello()
    made = MlperfRunner(found, examples, boards.load("nano33ble"), Sent.AS_IT_IS).run(next(examples.read()))
    assert made.values == (3.0,)
    assert len(made.times) == 3
    assert "db load 256" in board.commands


# The firmware


def variant(dialect=None, model=None):
    board = boards.load("nano33ble-sim")
    return speaking(sketch.bare(board), model or models.load("digits"), board, "tflm", dialect or Dialect())


def test_the_sketch_has_the_other_firmware_alone():
    made = variant(Dialect(model_id="kws01"))
    names = set(made.files)
    assert not names & {"wire.cpp", "wire.h", "clock.h", "reset.h"}
    assert {"mcuprof_sketch.ino", "firmware.cpp", "firmware.h", "network.h", "network.cpp", "mlperf.h"} <= names
    assert made.digest != sketch.bare(boards.load("nano33ble-sim")).digest
    assert made.digest != variant().digest


def test_models_that_it_is_not_for():
    model = models.load("digits")
    with pytest.raises(UnsupportedError, match="the outputs of digits are int8"):
        variant(model=replace(model, outputs=model.outputs * 2))
    floats = replace(model, inputs=tuple(replace(t, dtype="float32") for t in model.inputs))
    with pytest.raises(UnsupportedError, match="pixels become int8, and digits takes float32"):
        variant(Dialect(sent=Sent.PIXELS), floats)


@pytest.mark.parametrize("name", ["", 'kws"01', "a b", "x" * 33, "é"])
def test_names_that_cannot_be_sent(name):
    with pytest.raises(UsageError, match="cannot be sent"):
        Dialect(model_id=name)
