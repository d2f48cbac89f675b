"""The graph executor's JSON: TVM's format, storages that fit the program, and how it stands in C."""

import json
import re

import pytest

from harness.case import Settings
from harness.compiler import executor, graph_executor
from harness.implementations import tvm_graph
from tests.compiler.small_program import small_program

OPERATOR = {"num_outputs": "1", "num_inputs": "1", "flatten_data": "0", "func_name": "negate"}


@pytest.fixture(scope="module")
def made():
    return graph_executor.graph(small_program())


def test_the_document(made):
    assert made.document == {
        "nodes": [
            {"op": "null", "name": "left__half_", "inputs": []},
            {"op": "null", "name": "left__half__1", "inputs": []},
            {"op": "null", "name": "p0", "inputs": []},
            {
                "op": "tvm_op",
                "name": "mix",
                "attrs": {"num_outputs": "2", "num_inputs": "3", "flatten_data": "0", "func_name": "mix"},
                "inputs": [[0, 0, 0], [1, 0, 0], [2, 0, 0]],
            },
            {"op": "tvm_op", "name": "negate", "attrs": OPERATOR, "inputs": [[3, 0, 0]]},
            {"op": "tvm_op", "name": "negate_1", "attrs": OPERATOR, "inputs": [[4, 0, 0]]},
        ],
        "arg_nodes": [0, 1, 2],
        "heads": [[1, 0, 0], [3, 0, 0], [3, 0, 0], [5, 0, 0]],
        "attrs": {
            "dltype": ["list_str", ["int8", "int8", "int8", "int8", "int32", "int8", "int8"]],
            "device_index": ["list_int", [1, 1, 1, 1, 1, 1, 1]],
            "storage_id": ["list_int", [0, 1, 2, 3, 4, 4, 5]],
            "shape": ["list_shape", [[4], [4], [4], [4], [4], [2, 2], [4]]],
        },
        "node_row_ptr": [0, 1, 2, 3, 5, 6, 7],
    }


def test_the_storages(made):
    assert made.parameters == ((2, 0),)
    assert made.storage_sizes == {0: 4, 1: 4, 3: 4, 4: 16, 5: 4}
    assert made.storage_bytes == 32


def test_the_text_in_c_is_the_document(made):
    text = graph_executor.compact(made.document)
    assert " " not in text
    assert json.loads(text) == made.document
    code = graph_executor.files(small_program(), "small")["operators.c"]
    array = re.search(r"graph_json\[\] =\n((?: +\".*\"\n?)+);", code)
    assert "".join(re.findall(r'"(.*)"', array[1])).replace('\\"', '"') == text
    assert f"a graph of {len(text)} bytes" in code


def test_long_names_are_kept_whole():
    names = ["a" * 250, "b," * 70]
    text = graph_executor.compact({"nodes": [{"name": name} for name in names]})
    lines = graph_executor._lines(text)
    assert "".join(lines) == text
    assert max(len(line) for line in lines) <= 100


def test_the_wrappers_know_types_and_dimensions():
    code = graph_executor.files(small_program(), "small")["operators.c"]
    assert "mix_types[] = {1, 1, 1, 1, 1, 1, 1, 1, 4, 1};" in code
    assert "negate_types[] = {1, 255, 1, 255};" in code  # called on two shapes
    assert "mix(tensors[0]->data, tensors[1]->data, tensors[2]->data, tensors[3]->data, tensors[4]->data);" in code
    assert "case 2: return mix_weights_0;" in code


def test_out_of_memory_is_understood():
    implementation = tvm_graph.create(Settings())
    assert implementation.missing_memory("out of memory: 9216 bytes for storage 4") == 9216
    assert implementation.missing_memory("graph, byte 12: a comma or bracket is missing") is None


def test_what_runs_is_named(monkeypatch):
    monkeypatch.setattr(executor, "tvm_version", lambda: "0.27.0")
    assert tvm_graph.create(Settings()).describe() == "TVM 0.27.0, graph executor"
    alone = tvm_graph.create(Settings(fuse=False))
    assert alone.provenance() == {
        "runs_on": "TVM 0.27.0, graph executor, operators not fused",
        "tvm_version": "0.27.0",
        "operators": "alone",
        "weights": "int8",
    }
    assert alone.library() is None
