"""``accuracy``: what it refuses, before a board or a compiler is touched."""

import numpy as np
import pytest
from click.testing import CliRunner

from harness.commands.accuracy import accuracy
from harness.errors import UsageError
from harness.store import Store


def call(*words):
    found = CliRunner().invoke(accuracy, list(map(str, words)), standalone_mode=False)
    if found.exception is not None:
        raise found.exception
    return found.output


def data(tmp_path, name="d.npz", **arrays):
    np.savez(tmp_path / name, **arrays)
    return tmp_path / name


X = np.zeros((4, 8, 8, 1), np.int8)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"x_data": X, "y_data": np.array([0, 1, 2, 10])}, "the label of sample 3 is 10, and the classes are 0 to 9"),
        ({"x_data": X, "y_data": np.array([0, 1, np.nan, 1])}, "the label of sample 2 is no finite number"),
        ({"x_data": X, "y_data": np.array([0, 1])}, "4 samples and y_data 2 labels"),
        ({"x_data": X}, "has no labels"),
        ({"x_data": X[:0], "y_data": np.array([])}, "holds no samples"),
        ({"x_data": X[:, :7], "y_data": np.zeros(4)}, r"the model takes int8 \[1, 8, 8, 1\]"),
        ({"x_data": np.array([{}], object), "y_data": np.zeros(1)}, "pickled"),
    ],
)
def test_bad_data(tmp_path, arrays, reason):
    with pytest.raises(UsageError, match=reason):
        call("digits", "--impl", "tvm-aot", "--data", data(tmp_path, **arrays))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("digits", "--sent", "uint8"), "go with --protocol mlperf-tiny"),
        (("digits", "--flashed"), "go with --protocol mlperf-tiny"),
        (("digits", "--flashed", "--protocol", "mlperf-tiny", "--impl", "tflm"), "and no --impl"),
        (("--flashed", "--protocol", "mlperf-tiny"), "name exactly one MODEL"),
        (("digits", "--flashed", "--protocol", "mlperf-tiny", "--board", "nano33ble-sim"), "is for real boards"),
        (("--float-model", "digits"), "name exactly one MODEL with it"),
        (("digits", "--impl", "tvm-aot", "--float-model", "digits"), "one input of float32 is needed"),
        (("digits", "--impl", "tvm-aot", "--task", "anomaly"), "gives 10 numbers for 64"),
        (("digits", "--resume"), "give nothing but"),
        (("--resume", "--samples", "3"), "give nothing but"),
        (("--resume",), "there is no run to go on with"),
    ],
)
def test_wrong_use(words, reason):
    with pytest.raises(UsageError, match=reason):
        call(*words)


def test_a_run_that_does_not_say_what_it_was_asked_for(tmp_path):
    store = Store(tmp_path / "results")
    run = store.begin({"accuracy": {"samples": 3, "colour": "red"}, "models": ["digits"]}, {})
    store.samples_folder(run).mkdir()
    with pytest.raises(UsageError, match="does not say what it was asked for"):
        call("--resume", "--results", store.folder)


def test_nothing_is_left_where_nothing_was_measured(tmp_path):
    with pytest.raises(UsageError):
        call("digits", "--data", tmp_path / "gone.npz", "--results", tmp_path / "results")
    assert not (tmp_path / "results").exists()
