"""Unit tests cannot start a process, and use no folder of the user's."""

import subprocess

import pytest


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError(f"a unit test tried to start a process: {args!r}")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr("os.posix_spawn", refuse)
    monkeypatch.setattr("os.system", refuse)


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("MCUPROF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MCUPROF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MCUPROF_RESULTS", str(tmp_path / "results"))


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Make a pipeline with a fake board at each plug."""
    from fake_lab import Lab

    def make(*plugs, **how):
        return Lab(tmp_path, monkeypatch, *plugs, **how)

    return make


@pytest.fixture
def write(tmp_path):
    """Write the ``mcuprof.toml`` of a folder, which is returned."""

    def to(text):
        (tmp_path / "mcuprof.toml").write_text(text)
        return tmp_path

    return to
