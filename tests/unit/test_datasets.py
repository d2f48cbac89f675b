"""Data sets: what is read, what is refused, and that none is loaded whole."""

import io
import struct
import tracemalloc
import wave
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import models
from harness.datasets import Wanted, open_dataset
from harness.datasets.sampling import choose
from harness.datasets.values import Form, clipped, to_input, to_real
from harness.errors import MissingError, UsageError
from harness.models import Tensor

BYTES = Tensor(name="x", shape=(1, 2, 2), dtype="int8", scale=0.5, zero_point=-10)
FLOATS = Tensor(name="x", shape=(1, 2, 2), dtype="float32", scale=None, zero_point=None)


def opened(path, tensor=BYTES, labels=()):
    return open_dataset(path, Wanted(tensor=tensor, labels=labels))


def saved(tmp_path, name="d.npz", save=np.savez, **arrays):
    save(tmp_path / name, **arrays)
    return tmp_path / name


def samples(count=5, dtype=np.int8):
    return np.arange(count * 4).reshape(count, 2, 2).astype(dtype)


# .npz


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_is_read_sample_by_sample(tmp_path, save):
    found = opened(saved(tmp_path, save=save, x_data=samples(), y_data=np.arange(5)))
    assert (found.count, found.form, found.windows, list(found.labels)) == (5, Form.STORED, 1, [0, 1, 2, 3, 4])
    assert [list(each[0]) for each in found.read([1, 4])] == [[4, 5, 6, 7], [16, 17, 18, 19]]


def test_a_large_npz_is_not_loaded_whole(tmp_path):
    path = saved(tmp_path, x_data=np.ones((20_000, 4, 1000), np.int8)[:, :, :1000])
    tensor = Tensor(name="x", shape=(1, 4, 1000), dtype="int8", scale=1.0, zero_point=0)
    tracemalloc.start()
    found = opened(path, tensor)
    assert sum(1 for _ in found.read(range(0, 20_000, 100))) == 200
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000 < path.stat().st_size


def test_a_number_that_no_float32_holds(tmp_path):
    found = opened(saved(tmp_path, x_data=np.full((2, 2, 2), 1e300), y_data=np.zeros(2)), FLOATS)
    with pytest.raises(UsageError, match="sample 1 of x_data holds NaN or infinity, as float32"):
        next(found.read([1]))


def test_windows_of_a_sample(tmp_path):
    found = opened(saved(tmp_path, x_data=np.zeros((3, 7, 2, 2), np.float32), y_data=np.zeros(3)))
    assert (found.windows, found.form) == (7, Form.REAL)
    assert next(found.read([2])).shape == (7, 4)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"y_data": np.zeros(3)}, "is not a test set: an .npz with the array x_data is needed"),
        ({"x_data": np.zeros((0, 2, 2), np.int8)}, "holds no samples"),
        ({"x_data": np.zeros((), np.int8)}, "holds no samples"),
        ({"x_data": np.zeros((3, 5), np.int8)}, r"x_data holds int8 \[5\] items, the model takes int8 \[1, 2, 2\]"),
        ({"x_data": np.zeros((3, 2, 2), np.uint8)}, "integers have to be of its own type"),
        ({"x_data": np.array([{"a": 1}], dtype=object)}, "pickled Python objects, which are never loaded"),
        ({"x_data": np.array(["a", "b"])}, "is of <U1; plain numbers"),
        ({"x_data": np.asfortranarray(np.ones((3, 4), np.int8))}, "is stored by columns"),
        ({"x_data": samples(), "y_data": np.arange(4)}, "holds 5 samples and y_data 4 labels"),
        ({"x_data": samples(), "y_data": np.array([None] * 5, dtype=object)}, "y_data holds pickled Python objects"),
        ({"x_data": samples(), "y_data": np.int64(3)}, r"y_data is int64 \[\]"),
    ],
)
def test_arrays_that_are_no_data_set(tmp_path, arrays, reason):
    with pytest.raises(UsageError, match=reason):
        opened(saved(tmp_path, **arrays))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_no_number_is_named(tmp_path, value):
    x = np.zeros((4, 2, 2), np.float32)
    x[2, 1, 1] = value
    found = opened(saved(tmp_path, x_data=x))
    with pytest.raises(UsageError, match="sample 2 of x_data holds NaN or infinity"):
        list(found.read(range(4)))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = saved(tmp_path, save=np.savez_compressed, x_data=np.zeros((40_000, 2, 1000), np.int8))
    assert path.stat().st_size < 200_000
    with pytest.raises(UsageError, match="a zip bomb, not a data set"):
        opened(path)


