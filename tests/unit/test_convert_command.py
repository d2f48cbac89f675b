"""``convert`` and models of other frameworks: what is told without any of the frameworks."""

import importlib.util
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from harness import cmd, models
from harness.commands.convert import convert
from harness.convert import comparing, conversion, from_onnx, kinds
from harness.convert.comparing import Source, fixed
from harness.convert.kinds import Kind
from harness.convert.report import Outcome, Port, Report
from harness.errors import MissingError, ToolFailedError, UsageError


def call(*words):
    found = CliRunner().invoke(convert, list(map(str, words)), standalone_mode=False)
    if found.exception is not None:
        raise found.exception
    return found.output


@pytest.fixture
def without(monkeypatch):
    """Leave out packages, whether they are installed or not."""
    real = importlib.util.find_spec

    def leave_out(*names):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in names else real(name))

    return leave_out


def model_of(kind, folder):
    """Make a file that looks like a model of a kind from outside."""
    if kind is Kind.SAVED_MODEL:
        (folder / "net").mkdir()
        (folder / "net" / "saved_model.pb").write_bytes(b"any")
        return folder / "net"
    path = folder / {Kind.KERAS: "net.keras", Kind.ONNX: "net.onnx", Kind.TORCH: "net.pt2"}[kind]
    if kind is Kind.ONNX:
        path.write_bytes(b"any")
        return path
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("any", b"any")
    return path


@pytest.mark.parametrize("kind", Kind)
def test_a_missing_extra_is_named(kind, tmp_path, without):
    path = model_of(kind, tmp_path)
    assert kinds.of(path) is kind
    module, distribution = kind.importer.packages[0]
    without(module)
    for act in (lambda: call(path, tmp_path / "out.tflite"), lambda: models.load(str(path))):
        with pytest.raises(MissingError) as error:
            act()
        assert error.value.exit_code == 3
        assert distribution in error.value.message
        assert f"pip install 'mcuprof[{kind.importer.extra}]'" in error.value.message
    assert not (tmp_path / "out.tflite").exists()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.pt", "torch.export.save"),
        ("a.pth", "torch.export.save"),
        ("a.h5", "model.save"),
        ("a.pb", "name the folder of the SavedModel"),
        ("a.tflite", "is one already"),
        ("a.doc", "is none of these"),
        ("gone.onnx", "there is no model"),
    ],
)
def test_what_cannot_be_converted(tmp_path, name, reason):
    if not name.startswith("gone"):
        (tmp_path / name).write_bytes(b"any")
    with pytest.raises(UsageError, match=reason):
        call(tmp_path / name, tmp_path / "out.tflite")


def test_a_folder_that_is_no_model(tmp_path):
    with pytest.raises(UsageError, match="is none of these"):
        call(tmp_path, tmp_path / "out.tflite")
    with pytest.raises(UsageError, match="there is no model"):
        models.load(str(tmp_path))


@pytest.mark.parametrize(("name", "content"), [("a.keras", b"no zip"), ("a.pt2", b"no zip"), ("a.onnx", b"")])
def test_damaged_files(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=r"damaged|empty"):
        models.load(str(tmp_path / name))


