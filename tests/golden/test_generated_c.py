"""Compiled networks as C, byte for byte. ``--update-golden`` remakes the files; review what changes."""

from pathlib import Path

import pytest

from harness import models, sketch
from harness.compiler import graph_executor, source
from harness.compiler.build import compile_model
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


CASES = {"small_network_aot": ahead_of_time, "small_network_graph": graph}


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