def header(shape, dtype="|i1"):
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": dtype, "fortran_order": False, "shape": shape})
    return out.getvalue()


def test_a_header_that_promises_more_than_there_is(tmp_path):
    path = tmp_path / "d.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x_data.npy", header((1 << 40, 2, 2)) + bytes(16))
    with pytest.raises(UsageError, match="and has 16 bytes"):
        opened(path)


def test_damage_in_the_middle_is_told_when_it_is_read(tmp_path):
    x = np.random.default_rng(0).integers(-128, 128, (2000, 2, 2)).astype(np.int8)
    path = saved(tmp_path, save=np.savez_compressed, x_data=x)
    data = bytearray(path.read_bytes())
    data[4000:4200] = bytes(200)
    path.write_bytes(data)
    with pytest.raises(UsageError, match="is not a test set"):
        list(opened(path).read(range(2000)))


@given(st.data())
def test_mutated_files_give_samples_or_a_clear_error(data):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "d.npz"
        np.savez_compressed(path, x_data=samples(8), y_data=np.arange(8))
        content = bytearray(path.read_bytes())
        for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=6)):
            content[place] = data.draw(st.integers(0, 255))
        path.write_bytes(content)
        try:
            found = opened(path)
            list(found.read(range(found.count)))
        except UsageError as error:
            assert "d.npz" in error.message  # noqa: PT017 (either way is right)


# Values


def test_real_numbers_are_quantized_as_the_model_says():
    values = np.array([[-59.0, 0.0, 0.24, 100.0]])
    assert list(to_input(values, Form.REAL, BYTES).ravel()) == [-128, -10, -10, 127]
    assert clipped(values, Form.REAL, BYTES) == 1
    assert to_real(np.array([-10, -8], np.int8), BYTES).tolist() == [0.0, 1.0]


def test_pixels_are_spread_over_the_range():
    values = np.array([[0, 1, 128, 255]], np.uint8)
    assert to_input(values, Form.PIXELS, BYTES).ravel().tolist() == [-128, -127, 0, 127]
    assert to_input(values, Form.PIXELS, FLOATS).ravel().tolist() == pytest.approx([0, 1 / 255, 128 / 255, 1])


def test_real_numbers_need_a_scale():
    with pytest.raises(UsageError, match="has no scale to quantize them"):
        to_input(
            np.zeros((1, 4)), Form.REAL, Tensor(name="x", shape=(1, 4), dtype="int8", scale=None, zero_point=None)
        )


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 5))
def test_samples_are_chosen_by_the_seed(count, wanted, seed):
    classes = [index % 3 for index in range(count)]
    for stratified in (None, classes):
        found = choose(count, wanted, seed=seed, classes=stratified)
        assert found == sorted(set(found))
        assert len(found) == min(count, wanted)
        assert found == choose(count, wanted, seed=seed, classes=stratified)
    shares = [sum(classes[i] == name for i in found) for name in range(3)]
    assert all(
        abs(share - classes.count(name) * len(found) / count) < 1 for name, share in enumerate(shares)
    )  # each class has its share


def test_another_seed_gives_other_samples():
    assert choose(1000, 20, seed=0) != choose(1000, 20, seed=1)


# Folders


def image(path, size=(4, 3), colour=(200, 10, 10)):
    pil = pytest.importorskip("PIL.Image")
    path.parent.mkdir(parents=True, exist_ok=True)
    pil.new("RGB", size, colour).save(path)


PICTURE = Tensor(name="x", shape=(1, 3, 4, 3), dtype="int8", scale=1.0, zero_point=-128)


