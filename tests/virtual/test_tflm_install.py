"""``mcuprof setup --tflm``: libraries of every kind, installed by the real arduino-cli."""

import json
import shutil
import signal
import subprocess
import time

import pytest

from harness import paths
from harness.setup import tflm_sources

MICRO = "tensorflow/lite/micro"
NOT_TFLM = "name=Lamps\nversion=1.0.0\nauthor=x\nmaintainer=x\nsentence=x\nparagraph=x\nurl=x\n"
# The headers that mcuprof reads a library's facts from.
HEADERS = {
    f"{MICRO}/micro_interpreter.h": """
// Copyright 2024
class MicroInterpreter {
  MicroInterpreter(const Model* model, const MicroOpResolver& resolver, uint8_t* tensor_arena, size_t size);
};
""",
    f"{MICRO}/micro_mutable_op_resolver.h": """
  TfLiteStatus AddAdd() {
    return AddBuiltin(BuiltinOperator_ADD, Register_ADD(), ParseAdd);
  }
""",
    f"{MICRO}/debug_log.h": "void DebugLog(const char* format, va_list args);",
}
TREE = HEADERS | {
    "tensorflow/lite/schema/schema_generated.h": '#include "flatbuffers/flatbuffers.h"\n',
    "tensorflow/lite/core/c/common.h": "#pragma once\n",
    "tensorflow/lite/core/c/common.cc": '#include "fixedpoint/fixedpoint.h"\n',
    f"{MICRO}/kernels/add.cc": '#include "tensorflow/lite/core/c/common.h"\n',
    f"{MICRO}/tools/make/Makefile": "",
}


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def library(folder, version):
    """Write a TFLM library of this version, as far as mcuprof reads it."""
    properties = NOT_TFLM.replace("Lamps", "Small_TFLM").replace("1.0.0", version)
    return write(
        folder,
        {f"src/{name}": text for name, text in HEADERS.items()}
        | {"src/Small_TFLM.h": "", "library.properties": properties, "examples/hello/hello.ino": ""},
    )


