"""Machines on which cycles cannot be counted: it is said, and instructions are."""

import json
import os
import shutil
from pathlib import Path

import pytest

BOARD = ("digits", "--impl", "tvm-aot", "--board", "nano33ble-sim")
REFUSAL = "plugin requires API version 1, but this QEMU supports only a minimum version of 3"


@pytest.fixture
def old_qemu(environment, tmp_path):
    """Put a QEMU on the PATH that takes no plugin of this version and is the real one in all else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    real = shutil.which("qemu-system-arm")
    script = folder / "qemu-system-arm"
    script.write_text(
        f"""#!/bin/sh
for word in "$@"; do
  if [ "$word" = -plugin ]; then
    echo "qemu-system-arm: Could not load plugin: {REFUSAL}" >&2
    exit 1
  fi
done
exec {real} "$@"
"""
    )
    script.chmod(0o755)
    environment["PATH"] = f"{folder}{os.pathsep}{environment['PATH']}"


@pytest.fixture
def no_compiler(environment, tmp_path):
    """Take the C compiler off the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    found = {}
    for place in reversed(environment["PATH"].split(os.pathsep)):
        if Path(place).is_dir():
            found |= {path.name: path for path in Path(place).iterdir()}
    for name in found.keys() - {"cc"}:
        (folder / name).symlink_to(found[name])
    environment["PATH"] = str(folder)


def require_told(answer, why):
    assert answer.code == 0, answer.err
    assert "times on nano33ble-sim are instructions, not cycles:" in answer.err
    assert why in answer.err


@pytest.mark.usefixtures("old_qemu")
def test_timing_with_a_qemu_that_refuses_the_plugin(mcuprof):
    answer = mcuprof("timing", *BOARD, "--json")
    require_told(answer, REFUSAL)
    for cell in answer.measurements:
        assert (cell["clock"], cell["unit"], cell["status"]) == ("instruction-count", "instructions", "ok")
        assert REFUSAL in cell["provenance"]["no_cycle_model"]
    shown = mcuprof("report")
    assert "no cycles were counted on nano33ble-sim" in shown.out
    assert REFUSAL in " ".join(shown.out.split())


@pytest.mark.usefixtures("old_qemu")
def test_a_profile_with_a_qemu_that_refuses_the_plugin(mcuprof):
    answer = mcuprof("profile", *BOARD, "--json")
    require_told(answer, REFUSAL)
    [found] = json.loads(answer.out)["profiles"]
    assert (found["status"], found["clock"]) == ("ok", "instruction-count")
    total = sum(operator["instructions"] for operator in found["operators"])
    assert total + found["overhead_instructions"] == found["inference_instructions"]
    assert total == pytest.approx(found["inference_instructions"], rel=0.02)
    assert found["functions"] == []
    assert found["markers_instructions"] > 0
    assert REFUSAL in found["provenance"]["no_cycle_model"]


@pytest.mark.usefixtures("old_qemu")
def test_cycles_that_were_asked_for_by_name(mcuprof):
    answer = mcuprof("timing", *BOARD, "--clock", "cycle-model")
    assert answer.code == 3
    assert "--clock cycle-model: the cycle model does not go with this QEMU" in answer.err
    assert REFUSAL in answer.err


@pytest.mark.usefixtures("old_qemu")
def test_flash_needs_no_clock(mcuprof):
    answer = mcuprof("flash-size", *BOARD, "--json")
    assert answer.code == 0
    assert "not cycles" not in answer.err


@pytest.mark.usefixtures("no_compiler")
def test_timing_without_a_c_compiler(mcuprof):
    answer = mcuprof("timing", *BOARD, "--json")
    require_told(answer, "apt-get install gcc")
    assert {cell["clock"] for cell in answer.measurements} == {"instruction-count"}


@pytest.mark.usefixtures("old_qemu")
def test_timers_around_operators_of_a_board_at_a_port(plug, measure):
    """As on a real board: all implementations, their operators timed by the firmware, over a serial port."""
    answer = measure(plug().path, "profile", "digits", "--board", "nano33ble-sim", "--json")
    require_told(answer, REFUSAL)
    found = json.loads(answer.out)["profiles"]
    assert [profile["implementation"] for profile in found] == ["tflm", "tvm-aot", "tvm-graph"]
    for profile in found:
        assert profile["status"] == "ok", profile["reason"]
        pair = [[1], [2]] if profile["implementation"] == "tflm" else [[1, 2]]
        assert [operator["operators"] for operator in profile["operators"]] == [[0], *pair, [3], [4]]
        total = sum(operator["instructions"] for operator in profile["operators"])
        assert total == pytest.approx(profile["inference_instructions"], rel=0.02)
        assert total + profile["overhead_instructions"] == profile["inference_instructions"]
        more = profile["inference_instructions"] - profile["inference_without_markers_instructions"]
        assert profile["markers_instructions"] == more > 0
