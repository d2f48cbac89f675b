"""The main job: every implementation, bundled model, virtual board and metric, through the command itself."""

import json
import math

import pytest

from harness import boards, implementations, models
from harness.metrics import all_metrics

BOARDS = tuple(name for name in boards.files() if boards.load(name).virtual)

MODELS = ("digits", "keyword_spotting", "person_detection")


@pytest.fixture(scope="module")
def whole_matrix(tmp_path_factory):
    """All measurements of one run, by (model, implementation, board, metric)."""
    import os
    import subprocess
    import sys
    from pathlib import Path

    folder = tmp_path_factory.mktemp("matrix")
    words = ["run", *MODELS, "--json", "--results", str(folder), "--opt", "O2"]
    for board in BOARDS:
        words += ["--board", board]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(
        [sys.executable, "-m", "harness", *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    [saved] = folder.glob("*.json")
    assert json.loads(saved.read_text()) == json.loads(done.stdout), "what is printed is what is saved"
    return {
        (m["model"], m["implementation"], m["board"], m["metric"]): m for m in json.loads(done.stdout)["measurements"]
    }


@pytest.mark.parametrize("metric", list(all_metrics()))
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("implementation", implementations.names())
@pytest.mark.parametrize("model", MODELS)
def test_every_cell_has_a_value(whole_matrix, model, implementation, board, metric):
    cell = whole_matrix[model, implementation, board, metric]
    assert cell["status"] == "ok", cell["reason"]
    assert cell["value"] > 0 or metric == "output"
    assert cell["provenance"]["virtual"] is True
    assert cell["provenance"]["model_sha256"] == models.load(model).sha256


@pytest.mark.parametrize("board", BOARDS)
def test_outputs_are_right_in_every_bit(whole_matrix, board):
    cell = whole_matrix["keyword_spotting", "tflm", board, "output"]
    assert cell["value"] == 0
    assert cell["details"]["inputs"] == 4
    assert cell["details"]["compared"] == "every bit"
    assert cell["details"]["elements"] == 4 * 4


def test_times_are_named_for_what_they_are(whole_matrix):
    cell = whole_matrix["digits", "tflm", "nano33ble-sim", "inference"]
    assert (cell["unit"], cell["clock"]) == ("cycles", "cycle-model")
    assert cell["at_clock_s"] == pytest.approx(cell["value"] / 64e6)
    assert len(set(cell["samples"][1:])) == 1, "a virtual board repeats exactly, once its cache is warm"


def test_the_same_program_takes_more_cycles_where_flash_is_slow(whole_matrix):
    nano, spresense = (
        whole_matrix["digits", "tflm", name, "inference"]["value"] for name in ("nano33ble-sim", "spresense-sim")
    )
    assert nano > spresense


def test_the_same_program_takes_the_same_instructions_on_both_boards(whole_matrix, mcuprof):
    words = [word for board in BOARDS for word in ("--board", board)]
    words += ["--clock", "instruction-count", "--opt", "O2", "--json"]
    answer = mcuprof("timing", "digits", "--impl", "tflm", *words)
    cells = [m for m in answer.measurements if m["metric"] == "inference"]
    assert {(m["unit"], m["clock"]) for m in cells} == {("instructions", "instruction-count")}
    assert len({tuple(m["samples"]) for m in cells}) == 1
    assert cells[0]["value"] < whole_matrix["digits", "tflm", "spresense-sim", "inference"]["value"]


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("model", MODELS)
def test_the_headroom_is_exact(whole_matrix, model, board):
    cell = whole_matrix[model, "tflm", board, "ram"]
    tried = {probe["size"]: probe["works"] for probe in cell["details"]["probes"]}
    assert tried[cell["value"]] is True
    assert tried[cell["value"] + 1] is False
    assert len(tried) <= math.log2(cell["details"]["heap_bytes"])


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("model", MODELS)
def test_the_parts_of_the_flash_add_up(whole_matrix, model, board):
    cell = whole_matrix[model, "tflm", board, "flash"]
    assert sum(cell["details"]["parts"].values()) == cell["value"]
    assert cell["details"]["parts"]["model"] == pytest.approx(len(models.load(model).data), abs=16)
    assert 0 < cell["details"]["harness_bytes"] < 12_000
    if board == "spresense-sim":
        assert cell["details"]["counts_bss"]
        assert cell["value"] > cell["provenance"]["arena_bytes"]


def test_two_runs_give_the_same_figures(whole_matrix, mcuprof):
    again = mcuprof("timing", "digits", "--impl", "tflm", "--board", "nano33ble-sim", "--opt", "O2", "--json")
    assert again.code == 0
    for cell in again.measurements:
        assert cell["samples"] == whole_matrix["digits", "tflm", "nano33ble-sim", cell["metric"]]["samples"]


def test_a_table_for_people(whole_matrix, mcuprof):
    answer = mcuprof("timing", "digits", "--impl", "tflm", "--board", "nano33ble-sim", "--opt", "O2")
    assert answer.code == 0
    for word in (
        "nano33ble-sim: a virtual board",
        "cycles",
        "not a real board's time",
        "reference kernels, 2020",
        "results: ",
    ):
        assert word in answer.out


@pytest.mark.parametrize(
    "name", ["micro_speech_quantized", "kws_ref_model", "ad01_int8", "hello_world_int8", "hello_world_float"]
)
def test_real_networks(mcuprof, shared_models, name):
    answer = mcuprof(
        "run", shared_models / f"{name}.tflite", "--impl", "tflm", "--board", "nano33ble-sim", "--opt", "O2", "--json"
    )
    assert answer.code == 0, answer.err
    assert {m["status"] for m in answer.measurements} == {"ok"}
    output = next(m for m in answer.measurements if m["metric"] == "output")
    assert output["details"]["compared"].startswith("within" if name == "hello_world_float" else "every bit")
