"""Folders of virtual boards: those in use stay, those of processes that were killed go."""

import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.virtual import machine


@pytest.fixture(autouse=True)
def _own_parent(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(machine, "_LONGEST_FOLDER", 1000)


def test_a_folder_is_removed_when_it_is_closed():
    folder = machine.RigFolder()
    assert folder.path.is_dir()
    folder.close()
    folder.close()
    assert not folder.path.exists()


def test_a_folder_in_use_stays(tmp_path):
    first, second = machine.RigFolder(), machine.RigFolder()
    assert first.path.is_dir()
    first.close()
    second.close()
    assert not list(tmp_path.iterdir())


def test_boards_that_start_at_once_leave_each_others_folders_alone(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: machine.RigFolder(), range(100)))
    assert all((folder.path / "lock").is_file() for folder in folders)
    for folder in folders:
        folder.close()
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_goes(tmp_path):
    left = tmp_path / "mcuprof-rig-left"
    left.mkdir()
    (left / "lock").write_text("")
    (left / "tty").symlink_to("/dev/null")
    strange = tmp_path / "mcuprof-rig-of-somebody-else"
    strange.mkdir()
    folder = machine.RigFolder()
    assert not left.exists()
    assert strange.is_dir()
    folder.close()
