"""``mcuprof tune`` on a virtual board: what it finds is right, goes on where it was cut off, and is used."""

import dataclasses
import json
import signal
import time
from pathlib import Path

import pytest

from harness import boards, models
from harness.case import Settings
from harness.compiler.strategy import Options
from harness.platform import workplace
from harness.tuning.bench import BoardBench
from harness.types import Status
from harness.workbench import Workbench

HOW = ("--board", "nano33ble-sim", "--opt", "O2")
TUNE = ("tune", "digits", *HOW, "--trials", "10", "--objective", "flash")
"""By rule the time is hard to beat; loops are smaller than kernels."""


def tuned(answer):
    assert answer.code == 0, answer.err
    return json.loads(answer.out)["tune"]


def chosen(facts):
    return [(group["operators"], group["digest"], group["best"]) for group in facts["groups"]]


def database(environment):
    return Path(environment["MCUPROF_RESULTS"]) / "tuning" / "cortex-m4f.jsonl"


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def inference(answer):
    assert answer.code == 0, answer.err
    return next(m for m in answer.measurements if m["metric"] == "inference")


def test_what_is_found_is_right_smaller_and_used(mcuprof, environment, tmp_path):
    first = tuned(mcuprof(*TUNE, "--json"))
    assert (first["trials"], first["measured"], first["finished"]) == (10, 10, True)
    assert sum(group["trials"] for group in first["groups"]) == 10
    assert all(group["best"]["flash"] <= group["by_rule"]["flash"] for group in first["groups"])
    assert "loops" in {group["choice"] for group in first["groups"]}
    before, after = first["network"]["by_rule"], first["network"]["tuned"]
    assert after["program_bytes"] < before["program_bytes"]
    assert after["inputs"] == 4
    kept = lines(database(environment))

    again = tuned(mcuprof(*TUNE, "--json"))
    assert again["measured"] == 0
    assert chosen(again) == chosen(first)
    assert lines(database(environment)) == kept

    elsewhere = tuned(mcuprof(*TUNE, "--json", "--results", tmp_path / "elsewhere"))
    assert elsewhere["measured"] == 10
    assert chosen(elsewhere) == chosen(first)
    without_times = [{**line, "measured": ""} for line in kept]
    there = lines(tmp_path / "elsewhere" / "tuning" / "cortex-m4f.jsonl")
    assert [{**line, "measured": ""} for line in there] == without_times

    case = ("timing", "digits", "--impl", "tvm-aot", *HOW, "--json")
    used, unused = inference(mcuprof(*case, "--tuning", "flash")), inference(mcuprof(*case, "--no-tuning"))
    assert used["value"] == after["time"]
    assert unused["value"] == before["time"]
    count = sum(group["choice"] is not None for group in first["groups"])
    assert used["provenance"]["tuning"].startswith(f"{count} of 4 groups for flash, choices ")
    assert unused["provenance"]["tuning"] == "not used"
    assert used["provenance"]["build"] != unused["provenance"]["build"]
    runs = sorted(Path(environment["MCUPROF_RESULTS"]).glob("*.json"))
    compared = mcuprof("compare", *runs)
    assert "not used" in compared.out
    assert inference(mcuprof(*case))["value"] <= unused["value"]  # for latency, of the same trials
    other = inference(
        mcuprof("timing", "digits", "--impl", "tvm-aot", "--board", "nano33ble-sim", "--opt", "Os", "--json")
    )
    assert other["provenance"]["tuning"] == "nothing known"

    c = tmp_path / "c"
    facts = json.loads(mcuprof("codegen", "digits", "-o", c, *HOW, "--tuning", "flash", "--json").out)["codegen"]
    assert facts["tuning"] == used["provenance"]["tuning"]
    assert facts["arena_bytes"] == after["arena_bytes"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_tuning_that_was_cut_off_goes_on(start, mcuprof, environment, number):
    process = start(*TUNE)
    path = database(environment)
    while process.poll() is None and not (path.is_file() and len(path.read_bytes().splitlines()) > 7):
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    if number is signal.SIGINT:
        assert process.returncode in (0, 130)
        assert "conv_2d" in out
        assert process.returncode == 0 or "the same command goes on from there" in err
    known = sum(line["choice"] is not None for line in lines(path))
    assert 0 < known <= 10
    rest = tuned(mcuprof(*TUNE, "--json"))
    assert (rest["trials"], rest["measured"]) == (10, 10 - known)
    kept = [(line["group"], json.dumps(line["choice"])) for line in lines(path)]
    assert len(kept) == len(set(kept))


def test_a_damaged_last_line_is_told_and_left_out(mcuprof, environment):
    two = ("tune", "digits", *HOW, "--trials", "2", "--json")
    tuned(mcuprof(*two))
    path = database(environment)
    path.write_bytes(path.read_bytes()[:-40])
    answer = mcuprof(*two)
    assert "is damaged and left out, the last one" in answer.err
    assert tuned(answer)["measured"] == 1


def test_what_crashes_hangs_or_does_not_fit_costs_only_itself(environment, monkeypatch, tmp_path):
    from harness.tuning.network import groups

    monkeypatch.setenv("TMPDIR", environment["TMPDIR"])
    model, board = models.load("digits"), boards.load("nano33ble-sim")
    right = groups(model, Options(), 0)[2].piece(None)

    def odd(text):
        return dataclasses.replace(right, body=f"{text}\n{right.body}")

    too_large = odd("  static const volatile uint8_t large[1 << 21] = {1};\n  y[0] = (int8_t)large[x0[0] & 15];")
    pieces = [
        right, odd('  __asm volatile("udf #0");'), right, odd("  for (;;) __asm volatile(\"\");"), right,
        dataclasses.replace(right, body=f"{right.body}\n  y[0] ^= 1;"), odd("  this is no C"), too_large, right,
    ]  # fmt: skip
    bench = Workbench(workplace(), Settings(optimization="O2"), lambda text: None)
    try:
        found = dict(BoardBench(bench, model, board, 7).measure(pieces))
    finally:
        bench.close()
    expected = [Status.OK, Status.CRASHED, Status.OK, Status.HUNG, Status.OK, Status.OK, Status.TOOL_FAILED]
    assert [found[index].status for index in range(9)] == [*expected, Status.DOES_NOT_FIT, Status.OK]
    assert len({found[index].figures.flash for index in (0, 2, 4, 8)}) == 1
    times = [found[index].figures.time for index in (0, 2, 4, 8)]
    assert max(times) < 1.05 * min(times)  # where a function lies may cost a little
    assert found[0].output == found[8].output != found[5].output
    assert all(trial.reason for trial in found.values() if trial.status is not Status.OK)


def test_functions_that_come_to_the_same_code_stay_apart(environment, monkeypatch):
    from harness.tuning.network import groups

    monkeypatch.setenv("TMPDIR", environment["TMPDIR"])
    model, board = models.load("digits"), boards.load("uno-sim")
    same = groups(model, Options(), 0)[-1].piece(None)
    bench = Workbench(workplace(), Settings(), lambda text: None)
    try:
        found = dict(BoardBench(bench, model, board, 7).measure([same, same]))
    finally:
        bench.close()
    assert [found[index].status for index in range(2)] == [Status.OK, Status.OK]
    assert found[0].figures == found[1].figures


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("digits", "--trials", "0"), 2, "0 is not in the range"),
        (("digits", "--objective", "speed"), 2, "'speed' is not one of"),
        (("no_such_model",), 2, "no_such_model"),
        (("digits", "--board", "uno"), 3, "uno"),
        (("digits", "--board", "no_such_board"), 2, "there is no board"),
    ],
)
def test_wrong_use(mcuprof, words, code, said):
    answer = mcuprof("tune", *words)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err


def test_a_float_network_is_refused(mcuprof, shared_models):
    answer = mcuprof("tune", shared_models / "hello_world_float.tflite", "--board", "nano33ble-sim")
    assert answer.code == 1
    assert "is a float network" in answer.err
