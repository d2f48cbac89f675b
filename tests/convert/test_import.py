"""Models of other frameworks, made here, converted and run: needs the extras, and is skipped where they are not."""

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from harness import models
from harness.convert.kinds import Kind

NETWORKS = Path(__file__).parent / "networks.py"
MODELS = Path(__file__).parents[2] / "models"
MADE = {Kind.KERAS: "small.keras", Kind.SAVED_MODEL: "small", Kind.ONNX: "small.onnx", Kind.TORCH: "small.pt2"}


def needs(kind):
    missing = [name for module, name in kind.importer.packages if importlib.util.find_spec(module) is None]
    return pytest.mark.skipif(bool(missing), reason=f"the extra {kind.importer.extra} lacks {', '.join(missing)}")


quantizer = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_quantizer") is None, reason="the extra quantize is not installed"
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """One cache for all tests of this file, so that what is converted once is kept."""
    folder = tmp_path_factory.mktemp("caches")
    return os.environ | {
        "MCUPROF_CACHE": str(folder / "cache"),
        "PYTHONPATH": str(MODELS.parent),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
    }


@pytest.fixture
def python(environment, tmp_path):
    def run(*words, code=0):
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == code, done.stderr[-3000:]
        return done

    return run


@pytest.fixture
def mcuprof(python):
    def run(*words, code=0):
        done = python("-m", "harness", *words, code=code)
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=needs(kind), id=kind.value) for kind in Kind])
def test_each_kind_is_converted_and_taken_as_a_model(kind, python, mcuprof, tmp_path):
    python(NETWORKS, kind.value, tmp_path)
    found = json.loads(mcuprof("convert", MADE[kind], "out.tflite", "--json").stdout)["conversion"]
    assert found["compared"] == 8
    assert found["largest_difference"] < 1e-4 * found["largest_output"]
    (port,) = found["inputs"]
    assert port["shape"] == [1, 6, 8, 3]
    channels_first = kind in (Kind.ONNX, Kind.TORCH)
    assert port["source_shape"] == ([1, 3, 6, 8] if channels_first else [1, 6, 8, 3])
    assert port["permutation"] == ([0, 2, 3, 1] if channels_first else [0, 1, 2, 3])
    made = models.load(str(tmp_path / "out.tflite"))
    assert made.inputs[0].shape == (1, 6, 8, 3)
    # The second time it comes from the cache, where any command takes a model.
    seen = mcuprof("inspect", MADE[kind], "--json")
    assert "converting" not in seen.stderr
    assert "input" in seen.stderr
    assert json.loads(seen.stdout)["inspection"]["sha256"] == made.sha256


@needs(Kind.KERAS)
def test_a_keras_file_with_code_in_it_is_refused(python, mcuprof, tmp_path):
    python(NETWORKS, "lambda_keras", tmp_path)
    assert "cannot load it" in mcuprof("convert", "lambda.keras", "out.tflite", code=2).stderr
    assert not (tmp_path / "out.tflite").exists()


@needs(Kind.ONNX)
def test_an_open_axis_is_named(python, mcuprof, tmp_path):
    python(NETWORKS, "open_onnx", tmp_path)
    assert "'image' has the shape [?, 3, ?, 8]" in mcuprof("convert", "open.onnx", "out.tflite", code=2).stderr


@needs(Kind.ONNX)
def test_a_damaged_file_is_one_line(mcuprof, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"\xff" * 100)
    assert "no valid ONNX model" in mcuprof("convert", "bad.onnx", "out.tflite", code=2).stderr


@needs(Kind.TORCH)
def test_pickled_objects_are_refused(python, mcuprof, tmp_path):
    python(NETWORKS, "torch", tmp_path)
    with zipfile.ZipFile(tmp_path / "small.pt2", "a") as archive:
        archive.writestr("small/data/constants/custom_obj_0", b"cos\nsystem\n")
    assert "could run code" in mcuprof("convert", "small.pt2", "out.tflite", code=2).stderr


@pytest.fixture(scope="module")
def digits(environment, tmp_path_factory):
    """The digits as a Keras model, trained here, with its samples."""
    folder = tmp_path_factory.mktemp("digits")
    words = [sys.executable, MODELS / "make_models.py", "digits", "--float", "-o", folder]
    subprocess.run(words, env=environment, check=True, capture_output=True, timeout=500)
    return folder


@quantizer
@needs(Kind.KERAS)
@pytest.mark.parametrize(
    ("scheme", "dtype", "tvm"),
    [
        ("int8", "int8", True),
        ("int16x8", "int16", True),
        ("dynamic", "float32", False),
        ("float16", "float32", True),
    ],
)
def test_digits_lose_nothing(digits, mcuprof, tmp_path, scheme, dtype, tvm):
    data = "--data", digits / "digits_train.npz", "--test", digits / "digits_test.npz"
    done = mcuprof("quantize", digits / "digits.keras", *data, "--scheme", scheme, "-o", "q.tflite", "--json")
    found = json.loads(done.stdout)["quantization"]
    assert found["test_samples"] == 360
    assert found["before"]["scores"]["accuracy"] == pytest.approx(355 / 360, abs=0.01)
    assert found["after"]["scores"]["accuracy"] == pytest.approx(found["before"]["scores"]["accuracy"], abs=0.006)
    assert found["after"]["bytes"] < 0.7 * found["before"]["bytes"]
    assert models.load(str(tmp_path / "q.tflite")).inputs[0].dtype == dtype
    runs_on = {each["implementation"]: each["supported"] for each in found["runs_on"]}
    assert runs_on["tvm-aot"] is runs_on["tvm-graph"] is tvm
    if not any(runs_on.values()):
        assert "is known to run" in done.stderr or "no implementation runs" in done.stderr


@quantizer
@needs(Kind.KERAS)
def test_data_of_another_scale_are_refused(digits, mcuprof, tmp_path):
    with np.load(digits / "digits_test.npz") as stored:
        np.savez(tmp_path / "bright.npz", x_data=255 * stored["x_data"], y_data=stored["y_data"])
    words = "quantize", digits / "digits.keras", "--data", digits / "digits_train.npz", "-o", "q.tflite"
    assert "are they scaled alike?" in mcuprof(*words, "--test", "bright.npz", code=2).stderr
    assert not (tmp_path / "q.tflite").exists()


@quantizer
def test_a_network_without_labels_and_without_tensorflow(mcuprof, tmp_path, float_network):
    # Corners of the input alone, so that the calibration sees all that there is.
    np.savez(tmp_path / "d.npz", x_data=np.random.default_rng(0).integers(0, 2, (400, 4)).astype(np.float32))
    found = json.loads(mcuprof("quantize", float_network, "--data", "d.npz", "--json").stdout)["quantization"]
    assert found["calibration_samples"] == found["test_samples"] == 200
    assert "scores" not in found["before"]
    assert 0 < found["largest_difference"] < 0.05
    assert all(each["supported"] is not False for each in found["runs_on"])


@pytest.fixture
def float_network(tmp_path):
    from tests.compiler.networks import Network

    net = Network()
    x, y = net.tensor((1, 4), "float32"), net.tensor((1, 3), "float32")
    w = net.constant(np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32))
    b = net.constant(np.array([0.1, 0.2, 0.3], np.float32))
    net.operator("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", 1)
    path = tmp_path / "plain.tflite"
    path.write_bytes(net.finish([x], [y]))
    return path
