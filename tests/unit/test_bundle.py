"""What a bundle holds, what it leaves out, and what it says of that."""

import hashlib
import json
import zipfile
from dataclasses import replace

import pytest
from made_runs import case, failed, run, with_provenance

from harness import archive, bundle, models, paths
from harness.commands import output
from harness.errors import UsageError
from harness.privacy import Person
from harness.sketch import NAME
from harness.types import Status

ALICE = Person(homes=("/home/alice",), user="alice", hosts=("alices-mac",))
KEY = "0123456789abcdef"
OWN = b"my own model"


@pytest.fixture
def wire(tmp_path):
    folder = tmp_path / "results" / "1.wire"
    folder.mkdir(parents=True)
    log = folder / "digits--tvm-aot--nano33ble-sim.log"
    log.write_text("# case: digits · tvm-aot · nano33ble-sim\n 0.1 # opening /home/alice/tty on alices-mac\n")
    log.with_name(log.name + ".earlier").write_text(" 0.0 > 1 ping\n")
    (folder / "other--tflm--uno.log").write_text("of another case\n")
    return folder


@pytest.fixture
def build():
    """A build in the cache, made under Alice's home."""
    folder = paths.cache() / "builds" / KEY
    (folder / "sketch").mkdir(parents=True)
    (folder / "build.json").write_text('{"build_path": "/home/alice/.cache/mcuprof/lanes/x/build"}')
    (folder / f"{NAME}.ino.elf").write_bytes(b"\x7fELF\0/home/alice/.cache/a.cpp\0")
    (folder / f"{NAME}.ino.map").write_text(".text 0x0 /home/alice/.cache/a.o\n")
    (folder / "sketch" / f"{NAME}.ino").write_text("void setup() {}\n")
    (folder / "sketch" / "model_data.cpp").write_text("// weights\n")
    return folder


def measured(model="digits", sha256=None, plan=None, **facts):
    sha256 = sha256 or hashlib.sha256(models.bundled()[model].read_bytes()).hexdigest()
    made = with_provenance(case(model=model), model_sha256=sha256, build=KEY, **facts)
    return replace(run(made, "1"), plan={"command": ["mcuprof", "run", "/home/alice/x"]} | (plan or {}))


def collected(run_, wire, **changes):
    facts = {
        "run": run_, "wire": wire, "settings_file": wire.parent / "mcuprof.toml", "board_files": {},
        "with_models": False, "checks": [{"tool": "arduino-cli", "version": "/home/alice/bin"}], "person": ALICE,
    }  # fmt: skip
    return bundle.collect(bundle.Sources(**(facts | changes)))


def test_everything_that_belongs_to_a_run(wire, build):
    (wire.parent / "mcuprof.toml").write_text('sketchbook = "/home/alice/Arduino"\n')
    boards = {"nano33ble-sim": paths.data_dir() / "boards" / "nano33ble-sim.toml"}
    found = collected(measured(), wire, board_files=boards)
    place = "builds/digits--tvm-aot--nano33ble-sim"
    assert set(found.files) == {
        "README.txt", "result.json", "doctor.json", "versions.json", "mcuprof.toml", "boards/nano33ble-sim.toml",
        "wire/digits--tvm-aot--nano33ble-sim.log", "wire/digits--tvm-aot--nano33ble-sim.log.earlier",
        f"{place}/build.json", f"{place}/{NAME}.ino.elf", f"{place}/{NAME}.ino.map",
        f"{place}/{NAME}/{NAME}.ino", f"{place}/{NAME}/model_data.cpp",
    }  # fmt: skip
    assert json.loads(found.files["result.json"])["measurements"][0]["model"] == "digits"
    assert found.missing == ["boards/nano33ble-sim.toml as it was: it, or its settings in mcuprof.toml, differ now"]
    readme = found.files["README.txt"].decode()
    for text in (*found.missing, "mcuprof.toml (", "inputs and outputs of the network"):
        assert text in readme