def test_a_folder_of_images(tmp_path):
    image(tmp_path / "cat" / "1.png")
    image(tmp_path / "dog" / "1.bmp", size=(40, 30), colour=(0, 0, 255))
    image(tmp_path / "dog" / "2.png")
    (tmp_path / "dog" / "notes.txt").write_text("not one of them")
    found = opened(tmp_path, PICTURE)
    assert (found.count, found.classes, list(found.labels)) == (3, ("cat", "dog"), [0, 1, 1])
    assert [list(each[0, :3]) for each in found.read([0, 1])] == [[200, 10, 10], [0, 0, 255]]
    assert opened(tmp_path, PICTURE, labels=("dog", "bird", "cat")).labels.tolist() == [0, 0, 2]


def test_grey_images(tmp_path):
    image(tmp_path / "a" / "1.png", colour=(100, 100, 100))
    found = opened(tmp_path, Tensor(name="x", shape=(1, 3, 4, 1), dtype="int8", scale=1.0, zero_point=0))
    assert set(next(found.read([0])).ravel()) == {100}


def test_folders_that_are_no_data_set(tmp_path):
    with pytest.raises(UsageError, match="one folder a class is expected in it"):
        opened(tmp_path, PICTURE)
    (tmp_path / "a").mkdir()
    with pytest.raises(UsageError, match=r"neither images nor \.wav files"):
        opened(tmp_path, PICTURE)
    image(tmp_path / "a" / "1.png")
    with pytest.raises(UsageError, match=r"channels\] with 1 or 3 channels is needed"):
        opened(tmp_path, BYTES)
    (tmp_path / "b").mkdir()
    with pytest.raises(UsageError, match="the folder b holds no images"):
        opened(tmp_path, PICTURE)
    (tmp_path / "b" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(UsageError, match=r"broken\.png cannot be read"):
        list(opened(tmp_path, PICTURE).read([1]))


def bomb(path):
    """A PNG of a few bytes that says it has a billion pixels."""
    head = struct.pack(">IIBBBBB", 32_000, 32_000, 8, 2, 0, 0, 0)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    content = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)


def test_an_image_that_would_fill_the_memory(tmp_path):
    image(tmp_path / "a" / "1.png")
    bomb(tmp_path / "a" / "2.png")
    with pytest.raises(UsageError, match=r"2\.png (has|cannot)"):
        list(opened(tmp_path, PICTURE).read([1]))


def recording(path, rate=16_000, channels=1, seconds=1.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(rate * seconds)) / rate
    sound = (8000 * np.sin(2 * np.pi * 440 * time)).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.repeat(sound, channels).tobytes())


def test_a_folder_of_recordings(tmp_path):
    pytest.importorskip("pymicro_features")
    model = models.load("keyword_spotting")
    recording(tmp_path / "yes" / "1.wav")
    recording(tmp_path / "no" / "1.wav", seconds=0.4)
    found = open_dataset(tmp_path, Wanted(tensor=model.inputs[0], labels=("silence", "unknown", "yes", "no")))
    assert (found.count, list(found.labels)) == (2, [2, 3])
    first, short = found.read([0, 1])
    assert first.shape == (1, 1960)
    spectrum = first.reshape(49, 40)
    assert spectrum[20].argmax() < 12  # 440 Hz lies low
    assert 5 < spectrum.max() < 26.1
    assert short.reshape(49, 40)[45:].max() < first.reshape(49, 40)[45:].max()
    inputs, source = models.sample_inputs(model, 2, tmp_path)
    assert inputs[0][0].dtype == np.int8
    assert "micro front end" in source


@pytest.mark.parametrize(("what", "rate", "channels"), [("8000 Hz", 8000, 1), ("2 channels", 16_000, 2)])
def test_recordings_of_another_kind(tmp_path, what, rate, channels):
    pytest.importorskip("pymicro_features")
    recording(tmp_path / "a" / "1.wav", rate=rate, channels=channels)
    tensor = Tensor(name="x", shape=(1, 1960), dtype="int8", scale=0.1, zero_point=-128)
    with pytest.raises(UsageError, match=what):
        list(opened(tmp_path, tensor).read([0]))
    (tmp_path / "a" / "1.wav").write_bytes(b"RIFF....WAVE")
    with pytest.raises(UsageError, match="cannot be read"):
        list(opened(tmp_path, tensor).read([0]))


