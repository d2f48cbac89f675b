"""``mcuprof profile`` on virtual boards: what it tells adds up, repeats, and is what ``timing`` says."""

import contextlib
import json
import time
from xml.etree import ElementTree

import pytest

from harness import boards, implementations, models
from harness.compiler.flatbuffer import outline
from harness.layout import REST

NAMES = implementations.names()
ALONE = [[0], [1], [2], [3], [4]]
PAIRED = [[0], [1, 2], [3], [4]]
"""The operators of the digits: TVM computes the depthwise convolution and the one after it as one."""
WORDS = ("profile", "digits", "--board", "nano33ble-sim", "--opt", "O2", "--json")


def profiles(answer):
    assert answer.code == 0, answer.err
    return {p["implementation"]: p for p in json.loads(answer.out)["profiles"]}


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The profiles of one call, by implementation, with the files that it wrote."""
    import os
    import subprocess
    import sys
    from pathlib import Path

    folder = tmp_path_factory.mktemp("profile")
    files = ["--flame", "f.svg", "--speedscope", "s.json", "--memory", "m.svg", "--flash"]
    done = subprocess.run(
        [sys.executable, "-m", "harness", *WORDS, *files], cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "MCUPROF_RESULTS": str(folder / "results"),
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {p["implementation"]: p for p in json.loads(done.stdout)["profiles"]}
    return found | {"folder": folder}


@pytest.mark.parametrize("name", NAMES)
def test_operators_add_up_to_the_inference(digits, name):
    found = digits[name]
    total = sum(operator["cycles"] for operator in found["operators"])
    assert total == pytest.approx(found["inference_cycles"], rel=0.02)
    assert total + found["overhead_cycles"] == found["inference_cycles"]
    assert found["overhead_cycles"] > 0


@pytest.mark.parametrize("name", NAMES)
def test_functions_add_up_to_the_region(digits, name):
    functions = digits[name]["functions"]
    assert sum(function["cycles"] for function in functions) == digits[name]["inference_cycles"]
    outside = sum(function["cycles"] for function in functions if function["kind"] == "runtime")
    assert outside == digits[name]["overhead_cycles"]
    assert not [function["name"] for function in functions if "(no symbol" in function["name"]]


@pytest.mark.parametrize("name", NAMES)
def test_operators_are_those_of_the_model_in_their_order(digits, name):
    graph = outline(models.load("digits"))
    found = digits[name]["operators"]
    groups = [operator["operators"] for operator in found]
    assert groups == (ALONE if name == "tflm" else PAIRED)
    assert [operator["index"] for operator in found] == [group[0] for group in groups]
    types = ["+".join(graph.operators[place].name for place in group) for group in groups]
    assert [operator["type"] for operator in found] == types
    shapes = [list(graph.tensors[graph.operators[group[-1]].outputs[0]].shape) for group in groups]
    assert [operator["output_shape"] for operator in found] == shapes


def test_functions_of_each_implementation_are_known_by_name(digits):
    by_name = {name: {function["name"]: function for function in digits[name]["functions"]} for name in NAMES}
    assert by_name["tvm-aot"]["op_conv_2d"]["kind"] == "operator"
    assert by_name["tvm-graph"]["graph_executor_run"]["kind"] == "runtime"
    assert by_name["tflm"]["tflite::MicroInterpreter::Invoke"]["kind"] == "runtime"
    assert any(name.startswith("tflite::") and f["kind"] == "operator" for name, f in by_name["tflm"].items())


def test_a_profile_repeats_exactly(digits, mcuprof):
    again = profiles(mcuprof(*WORDS, "--flash"))
    for name in NAMES:
        assert exact(again[name]) == exact(digits[name])


def exact(profile):
    """All but what core and firmware take of the stack, which goes with how the conversation went."""
    memory = {key: value for key, value in profile["memory"].items() if not key.startswith("stack")}
    return profile | {"memory": memory}


def test_without_markers_it_is_what_timing_says(digits, mcuprof):
    answer = mcuprof("timing", "digits", "--board", "nano33ble-sim", "--opt", "O2", "--json")
    for cell in answer.measurements:
        if cell["metric"] == "inference":
            found = digits[cell["implementation"]]
            assert found["inference_without_markers_cycles"] == cell["value"]
            assert abs(found["markers_cycles"]) < 0.02 * cell["value"]


def test_memory_is_told(digits):
    aot, graph, tflm = (digits[name]["memory"] for name in ("tvm-aot", "tvm-graph", "tflm"))
    assert aot["peak_bytes"] <= aot["arena_bytes"]
    assert aot["peak_held_by"]
    assert (aot["heap_bytes"], tflm["heap_bytes"]) == (0, 0)
    assert graph["heap_bytes"] > graph["arena_bytes"], "the executor's own, beside the tensors"
    assert REST in [block["name"] for block in tflm["blocks"]]
    assert max(block["offset"] + block["bytes"] for block in tflm["blocks"]) == tflm["arena_bytes"]
    assert tflm["peak_held_by"] == ["conv_2d_0", "depthwise_conv_2d_1"]
    assert tflm["peak_bytes"] == 8 * 8 * 8 + 4 * 4 * 8
    for memory in (aot, graph, tflm):
        assert 0 < memory["stack_idle_bytes"] <= memory["stack_started_bytes"] <= memory["stack_inferred_bytes"]


def test_a_pair_has_a_workspace_and_no_tensor_between(digits):
    for name in ("tvm-aot", "tvm-graph"):
        memory = digits[name]["memory"]
        assert "depthwise_conv_2d_1" not in [block["name"] for block in memory["blocks"]]
        assert {"conv_2d_0", "workspace", "conv_2d_2"} <= set(memory["peak_held_by"])
    aot = digits["tvm-aot"]["memory"]
    [workspace] = [b["bytes"] for b in aot["blocks"] if b["name"] == "workspace" and b["first"] == aot["peak_step"]]
    assert aot["peak_bytes"] == 8 * 8 * 8 + workspace, "the output is written over the input"


def test_flash_by_symbol(digits):
    sizes = {symbol["name"]: symbol["bytes"] for symbol in digits["tflm"]["symbols"]}
    assert sizes["mcuprof::model_words"] == pytest.approx(len(models.load("digits").data), abs=8)


def test_the_files_that_are_written(digits):
    folder = digits["folder"]
    scope = json.loads((folder / "s.json").read_text())
    assert [told["endValue"] for told in scope["profiles"]] == [digits[name]["inference_cycles"] for name in NAMES]
    for name in ("f.svg", "m.svg"):
        root = ElementTree.parse(folder / name).getroot()
        assert list(root.iter("{http://www.w3.org/2000/svg}title"))


def test_side_by_side_in_a_terminal(mcuprof):
    words = ("profile", "keyword_spotting", "--impl", "tvm-aot", "--impl", "tflm", "--board", "nano33ble-sim")
    answer = mcuprof(*words, "--opt", "O2")
    assert answer.code == 0, answer.err
    for word in (
        "keyword_spotting on nano33ble-sim: cycles by operator", "DEPTHWISE_CONV_2D", "320,000",
        "outside of operators", "where tvm-aot has no cycles, nothing is left to do", "SMLAD",
        "markers around operators add", "not a real board's time",
    ):  # fmt: skip
        assert word in " ".join(answer.out.split()), word


def test_operators_that_tvm_joins(mcuprof, shared_models):
    words = ("profile", shared_models / "kws_ref_model.tflite", "--impl", "tvm-aot", "--no-fuse")
    alone = profiles(mcuprof(*words, "--board", "nano33ble-sim", "--json"))["tvm-aot"]
    joined = profiles(mcuprof(*words[:-1], "--board", "nano33ble-sim", "--json"))["tvm-aot"]
    assert [operator["operators"] for operator in alone["operators"]] == [[place] for place in range(13)]
    places = [place for operator in joined["operators"] for place in operator["operators"]]
    assert sorted([*places, *joined["operators_without_code"]]) == list(range(13))
    for found in (alone, joined):
        assert sum(operator["macs"] for operator in found["operators"]) == 2_656_768


def test_by_instructions(mcuprof):
    words = ("profile", "digits", "--impl", "tvm-aot", "--board", "nano33ble-sim", "--clock", "instruction-count")
    found = profiles(mcuprof(*words, "--json"))["tvm-aot"]
    assert found["clock"] == "instruction-count"
    assert found["inference_cycles"] is None
    total = sum(operator["instructions"] for operator in found["operators"])
    assert total + found["overhead_instructions"] == found["inference_instructions"]


def test_avr_boards_time_their_operators(mcuprof):
    found = profiles(mcuprof("profile", "digits", "--impl", "tvm-aot", "--board", "uno-sim", "--json"))["tvm-aot"]
    total = sum(operator["cycles"] for operator in found["operators"])
    assert total == pytest.approx(found["inference_cycles"], rel=0.02)
    assert 0 < found["markers_cycles"] < 0.02 * found["inference_cycles"]
    assert found["functions"] == []


def test_what_cannot_be_profiled_has_a_reason(mcuprof):
    answer = mcuprof("profile", "digits", "--impl", "tflm", "--board", "uno-sim", "--json")
    assert answer.code == 0
    [found] = json.loads(answer.out)["profiles"]
    assert found["status"] == "unsupported"
    assert "C++ standard library" in found["reason"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--board", "uno", "--clock", "cycle-model"), "times on uno are read from its hardware clock alone"),
        (("--flame", "nowhere/f.svg"), "there is no folder"),
        (("--flame", "f.svg", "--memory", "f.svg"), "is named for two files"),
        (
            ("--board", "uno", "--port", "socket://127.0.0.1:9"),
            "over the network nothing is uploaded (uno is at socket://127.0.0.1:9)",
        ),
    ],
)
def test_wrong_use_is_told_before_the_work(mcuprof, words, complaint):
    answer = mcuprof("profile", "digits", "--impl", "tvm-aot", *words)
    assert answer.code == 2
    assert complaint in answer.err
    assert "compile" not in answer.err


def test_a_program_that_was_stripped_of_its_symbols(mcuprof, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "mcuprof.toml").write_text('boards = "own"\n')
    text = boards.files()["nano33ble-sim"].read_text().replace(":nano33ble", ":stripped")
    (tmp_path / "own" / "stripped-sim.toml").write_text(f'{text}\n[build_properties]\nbuild.opt = "-O2 -s"\n')
    answer = mcuprof("profile", "digits", "--impl", "tvm-aot", "--board", "stripped-sim", "--flash")
    assert answer.code == 0, answer.err
    said = " ".join(answer.out.split())
    assert "the program was stripped of its symbols" in said
    found = json.loads(next((tmp_path / "results").glob("*.json")).read_text())["profiles"][0]
    assert {function["name"] for function in found["functions"]} == {"(no symbols)"}
    assert sum(function["cycles"] for function in found["functions"]) == found["inference_cycles"]
    assert found["symbols"] == []
    total = sum(operator["cycles"] for operator in found["operators"])
    assert total == pytest.approx(found["inference_cycles"], rel=0.02), "marks need no symbols"


def test_a_profile_is_saved_as_it_goes(start, mcuprof, tmp_path):
    words = ("digits", "--impl", "tvm-aot", "--impl", "tvm-graph", "--impl", "tflm", "--board", "nano33ble-sim")
    process = start("profile", *words)
    saved = []
    while process.poll() is None and not saved:
        for path in (tmp_path / "results").glob("*.json"):
            with contextlib.suppress(ValueError):
                saved = json.loads(path.read_text()).get("profiles", [])
        time.sleep(0.05)
    process.kill()
    process.communicate()
    assert saved, "killed before the first profile was there"
    shown = mcuprof("report")
    assert shown.code == 0, shown.err
    assert "digits on nano33ble-sim: cycles by operator" in shown.out
    page = tmp_path / "page.html"
    assert mcuprof("report", "--html", page).code == 0
    assert "Flame graph of tvm-aot" in page.read_text()
    assert mcuprof("report", "--csv").code == 2
    assert mcuprof("run", "--resume").code == 2


def test_files_that_are_not_to_be_written_over(mcuprof):
    answer = mcuprof("profile", "digits", "--html", "digits.tflite")
    assert answer.code == 2
    assert "--html takes the file to write, whose name ends in .html" in answer.err
