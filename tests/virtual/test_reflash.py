"""Unused RAM by a program for each size, beside one upload for all: the same to the byte."""

import pytest

from harness import boards, models
from harness.case import Case, Method, Settings
from harness.implementations import tvm_aot
from harness.metrics import ram
from harness.platform import workplace
from harness.virtual import simavr
from harness.workbench import Workbench

NANO = "nano33ble-sim"


def searched(mcuprof, *words):
    """Return value and tried sizes by model and implementation; both ends of each answer must have been tried."""
    answer = mcuprof("ram-search", *words, "--json")
    assert answer.code == 0, answer.err
    found = {}
    for cell in answer.measurements:
        tried = {probe["size"]: probe["works"] for probe in cell["details"]["probes"]}
        assert (tried[cell["value"]], tried[cell["value"] + 1]) == (True, False)
        found[cell["model"], cell["implementation"]] = cell
    return found


@pytest.mark.parametrize(
    ("words", "cases"),
    [
        (["digits", "keyword_spotting", "--board", NANO], 6),
        pytest.param(
            ["digits", "--impl", "tvm-aot", "--board", "uno-sim"], 1,
            marks=pytest.mark.skipif(simavr.missing() is not None, reason=str(simavr.missing())),
        ),
    ],
)  # fmt: skip
def test_both_ways_agree(mcuprof, words, cases):
    one_flash, reflash = searched(mcuprof, *words), searched(mcuprof, *words, "--method", "reflash")
    assert len(one_flash) == cases
    for key, cell in reflash.items():
        assert cell["value"] == one_flash[key]["value"], key
        assert cell["details"]["method"] == "reflash"
        assert one_flash[key]["details"]["method"] == "one-flash"


def test_they_agree_where_nothing_is_guessed(mcuprof):
    """A bisection from nothing: 20 programs, each built and uploaded."""
    [one_flash] = searched(mcuprof, "digits", "--impl", "tvm-aot", "--board", NANO).values()
    settings = Settings(method=Method.REFLASH)
    case = Case(model=models.load("digits"), implementation=tvm_aot.create(settings), board=boards.load(NANO))
    said = []
    workbench = Workbench(workplace(), settings, said.append)
    try:
        with workbench.bench(workbench.build(case)) as bench:
            reading = ram.search(bench, one_flash["details"]["heap_bytes"], None, 30.0)
            assert bench.firmware.facts["sketch"] == bench.built.build.sketch, "the case's own program is not back"
    finally:
        workbench.close()
    assert reading.value == one_flash["value"]
    assert len(reading.details["probes"]) > 10
    assert sum("upload" in text for text in said) == len(reading.details["probes"]) + 2