def test_a_zip_bomb(tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weights", bytes(80 << 20))
    with pytest.raises(UsageError, match="would unpack to 83,886,080"):
        models.load(str(path))


def test_the_name_and_place_of_what_is_written(tmp_path):
    path = model_of(Kind.ONNX, tmp_path)
    with pytest.raises(UsageError, match="does not end so"):
        call(path, tmp_path / "out.bin")
    (tmp_path / "out.tflite").write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        call(path, tmp_path / "out.tflite")
    assert (tmp_path / "out.tflite").read_bytes() == b"mine"


@pytest.fixture
def converter(monkeypatch):
    """Stand in for the process that converts: it writes an outcome, and a model where there is one."""
    monkeypatch.setattr(kinds, "require_packages", lambda *_: None)
    monkeypatch.setattr(conversion, "converter", lambda _: "a converter 1.0")
    monkeypatch.setattr(conversion, "_key", lambda *_: "key")

    def give(outcome=None, data=None, stderr=""):
        import msgspec

        def run(module, kind, source, folder, *, timeout):
            assert module == "harness.convert"
            if outcome is not None:
                (folder / "outcome.json").write_bytes(msgspec.json.encode(outcome))
            if data is not None:
                (folder / "model.tflite").write_bytes(data)
            return cmd.Completed(argv=(), returncode=0 if outcome else 1, stdout="", stderr=stderr, seconds=1)

        monkeypatch.setattr(cmd, "run_module", run)

    return give


def report(difference=1e-6):
    port = Port(name="x", source_shape=(1, 3, 8, 6), shape=(1, 8, 6, 3), dtype="float32", permutation=(0, 2, 3, 1))
    return Report(
        kind="onnx",
        converter="a converter 1.0",
        inputs=(port,),
        outputs=(),
        compared=8,
        largest_difference=difference,
        largest_output=1.0,
    )


def test_a_conversion_is_kept_and_told(tmp_path, converter):
    path = model_of(Kind.ONNX, tmp_path)
    said = []
    converter(Outcome(report=report()), b"made")
    assert conversion.convert(path, Kind.ONNX, said.append).data == b"made"
    assert said[-1] == "net.onnx: input x float32 1x3x8x6 (channels first) → 1x8x6x3 (channels last)"
    converter(stderr="it must not be asked again")
    assert conversion.convert(path, Kind.ONNX, said.append).data == b"made"


def test_a_wrong_conversion_is_seen(tmp_path, converter):
    converter(Outcome(report=report(difference=0.01)), b"made")
    with pytest.raises(ToolFailedError, match=r"outputs differ by up to 0.01, where the largest is 1"):
        conversion.convert(model_of(Kind.ONNX, tmp_path), Kind.ONNX)


def test_a_refusal_and_a_crash(tmp_path, converter):
    path = model_of(Kind.ONNX, tmp_path)
    converter(Outcome(refused="it has no batch"))
    with pytest.raises(UsageError, match=r"net.onnx cannot be converted: it has no batch"):
        conversion.convert(path, Kind.ONNX)
    converter(stderr="Traceback\nNameError: what\n[a warning at the end]\n")
    with pytest.raises(ToolFailedError, match=r"NameError: what \(all it said: (.*)\)") as error:
        conversion.convert(path, Kind.ONNX)
    log = error.value.message.rpartition("said: ")[2].rstrip(")")
    assert "a warning at the end" in Path(log).read_text()


def test_only_the_batch_may_be_open():
    assert fixed("x", [None, 3, 4]) == (1, 3, 4)
    assert fixed("x", [2, 3]) == (2, 3)
    with pytest.raises(UsageError, match=r"'x' has the shape \[\?, 3, \?\]"):
        fixed("x", [None, 3, None])


def test_an_output_is_taken_in_the_order_that_fits():
    wanted = np.arange(24.0).reshape(1, 2, 3, 4)
    source = Source(name="y", shape=(), channels_last=True)
    assert comparing._output_port(source, wanted, wanted.transpose(0, 2, 3, 1)).permutation == (0, 2, 3, 1)
    assert not comparing._output_port(source, wanted, wanted).transposed


def test_what_is_not_a_number_is_a_difference():
    x = np.array([1.0, np.nan])
    assert comparing._difference(x, x) == 0
    assert comparing._difference(x, np.array([1.0, 1.0])) == float("inf")
    assert comparing._difference(x, np.zeros((1, 2))) == float("inf")


def test_an_input_is_followed_to_the_first_operator_that_moves_elements():
    def graph(*nodes):
        made = [SimpleNamespace(op_type=kind, input=[a], output=[b]) for kind, a, b in nodes]
        return SimpleNamespace(node=made)

    meets = from_onnx._meets_channels
    assert meets(graph(("Conv", "x", "y")), "x")
    assert meets(graph(("Mul", "x", "a"), ("Relu", "a", "b"), ("MaxPool", "b", "y")), "x")
    assert not meets(graph(("Transpose", "x", "a"), ("Conv", "a", "y")), "x")
    assert not meets(graph(("MatMul", "x", "y")), "x")
    assert not meets(graph(("Conv", "other", "y")), "x")
    assert not meets(graph(("Relu", "x", "a"), ("Relu", "a", "x")), "x")
