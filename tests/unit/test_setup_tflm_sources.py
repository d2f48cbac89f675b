from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from fake_machine import FakeMachine

from harness.errors import MissingError
from harness.setup import arduino_cli, ensure_all, tflm_sources

HEADER = "tfmicro-0.1.0/submodules/tensorflow/tensorflow/lite/micro/micro_interpreter.h"


def crate(*members, kind=tarfile.REGTYPE):
    """An archive of (name, content) pairs."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
            info.size = len(content) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


SOUND = crate(
    (HEADER, b"// interpreter"), ("tfmicro-0.1.0/Cargo.toml", b"[package]"), ("tfmicro-0.1.0/src/lib.rs", b"")
)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(arduino_cli, "is_ready", lambda: True)
    monkeypatch.setattr(tflm_sources, "SHA256", hashlib.sha256(SOUND).hexdigest())
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "users-cargo"))
    real = tflm_sources.tools.on_path
    monkeypatch.setattr(tflm_sources.tools, "on_path", lambda name, beyond=(): real(name))
    return FakeMachine(tmp_path, monkeypatch)


def add_cargo(machine, content, version="cargo 1.96.0\n"):
    def answer(argv, kw):
        if argv[1] == "--version":
            return version
        if content is not None:
            folder = Path(kw["env"]["CARGO_HOME"]) / "registry" / "cache" / "one"
            folder.mkdir(parents=True)
            (folder / "tfmicro-0.1.0.crate").write_bytes(content)
        return 101  # `cargo install` of a library always ends with an error

    return machine.add("cargo-bin", "cargo", answer)


def test_the_sources_are_put_in_their_place(machine):
    add_cargo(machine, SOUND)
    said = []
    ensure_all(said.append)
    assert "tfmicro 0.1.0" in said[0]
    sources = tflm_sources.find_tflm_sources()
    assert sources == machine.root / "home" / "tfmicro-0.1.0" / "submodules" / "tensorflow"
    assert (sources / "tensorflow/lite/micro/micro_interpreter.h").read_text() == "// interpreter"
    assert (tflm_sources.home() / "Cargo.toml").is_file()
    assert not (tflm_sources.home() / "src").exists()
    assert not (machine.root / "home" / "work").exists()


def test_a_second_set_up_starts_no_process(machine):
    add_cargo(machine, SOUND)
    ensure_all(lambda _: None)
    machine.calls.clear()
    ensure_all(lambda _: None)
    assert machine.calls == []


def test_a_folder_without_the_stamp_is_made_anew(machine):
    add_cargo(machine, SOUND)
    half = tflm_sources.home() / "submodules" / "half"
    half.mkdir(parents=True)
    with pytest.raises(MissingError, match="mcuprof setup"):
        tflm_sources.find_tflm_sources()
    ensure_all(lambda _: None)
    assert tflm_sources.is_ready()
    assert not half.exists()


def test_another_crate_is_refused_and_nothing_is_left(machine):
    add_cargo(machine, crate((HEADER, b"// something else")))
    with pytest.raises(MissingError, match="is not the known one"):
        ensure_all(lambda _: None)
    assert not tflm_sources.home().exists()


def test_a_cargo_that_gets_nothing(machine):
    add_cargo(machine, None)
    with pytest.raises(MissingError, match="went wrong"):
        ensure_all(lambda _: None)


@pytest.mark.parametrize("version", ["cargo 1.66.0\n", "error: no default toolchain", 1])
def test_no_cargo_that_will_do(machine, version):
    add_cargo(machine, SOUND, version=version)
    with pytest.raises(MissingError, match="cargo-web"):
        ensure_all(lambda _: None)


def test_a_cargo_that_does_not_run_is_passed_over(machine):
    machine.add("rustup", "cargo", 1)
    good = add_cargo(machine, SOUND)
    cargo = tflm_sources.find_cargo()
    assert cargo is not None
    assert cargo.path == good


def test_the_users_cargo_settings_are_passed_on_and_the_users_home_is_not_touched(machine):
    settings = machine.root / "users-cargo" / "config.toml"
    settings.parent.mkdir()
    settings.write_text("")
    cargo = add_cargo(machine, SOUND)
    ensure_all(lambda _: None)
    assert machine.calls[-1][:3] == (str(cargo), "--config", str(settings))
    assert list(settings.parent.iterdir()) == [settings]


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "tfmicro-0.1.0/../evil", "tfmicro-0.1.0/submodules/../../../evil", "other-1.0/evil"],
)
def test_names_that_lead_out_are_refused(tmp_path, name):
    with pytest.raises(MissingError, match="not a sound archive"):
        tflm_sources.unpack(crate((HEADER, b""), (name, b"x")), tmp_path / "target")
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    with pytest.raises(MissingError, match="not a sound archive"):
        tflm_sources.unpack(crate((HEADER, b""), kind=kind), tmp_path / "target")


@pytest.mark.parametrize("content", [b"", b"not an archive", SOUND[:40]])
def test_a_damaged_archive_is_refused(tmp_path, content):
    with pytest.raises(MissingError, match="not a sound archive"):
        tflm_sources.unpack(content, tmp_path / "target")


def test_an_archive_that_would_fill_the_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tflm_sources, "_MAX_UNPACKED_BYTES", 10)
    with pytest.raises(MissingError, match="not a sound archive"):
        tflm_sources.unpack(SOUND, tmp_path / "target")
