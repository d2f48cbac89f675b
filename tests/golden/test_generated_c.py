"""Compiled networks as C, byte for byte. ``--update-golden`` remakes the files; review what changes."""

from pathlib import Path

import pytest
from tvm import s_tir

from harness import boards, models, sketch
from harness.compiler import graph_executor, source, space, traces
from harness.compiler.build import compile_model
from harness.compiler.strategy import Options
from harness.tuning.network import groups
from harness.tuning.program import compose
from tests.compiler.networks import small_network

GOLDEN = Path(__file__).parent
TITLE = "small, a network of the tests"


def program():
    return compile_model(models.parse(small_network(), Path("small.tflite")), fuse=True)


def ahead_of_time():
    made = program()
    network = sketch.render("tvm_aot/network.cpp.j2", title=TITLE, **source.common(made))
    files = source.files(made, TITLE)
    del files["kernels.h"]  # the same for every network
    return files | {"main.c": source.example(made, TITLE), "network.cpp": network}


def graph():
    files = graph_executor.files(program(), TITLE)
    return {name: text for name, text in files.items() if name.startswith(("operators", "network"))}


def candidates():
    """The dense layer by its kernel, and by loops with the sums of three outputs in variables."""
    dense = groups(models.parse(small_network(), Path("small.tflite")), Options(), seed=0)[2]
    trace = space.plans(dense._found.function, elementwise=False)[0].trace
    for step in [each for each in trace.insts if each.kind.name == "SampleCategorical"]:
        trace = trace.with_decision(step, len(step.attrs[0]) - 1, True)
    plan = s_tir.Schedule(dense._found.function)
    trace.apply_to_schedule(plan, True)
    pieces = [dense.piece(None), dense.piece(traces.choice(plan.trace))]
    files = compose(pieces, boards.load("nano33ble-sim"), TITLE, "0" * 12).files
    return {name: text for name, text in files.items() if name.startswith(("network.cpp", "candidate", "constants"))}


CASES = {"small_network_aot": ahead_of_time, "small_network_graph": graph, "small_network_candidates": candidates}


@pytest.mark.parametrize("name", CASES)
def test_generated_c(name, request):
    made, folder = CASES[name](), GOLDEN / name
    if request.config.getoption("--update-golden"):
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for file, text in made.items():
            (folder / f"{file}.golden").write_text(text, encoding="utf-8")
    stored = {path.name.removesuffix(".golden"): path.read_text(encoding="utf-8") for path in folder.glob("*.golden")}
    assert made == stored