@pytest.mark.parametrize(
    ("module", "suffix", "extra"), [("PIL", "png", "images"), ("pymicro_features", "wav", "speech")]
)
def test_a_package_that_is_missing(tmp_path, monkeypatch, module, suffix, extra):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / f"1.{suffix}").write_bytes(b"")
    with pytest.raises(MissingError, match=rf"pip install 'mcuprof\[{extra}\]'"):
        opened(tmp_path, PICTURE)


# .csv


def table(tmp_path, text):
    (tmp_path / "d.csv").write_text(text)
    return tmp_path / "d.csv"


def test_a_csv_with_names_of_columns(tmp_path):
    found = opened(table(tmp_path, "label,a,b,c,d\n1,0.5,1,1.5,2\n\n0,0,0,0,0\n"), FLOATS)
    assert (found.count, found.form, list(found.labels)) == (2, Form.REAL, [1, 0])
    assert [each.tolist() for each in found.read([0, 1])] == [[[0.5, 1, 1.5, 2]], [[0, 0, 0, 0]]]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("0,1,2,3,label\n1,2,3,4,2\n", [2]),
        ("0,1,2,3,what it is\n1,2,3,4,2\n", [2]),
        ("0,1,2,3,class\n1,2,3,4,wolf\n1,2,3,4,bear\n", [1, 0]),
        ("1,2,3,4,y\n1,2,3,4,n\n", [1, 0]),
    ],
)
def test_columns_that_are_named_by_numbers(tmp_path, text, labels):
    assert list(opened(table(tmp_path, text), FLOATS).labels) == labels


def test_a_csv_without_names_has_its_label_last(tmp_path):
    found = opened(table(tmp_path, "1,2,3,4,7.5\n5,6,7,8,8\n"), FLOATS)
    assert list(found.labels) == [7.5, 8]
    assert next(found.read([1])).tolist() == [[5, 6, 7, 8]]


def test_classes_by_name_and_no_labels_at_all(tmp_path):
    named = opened(table(tmp_path, "1,2,3,4,wolf\n1,2,3,4,bear\n"), FLOATS)
    assert (named.classes, list(named.labels)) == (("bear", "wolf"), [1, 0])
    assert opened(table(tmp_path, "1,2,3,4\n"), FLOATS).labels is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there are no samples"),
        ("a,b,c,d\n", "there are no samples"),
        ("1,2,3\n", "has 3 columns, the model takes"),
        ("1,2,3,4,0\n1,2\n", "line 2: 2 columns, and the first line has 5"),
        ("1,2,3,4,0\n1,nan,3,4,0\n", "line 2: 'nan' is no finite number"),
        ("1,2,3,4,0\n1,x,3,4,0\n", "line 2: 'x' is no finite number"),
        ("1,2,3,4,0\n1,,3,4,0\n", "line 2: '' is no finite number"),
        ("1,,3,4,0\n1,2,3,4,0\n", "line 1: '' is no finite number"),
        ("1,2,3,4,0\n1,2,3,4,\n", "line 2: there is no label"),
        ("1,2,3,4,cat\n1,2,3,4, \n", "line 2: there is no label"),
        ("1,2,3,4,0\n1,2,3,4,1\n1,2,3,4,NA\n", "line 3: the label 'NA' is a name, and others are numbers"),
    ],
)
def test_tables_that_are_no_data_set(tmp_path, text, reason):
    def read():
        found = opened(table(tmp_path, text), FLOATS)
        return list(found.read(range(found.count)))

    with pytest.raises(UsageError, match=reason):
        read()


def test_a_csv_that_is_none(tmp_path):
    (tmp_path / "d.csv").write_bytes(b"\xff\xfe\x00\x00" * 10)
    with pytest.raises(UsageError, match=r"no \.csv that can be read"):
        opened(tmp_path / "d.csv", FLOATS)


def test_there_is_no_such_file(tmp_path):
    with pytest.raises(UsageError, match="there is no data file"):
        opened(tmp_path / "gone.npz")