def git(*words, cwd):
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    subprocess.run(["git", *who, *map(str, words)], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    """A git repository that is a TFLM library of version 2.0.0."""
    folder = library(tmp_path / "repository", "2.0.0")
    git("init", "-q", cwd=folder)
    git("add", "-A", cwd=folder)
    git("commit", "-q", "-m", "a library", cwd=folder)
    return folder


@pytest.fixture
def home(home, environment, tmp_path):
    """A home of this test alone, and a cache of its own, for the library is part of what is built."""
    environment["MCUPROF_CACHE"] = str(tmp_path / "cache")
    return home


@pytest.fixture
def runs_on(mcuprof):
    """Return what ``tflm`` is built with, as ``impls`` tells."""

    def tell():
        rows = json.loads(mcuprof("impls", "--json").out)["implementations"]
        return next(row["runs on"] for row in rows if row["implementation"] == "tflm")

    return tell


def sketchbook(home):
    """Return what is in mcuprof's sketchbook, by the names of its entries."""
    book = home / "sketchbook"
    return sorted(path.name for path in book.iterdir()) if book.is_dir() else []


def test_a_git_repository(mcuprof, home, runs_on, repository, tmp_path):
    (repository / "library.properties").write_text("not committed")
    answer = mcuprof("setup", "--tflm", f"file://{repository}")
    assert answer.code == 0, answer.err
    assert f"cloning file://{repository}" in answer.out
    assert "tflm is built with TFLM 2.0.0 (Small_TFLM, reference kernels, 2024)" in answer.out
    assert runs_on() == "TFLM 2.0.0 (Small_TFLM, reference kernels, 2024)"
    checks = json.loads(mcuprof("doctor", "--json").out)["checks"]
    shown = next(check for check in checks if check["tool"] == "TFLM library")
    assert shown["version"].startswith("TFLM 2.0.0 (Small_TFLM")
    assert not (tmp_path / "user").exists()
    bare = tmp_path / "bare.git"
    git("clone", "-q", "--bare", repository, bare, cwd=tmp_path)
    assert "TFLM 2.0.0" in mcuprof("setup", "--tflm", bare).out
    assert not (home / "work").exists()


def test_each_kind_replaces_what_was_there(mcuprof, home, runs_on, tmp_path):
    archive = library(tmp_path / "packed" / "Small", "3.0.0")
    answer = mcuprof("setup", "--tflm", shutil.make_archive(str(tmp_path / "small"), "zip", archive.parent))
    assert "TFLM 3.0.0" in answer.out, answer.err
    first = sketchbook(home)
    folder = library(tmp_path / "folder", "4.0.0")
    (folder / "dangling").symlink_to(tmp_path / "nowhere")
    answer = mcuprof("setup", "--tflm", folder)
    assert "TFLM 4.0.0" in answer.out, answer.err
    second = sketchbook(home)
    assert len(first) == len(second) == 2
    assert first != second
    again = mcuprof("setup", "--tflm", folder)
    assert again.code == 0
    assert sketchbook(home) == second
    assert runs_on().startswith("TFLM 4.0.0")
    answer = mcuprof("setup", "--tflm", "default")
    assert "is taken away" in answer.out
    assert sketchbook(home) == []
    assert runs_on().startswith("TFLM 2.2.0 (mcuprof_tflm")


@pytest.fixture
def before(mcuprof, home, tmp_path):
    """The library that is there before; it has to stay."""
    assert mcuprof("setup", "--tflm", library(tmp_path / "before", "1.0.0")).code == 0
    return sketchbook(home)


def test_what_is_no_tflm_library_changes_nothing(mcuprof, home, runs_on, before, tmp_path):
    lamps = write(tmp_path / "lamps", {"library.properties": NOT_TFLM, "src/Lamps.h": ""})
    git("init", "-q", cwd=lamps)
    git("add", "-A", cwd=lamps)
    git("commit", "-q", "-m", "lamps", cwd=lamps)
    empty = tmp_path / "empty"
    empty.mkdir()
    text = write(tmp_path, {"notes.zip": "no archive"}) / "notes.zip"
    unpacked = write(tmp_path / "unpacked", {f"tree/{name}": "" for name in TREE})
    packed = shutil.make_archive(str(tmp_path / "tree"), "zip", unpacked)
    for what, complaint in (
        (lamps, "is no TFLM library: neither src/tensorflow/lite/micro/micro_interpreter.h nor"),
        (f"file://{lamps}", "is an Arduino library without TFLM"),
        (f"file://{tmp_path}/nowhere", "there is no git repository at"),
        (f"file://{empty}", "cannot be installed: arduino-cli says: "),
        (tmp_path / "nowhere", "there is no "),
        (text, "is no .zip archive"),
        (packed, "in another form, name the folder"),
        ("https://host.invalid/library.zip", "download it, and name the file"),
    ):
        answer = mcuprof("setup", "--tflm", what)
        assert answer.code == 2, (what, answer)
        assert complaint in answer.err, answer.err
        assert str(what) in answer.err
        assert len(answer.err.splitlines()) == 1
    assert sketchbook(home) == before
    assert runs_on().startswith("TFLM 1.0.0")


def test_a_tree_without_the_other_projects(mcuprof, home, before, tmp_path):
    answer = mcuprof("setup", "--tflm", write(tmp_path / "tree", TREE))
    assert answer.code == 3
    assert "without the sources of gemmlowp, flatbuffers, which" in answer.err
    assert "third_party_downloads` in it" in answer.err
    assert sketchbook(home) == before


def test_a_tree_becomes_a_library(mcuprof, home, runs_on, tmp_path):
    others = {
        "third_party/flatbuffers/include/flatbuffers/flatbuffers.h": "#pragma once\n",
        "third_party/gemmlowp/fixedpoint/fixedpoint.h": "#pragma once\n",
    }
    folder = write(tmp_path / "tree", TREE | others)
    git("init", "-q", cwd=folder)
    git("add", "-A", cwd=folder)
    git("commit", "-q", "-m", "a tree", "--date=2024-02-03T00:00:00", cwd=folder)
    (folder / "LICENSE").write_text("new")
    (folder / f"{MICRO}/debug_log.h").write_text("void DebugLog(const char* text);")
    answer = mcuprof("setup", "--tflm", folder)
    assert answer.code == 0, answer.err
    assert "making an Arduino library" in answer.out
    assert runs_on().endswith("-dirty (mcuprof_tflm, reference kernels, 2024)")


def test_without_a_network(mcuprof, home, before, environment):
    environment["HTTPS_PROXY"] = "http://127.0.0.1:9"
    answer = mcuprof("setup", "--tflm", "https://host.invalid/library.git")
    assert answer.code == 3
    assert "could not be downloaded" in answer.err
    assert "bring the library's folder or a .zip of it here" in answer.err
    assert sketchbook(home) == before


def test_a_kill_in_the_middle_leaves_the_old_library(start, mcuprof, home, runs_on, before, repository):
    # A git that never answers: arduino-cli waits for it.
    silent = home.parent / "tools" / "git-upload-pack"
    marker = home.parent / "asked"
    silent.write_text(f"#!/bin/sh\n: > {marker}\nexec sleep 300\n")
    silent.chmod(0o755)
    process = start("setup", "--tflm", f"file://{repository}")
    deadline = time.monotonic() + 120
    while not marker.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert marker.exists()
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    assert sketchbook(home) == before
    assert runs_on().startswith("TFLM 1.0.0")
    silent.unlink()
    assert "TFLM 2.0.0" in mcuprof("setup", "--tflm", f"file://{repository}").out
    assert not (home / "work").exists()


HOLD = """
import time
from harness import cache
with cache.in_use():
    print("held", flush=True)
    time.sleep(300)
"""


def test_a_library_is_not_replaced_under_a_run(spawn, mcuprof, home, before, tmp_path):
    process = spawn("-c", HOLD)
    assert process.stdout.readline() == "held\n"
    answer = mcuprof("setup", "--tflm", library(tmp_path / "next", "9.0.0"))
    assert answer.code == 2
    assert f"(process {process.pid})" in answer.err
    assert sketchbook(home) == before


def test_what_goes_before_it_is_told(mcuprof, home, tmp_path):
    (tmp_path / "mcuprof.toml").write_text('tflm_library = "elsewhere"\n')
    answer = mcuprof("setup", "--tflm", library(tmp_path / "next", "9.0.0"))
    assert answer.code == 0
    assert "tflm_library in mcuprof.toml goes before it" in answer.out


def test_a_network_runs_on_a_tree_that_was_installed(mcuprof, home, environment):
    def measure():
        environment["MCUPROF_CACHE"] = str(paths.cache())  # shared, for its builds
        return mcuprof("timing", "digits", "--impl", "tflm", "--board", "nano33ble-sim", "--json").measurements

    own_cache = environment["MCUPROF_CACHE"]
    on_default = measure()
    environment["MCUPROF_CACHE"] = own_cache
    sources = tflm_sources.find_tflm_sources()  # those that the default is made of
    assert mcuprof("setup", "--tflm", sources).code == 0
    on_installed = measure()
    assert {m["provenance"]["tflm_version"] for m in on_default} == {"2.2.0"}
    assert {m["provenance"]["tflm_version"] for m in on_installed} == {"of unknown version"}
    assert [(m["metric"], m["samples"]) for m in on_installed] == [(m["metric"], m["samples"]) for m in on_default]
    assert all(m["status"] == "ok" for m in on_installed)
