"""The tables of the earlier study come out of its raw times, to every printed digit."""

import csv

import pytest
from click.testing import CliRunner

from harness import sample_file, stats
from harness.commands.stats import stats as command

# application, implementation, board, column of the table → file of raw times, without its end
ROWS = {
    ("keyword_spotting", "tvm-graph", "nano33ble", "init_ms"): "micro_speech_graph_executor__initialization",
    ("keyword_spotting", "tvm-graph", "nano33ble", "inference_ms"): "micro_speech_graph_executor__inference",
    ("keyword_spotting", "tvm-aot", "nano33ble", "inference_ms"): "micro_speech_aot_executor__inference",
    ("keyword_spotting", "tflm", "nano33ble", "inference_ms"): "micro_speech_tlfm__inference",
    ("person_detection", "tflm", "nano33ble", "inference_ms"): "person_detection_tlfm__inference",
    ("person_detection", "tvm-graph", "spresense", "init_ms"): "person_detection_graph_executor__initialization",
    ("person_detection", "tvm-graph", "spresense", "inference_ms"): "person_detection_graph_executor__inference",
    ("person_detection", "tvm-aot", "spresense", "inference_ms"): "person_detection_aot_executor__inference",
}
# Printed times of which the study kept no raw ones.
WITHOUT_RAW_TIMES = {
    ("keyword_spotting", "tflm", "nano33ble", "init_ms"),
    ("keyword_spotting", "tvm-aot", "nano33ble", "init_ms"),
    ("person_detection", "tflm", "nano33ble", "init_ms"),
    ("person_detection", "tvm-aot", "spresense", "init_ms"),
}


def printed(folder):
    """Return the times of the table as they are printed, in milliseconds."""
    with (folder / "seed_results.csv").open(encoding="utf-8") as stream:
        return {
            (row["application"], row["implementation"], row["board"], column): row[column]
            for row in csv.DictReader(stream)
            for column in ("init_ms", "inference_ms")
            if row[column]
        }


def raw(folder, row):
    """Return the file of raw times behind a printed one."""
    board = {"nano33ble": "nano", "spresense": "spresense"}[row[2]]
    return folder / "seed_timings" / f"{ROWS[row]}_times_{board}.txt"


def test_every_printed_time_is_known(shared_reference):
    assert set(printed(shared_reference)) == set(ROWS) | WITHOUT_RAW_TIMES
    files = set((shared_reference / "seed_timings").glob("*.txt"))
    assert files == {raw(shared_reference, row) for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids="-".join)
def test_the_table_shows_the_mean_in_milliseconds(shared_reference, row):
    path = raw(shared_reference, row)
    file = sample_file.parse(path.read_text(encoding="utf-8"), path.name)
    assert file.step == 1  # whole microseconds
    found = stats.summarize(file.samples, resolution=file.step)
    shown = printed(shared_reference)[row]
    decimals = len(shown.partition(".")[2])
    assert f"{found.mean / 1000:.{decimals}f}" == shown
    assert found.mean_interval.low < found.mean < found.mean_interval.high


def test_the_command_prints_them(shared_reference):
    path = raw(shared_reference, ("keyword_spotting", "tflm", "nano33ble", "inference_ms"))
    said = CliRunner().invoke(command, [str(path), "--unit", "us"], standalone_mode=False)
    assert said.exception is None
    assert "53.65366 ms" in said.output
    assert "the first run took 0.27 % longer" in said.output
