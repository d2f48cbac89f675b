import numpy as np
import pytest

from harness import models
from harness.errors import UsageError


def damaged(tmp_path, change):
    data = bytearray(models.bundled()["digits"].read_bytes())
    path = tmp_path / "odd.tflite"
    path.write_bytes(change(data))
    return str(path)


def test_the_bundled_models_load():
    assert {"keyword_spotting", "person_detection", "digits"} <= set(models.bundled())
    digits = models.load("digits")
    assert digits.inputs[0].shape == (1, 8, 8, 1)
    assert digits.is_quantized
    assert len(digits.sha256) == 64


def test_a_name_that_is_nearly_right():
    with pytest.raises(UsageError, match="did you mean 'person_detection'"):
        models.load("person_detecton")


def test_a_file_that_is_not_a_model(tmp_path):
    with pytest.raises(UsageError, match="the identifier TFL3 is not at its byte 4"):
        models.load(damaged(tmp_path, lambda data: b"PK\x03\x04" + data))


@pytest.mark.parametrize("share", [0.005, 0.1, 0.5, 0.99])
def test_a_file_cut_short(tmp_path, share):
    with pytest.raises(UsageError, match="damaged or cut short"):
        models.load(damaged(tmp_path, lambda data: data[: max(20, int(len(data) * share))]))


def test_mutated_files_give_a_model_or_a_clear_error(tmp_path):
    random = np.random.default_rng(0)
    original = models.bundled()["digits"].read_bytes()
    for _ in range(300):
        data = bytearray(original)
        for _ in range(random.integers(1, 8)):
            data[random.integers(len(data))] = random.integers(256)
        try:
            models.parse(bytes(data), tmp_path / "mutated.tflite")
        except UsageError as error:
            assert "mutated.tflite" in error.message  # noqa: PT017 (either way is right)


def test_an_unknown_operator_is_named(tmp_path):
    path = damaged(tmp_path, lambda data: data)
    uses = models.load(path).operators
    assert all(use.name.isupper() and use.version >= 1 and use.count >= 1 for use in uses)


def test_inputs_come_from_the_test_set_beside_the_model():
    inputs, source = models.sample_inputs(models.load("digits"), 5, None)
    assert len(inputs) == 5
    assert inputs[0][0].shape == (1, 8, 8, 1)
    assert inputs[0][0].dtype == np.int8
    assert source == "x_data of digits.npz"


def test_without_a_test_set_inputs_are_drawn_the_same_each_time(tmp_path):
    model = models.load(damaged(tmp_path, lambda data: data))
    first, source = models.sample_inputs(model, 3, None)
    second, _ = models.sample_inputs(model, 3, None)
    assert source == "seeded random numbers"
    assert not first[0][0].any()
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, second, strict=True))


def test_a_test_set_of_another_shape(tmp_path):
    np.savez(tmp_path / "x.npz", x_data=np.zeros((2, 3), np.int8), y_data=np.zeros(2))
    with pytest.raises(UsageError, match=r"x_data holds int8 \[3\] items, the model takes int8 \[1, 8, 8, 1\]"):
        models.sample_inputs(models.load("digits"), 1, tmp_path / "x.npz")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 broken"])
def test_a_test_set_that_is_no_npz(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(UsageError, match="is not a test set"):
        models.sample_inputs(models.load("digits"), 1, tmp_path / "x.npz")


def test_a_pickled_test_set_is_refused(tmp_path):
    np.savez(tmp_path / "x.npz", x_data=np.array([{"a": 1}], dtype=object), y_data=np.zeros(1))
    with pytest.raises(UsageError, match="is not a test set"):
        models.sample_inputs(models.load("digits"), 1, tmp_path / "x.npz")


@pytest.mark.parametrize(("fields", "number"), [({"BuiltinCode": 6}, 6), ({"DeprecatedBuiltinCode": 3}, 3), ({}, 0)])
def test_an_operators_number_is_the_larger_of_two_fields(fields, number):
    import flatbuffers
    import tflite

    builder = flatbuffers.Builder(64)
    tflite.OperatorCodeStart(builder)
    for name, value in fields.items():
        getattr(tflite, f"OperatorCodeAdd{name}")(builder, value)
    builder.Finish(tflite.OperatorCodeEnd(builder))
    assert models.builtin_code(tflite.OperatorCode.GetRootAs(builder.Output(), 0)) == number