def test_nothing_in_it_tells_of_a_person(wire, build):
    (wire.parent / "mcuprof.toml").write_text('# by alice on alices-mac\nsketchbook = "/home/alice/Arduino"\n')
    found = collected(measured(flags="-I/home/alice/include", runs_on="alice's TFLM"), wire)
    for name, content in found.files.items():
        assert b"alice" not in content, name


def test_a_model_of_ones_own_stays_out_and_so_do_its_weights(wire, build, tmp_path):
    path = tmp_path / "secret.tflite"
    path.write_bytes(OWN)
    sha256 = hashlib.sha256(OWN).hexdigest()
    mine = measured("secret", sha256, {"models": ["digits", str(path)]})
    found = collected(mine, wire)
    assert not [name for name in found.files if name.endswith((".elf", ".cpp", ".ino", ".tflite"))]
    assert "the model secret: a model is private unless --with-model is given" in found.missing
    assert any(
        "program and sketch: they are your own, and hold the model's weights" in text for text in found.missing
    )
    assert f"builds/secret--tvm-aot--nano33ble-sim/{NAME}.ino.map" in found.files

    found = collected(mine, wire, with_models=True)
    assert found.files["models/secret.tflite"] == OWN
    assert f"builds/secret--tvm-aot--nano33ble-sim/{NAME}.ino.elf" in found.files

    path.write_bytes(b"another one")
    found = collected(mine, wire, with_models=True)
    assert "the model secret: its file is gone or has changed since" in found.missing


def test_a_model_that_only_has_the_name_of_a_bundled_one_is_ones_own(wire, build):
    found = collected(measured("digits", "f" * 64), wire)
    assert not [name for name in found.files if name.endswith(".elf")]


def test_what_is_gone_is_said(wire, build):
    (build / "sketch" / f"{NAME}.ino").unlink()
    (build / "sketch" / "model_data.cpp").unlink()
    (build / "sketch").rmdir()
    (build / f"{NAME}.ino.map").unlink()
    found = collected(measured(), wire.parent / "nowhere.wire")
    text = "\n".join(found.missing)
    assert f"{NAME}.ino.map: the build has none" in text
    assert "its sketch: an older mcuprof built it" in text
    assert "wire/digits--tvm-aot--nano33ble-sim.log: no board was spoken to, or the folder nowhere" in text
    assert "the board file of nano33ble-sim: it is not there" in text
    found = collected(replace(measured(), measurements=with_provenance(case(), build="f" * 16)), wire)
    assert any("the build is no longer in the cache" in text for text in found.missing)
    found = collected(run([failed("flash", Status.UNSUPPORTED)]), wire)
    assert any("there was no build" in text for text in found.missing)


@pytest.mark.parametrize("key", ["..", "../..", "/etc", "", 5, None])
def test_a_result_cannot_name_another_folder_as_its_build(wire, build, key):
    found = collected(replace(measured(), measurements=with_provenance(case(), build=key)), wire)
    assert not [name for name in found.files if name.startswith("builds/")]


def test_one_case_alone():
    whole = run([*case(), *case(implementation="tflm")])
    assert {m.implementation for m in bundle.of_cases(whole, "· TFLM ·").measurements} == {"tflm"}
    assert bundle.of_cases(whole, "") == whole
    with pytest.raises(UsageError, match="no case of run base has 'uno' in its name; there are: digits · tvm-aot"):
        bundle.of_cases(whole, "uno")


def test_equal_contents_are_equal_files(tmp_path):
    first, again = (
        archive.packed(dict(pairs)) for pairs in ([("b", b"2"), ("a/c", b"1")], [("a/c", b"1"), ("b", b"2")])
    )
    assert first == again
    path = tmp_path / "x.zip"
    output.write_file(path, first)
    with zipfile.ZipFile(path) as found:
        assert found.namelist() == ["a/c", "b"]
        assert found.testzip() is None
    assert [p.name for p in tmp_path.iterdir()] == ["x.zip"]


def test_a_zip_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        output.write_file(tmp_path / "nowhere" / "x.zip", b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        output.write_file(tmp_path / "folder", b"")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]
