"""``quantize``: data and networks that it refuses, how samples are shared out, and what it says."""

import importlib.util
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from harness import models
from harness.accuracy.host import OnHost
from harness.commands import quantize as command
from harness.errors import MissingError, UnsupportedError, UsageError
from harness.inspection.support import Support
from harness.models import OperatorUse, Tensor
from harness.quantization import data, pipeline, service, show, trial
from harness.quantization.scheme import Scheme
from harness.tflm import int16
from tests.compiler.networks import Network


def call(*words):
    found = CliRunner().invoke(command.quantize, list(map(str, words)), standalone_mode=False)
    if found.exception is not None:
        raise found.exception
    return found.output


def network(tmp_path, *, operator="TANH", dtype="float32", shape=(1, 2, 2, 3)):
    net = Network()
    scale = {} if dtype == "float32" else {"scale": 1 / 128, "zero_point": 0}
    x, y = net.tensor(shape, dtype, **scale), net.tensor(shape, dtype, **scale)
    net.operator(operator, [x], [y])
    path = tmp_path / "net.tflite"
    path.write_bytes(net.finish([x], [y]))
    return path


@pytest.fixture
def installed(monkeypatch):
    """Go on as if the quantizer were installed, up to where it would be started."""
    monkeypatch.setattr(service, "require_packages", lambda: None)
    monkeypatch.setattr(service, "name", lambda: "a quantizer 1.0")


X = np.random.default_rng(0).random((6, 2, 2, 3), np.float32)


@pytest.mark.parametrize(
    ("arrays", "words", "reason"),
    [
        ({"x_data": np.where(X > 0.9, np.nan, X)}, (), "of x_data holds NaN or infinity"),
        ({"x_data": X[:0]}, (), "holds no samples"),
        ({"x_data": np.zeros_like(X)}, (), "all values of the calibration samples are 0"),
        ({"x_data": (255 * X).astype(np.uint8)}, (), r"holds uint8 \[2, 2, 3\] items"),
        ({"x_data": X[:, :1]}, (), r"the model takes float32 \[1, 2, 2, 3\]"),
        ({"x_data": X.transpose(0, 3, 1, 2)}, (), "put the axes into that order"),
        ({"x_data": np.array([{}], object)}, (), "pickled"),
        ({"x_data": X, "y_data": np.full(6, 12)}, (), "the label of sample 0 is 12, and the classes are 0 to 11"),
        ({"x_data": X, "y_data": np.zeros(6)}, ("--task", "regressor"), "have 1 numbers a sample"),
        ({"x_data": 255 * X}, ("--range", 0, 1), "and --range says 0 to 1"),
    ],
)
def test_data_that_do_not_fit(tmp_path, installed, arrays, words, reason):
    path = tmp_path / "d.npz"
    np.savez(path, **arrays)
    with pytest.raises(UsageError, match=reason):
        call(network(tmp_path), "--data", path, "-o", tmp_path / "q.tflite", *words)
    assert not (tmp_path / "q.tflite").exists()


def test_a_zip_bomb(tmp_path, installed):
    np.savez_compressed(tmp_path / "d.npz", x_data=np.zeros((2_000_000, 2, 2, 3), np.float32))
    with pytest.raises(UsageError, match=r"unpack|bomb"):
        call(network(tmp_path), "--data", tmp_path / "d.npz", "-o", tmp_path / "q.tflite")


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ({"dtype": "int8"}, "is no float network"),
        ({"operator": "CUSTOM:Wobble"}, "custom operator Wobble"),
    ],
)
def test_networks_that_cannot_be_quantized(tmp_path, installed, made, reason):
    np.savez(tmp_path / "d.npz", x_data=X)
    with pytest.raises(UsageError, match=reason):
        call(network(tmp_path, **made), "--data", tmp_path / "d.npz", "-o", tmp_path / "q.tflite")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "name them with --data"),
        (("--scheme", "int16x8"), "name them with --data"),
        (("--data", "gone.npz"), "there is no data file gone.npz"),
        (("--range", 1, 0), "takes the smaller end first"),
        (("--range", "nan", 0), "takes the smaller end first"),
    ],
)
def test_wrong_use(tmp_path, installed, words, reason):
    with pytest.raises(UsageError, match=reason):
        call(network(tmp_path), "-o", tmp_path / "q.tflite", *words)


def test_the_name_and_place_of_what_is_written(tmp_path):
    with pytest.raises(UsageError, match="does not end so"):
        call("digits", "-o", tmp_path / "q.bin")
    (tmp_path / "q.tflite").write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        call("digits", "-o", tmp_path / "q.tflite")


