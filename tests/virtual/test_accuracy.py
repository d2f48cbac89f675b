"""Accuracy on virtual boards: the real firmware, the real wire, every implementation."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from harness import implementations, models

ON = ("--board", "nano33ble-sim", "--json")
RIGHT = 355 / 360
"""What the file of the digits says of itself: 98.61 %."""


def scored(answer):
    assert answer.code == 0, answer.err
    return {m["implementation"]: m for m in answer.measurements}


def test_the_digits_are_as_accurate_everywhere(mcuprof):
    found = scored(mcuprof("accuracy", "digits", *ON))
    assert set(found) == set(implementations.names())
    for m in found.values():
        assert (m["metric"], m["status"], m["unit"]) == ("accuracy", "ok", "share")
        assert m["scores"]["accuracy"] == m["value"] == pytest.approx(RIGHT)
        assert m["details"]["same_outputs_as_host"] == m["details"]["samples"] == 360
        assert m["details"]["losses"]["implementation"] == m["details"]["losses"]["board"] == 0
        assert m["details"]["time"]["unit"] == "cycles"
    assert len({json.dumps(m["scores"]) for m in found.values()}) == 1


def test_a_kill_loses_no_sample(mcuprof, start, environment):
    words = "accuracy", "digits", "--impl", "tvm-aot", *ON
    process = start(*words)
    results = Path(environment["MCUPROF_RESULTS"])
    journal = None
    while process.poll() is None:
        journal = next(results.glob("*.samples/*.samples"), None)
        if journal is not None and len(journal.read_bytes().splitlines()) > 20:
            break
        time.sleep(0.05)
    process.kill()
    process.communicate()
    kept = journal.read_bytes()
    whole = kept[: kept.rindex(b"\n") + 1]
    assert len(whole.splitlines()) > 20
    assert mcuprof("run", "--resume").code == 2  # it is not a run of networks
    found = scored(mcuprof("accuracy", "--resume", "--json"))["tvm-aot"]
    assert found["details"]["samples"] == found["details"]["same_outputs_as_host"] == 360
    after = journal.read_bytes()
    assert after.startswith(whole)  # nothing was measured again
    assert len(after.splitlines()) == 1 + 360
    assert mcuprof("accuracy", "--resume").code == 2  # it is finished now


def test_mlperf_tinys_protocol(mcuprof):
    words = "accuracy", "digits", "--impl", "tvm-graph", "--protocol", "mlperf-tiny", "--samples", "20", *ON
    found = scored(mcuprof(*words, "--model-id", "ic01"))["tvm-graph"]
    assert found["scores"] == found["details"]["host"]["scores"]
    timed = mcuprof("timing", "digits", "--impl", "tvm-graph", "--clock", "instruction-count", *ON)
    by_mcuprof = {m["metric"]: m for m in timed.measurements}["inference"]["value"]
    assert found["details"]["time"]["median"] == pytest.approx(by_mcuprof, rel=0.05)
    assert "same_outputs_as_host" not in found["details"]


def test_a_board_that_somebody_else_has_flashed(plug, measure):
    tty = plug()
    words = "accuracy", "digits", "--protocol", "mlperf-tiny", "--samples", "10", "--json"
    flashed = measure(tty.path, *words, "--board", "nano33ble-sim", "--impl", "tvm-aot", "--sent", "uint8")
    assert flashed.code == 0, flashed.err
    answer = measure(tty.path, *words, "--board", "nano33ble", "--port", tty.path, "--flashed", "--sent", "uint8")
    found = scored(answer)["flashed"]
    assert found["scores"] == scored(flashed)["tvm-aot"]["scores"]
    assert "'mcuprof nano33ble-sim tvm-aot' answers" in answer.err


def test_reconstruction_as_of_ad01(mcuprof, shared_models, tmp_path):
    model = models.load(str(shared_models / "ad01_int8.tflite"))
    random = np.random.default_rng(0)
    x = random.normal(0, 1, (4, 2, *model.inputs[0].shape[1:])).astype(np.float32)
    np.savez(tmp_path / "d.npz", x_data=x, y_data=np.array([0, 1, 0, 1]))
    words = "accuracy", model.path, "--data", tmp_path / "d.npz", "--impl", "tvm-aot", *ON
    by_mcuprof = scored(mcuprof(*words))["tvm-aot"]
    by_mlperf = scored(mcuprof(*words, "--protocol", "mlperf-tiny"))["tvm-aot"]
    assert by_mcuprof["details"]["task"] == "anomaly"
    assert by_mcuprof["unit"] == "AUC"
    assert by_mcuprof["scores"] == by_mlperf["scores"] == by_mcuprof["details"]["host"]["scores"]


def test_inspect_takes_no_tool(mcuprof):
    answer = mcuprof("inspect", "person_detection", "--json")
    assert answer.code == 0
    found = json.loads(answer.out)["inspection"]
    assert found["macs"] == 7_157_888
    assert {row["implementation"]: row["supported"] for row in found["implementations"]} == {
        "tflm": True, "tvm-aot": True, "tvm-graph": True,
    }  # fmt: skip