def test_what_cannot_be_written_is_told_before_the_work(tmp_path):
    with pytest.raises(UsageError, match=r"gone/q\.tflite cannot be written: there is no folder"):
        call("digits", "-o", tmp_path / "gone" / "q.tflite")
    path = network(tmp_path)
    with pytest.raises(UsageError, match="is the float model"):
        call(path, "--force", "-o", path)


def test_the_network_whose_outputs_are_no_numbers_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "predict", lambda *given: OnHost(predictions=(), scored=None, by="NaN in sample 3"))
    monkeypatch.setattr(service, "interpreter", lambda: "LiteRT 1.0")
    np.savez(tmp_path / "d.npz", x_data=X)
    model = models.load(str(network(tmp_path)))
    with pytest.raises(UnsupportedError, match="the float network cannot be tried: NaN in sample 3"):
        trial.run(model, model, tmp_path / "d.npz", (0, 1), None)


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ai_edge_quantizer" else real(name))
    np.savez(tmp_path / "d.npz", x_data=X)
    with pytest.raises(MissingError, match=r"pip install 'mcuprof\[quantize\]'"):
        call(network(tmp_path), "--data", tmp_path / "d.npz", "-o", tmp_path / "q.tflite")


def test_the_schemes_of_the_command():
    assert [scheme.value for scheme in Scheme] == list(command._SCHEMES)


@given(st.integers(1, 500), st.integers(1, 300), st.integers(1, 300), st.integers(0, 9))
def test_no_sample_is_on_both_sides(count, calibration, test, seed):
    found = data.split(count, calibration=calibration, test=test, tests=None, seed=seed)
    assert found == data.split(count, calibration=calibration, test=test, tests=None, seed=seed)
    assert found.shared is (count == 1)
    assert 1 <= len(found.calibration) <= max(1, min(calibration, count // 2))
    assert 1 <= len(found.test) <= test
    assert set(found.calibration + found.test) <= set(range(count))
    if count > 1:
        assert not set(found.calibration) & set(found.test)


def test_a_test_set_of_its_own():
    found = data.split(10, calibration=20, test=3, tests=5, seed=0)
    assert found.calibration == tuple(range(10))
    assert len(found.test) == 3
    assert max(found.test) < 5


def quantized(tmp_path, *, answers, clipped=0.0):
    model = models.load(str(network(tmp_path, dtype="int8")))
    runs_on = tuple(Support(implementation=f"i{n}", supported=each, why="") for n, each in enumerate(answers))
    return pipeline.Quantized(source=model, model=model, split=None, trial=None, clipped=clipped, runs_on=runs_on)


@pytest.mark.parametrize(
    ("answers", "warned"),
    [([True, False], None), ([False, False], "no implementation runs"), ([False, None], "is known to run")],
)
def test_a_warning_where_nothing_runs_it(tmp_path, answers, warned):
    said = show.warnings(quantized(tmp_path, answers=answers))
    assert len(said) == (warned is not None)
    assert all(warned in each for each in said)


def test_a_warning_of_clipped_values(tmp_path):
    (said,) = show.warnings(quantized(tmp_path, answers=[True], clipped=0.02))
    assert said.startswith("2 % of the values")


def test_the_share_of_clipped_values(tmp_path):
    made = models.load(str(network(tmp_path, dtype="int8")))  # -1 to 0.99
    path = tmp_path / "d.npz"
    np.savez(path, x_data=np.concatenate([X / 2, X[:1] + 1, X[:1] / 2]))
    assert data.clipped_share(made, path, (0, 1)) == 0
    with pytest.raises(UsageError, match=r"50 % of the values .* are outside -1 to 0.99"):
        data.clipped_share(made, path, (0, 6))


def test_kernels_of_int16_are_looked_for_in_the_library(tmp_path):
    kernels = tmp_path / "src/tensorflow/lite/micro/kernels"
    (kernels / "cmsis_nn").mkdir(parents=True)
    (kernels / "conv.cc").write_text("case kTfLiteInt8:")
    tensor = Tensor(name="x", shape=(1,), dtype="int16", scale=1.0, zero_point=0)
    use = OperatorUse(name="CONV_2D", version=1, custom=None, count=1)
    model = replace(models.load("digits"), inputs=(tensor,), operators=(use,))
    library: Any = SimpleNamespace(path=tmp_path)
    with pytest.raises(UnsupportedError, match="has no CONV_2D for int16 activations"):
        int16.require_kernels(model, library)
    (kernels / "cmsis_nn" / "conv.cc").write_text("bias->type == kTfLiteInt64")
    int16.require_kernels(model, library)
    with pytest.raises(UnsupportedError, match="FULLY_CONNECTED"):
        int16.require_kernels(replace(model, operators=(replace(use, name="FULLY_CONNECTED"),)), library)
