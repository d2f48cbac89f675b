"""The generated networks: the same in every run, with the shapes of the published ones."""

from pathlib import Path

import pytest

from bench.generated import NETWORKS
from harness import models
from harness.compiler import flatbuffer


@pytest.mark.parametrize(
    ("name", "given", "classes", "operators"),
    [
        ("visual_wake_words", (1, 96, 96, 3), 2, {"CONV_2D": 14, "DEPTHWISE_CONV_2D": 13}),
        ("image_classification", (1, 32, 32, 3), 10, {"CONV_2D": 9, "ADD": 3}),
    ],
)
def test_a_generated_network(name, given, classes, operators):
    content = NETWORKS[name]()
    graph = flatbuffer.read(models.parse(content, Path(f"{name}.tflite")))
    assert content == NETWORKS[name]()
    assert graph.tensors[graph.inputs[0]].shape == given
    assert graph.tensors[graph.outputs[0]].shape == (1, classes)
    found = [operator.name for operator in graph.operators]
    assert {each: found.count(each) for each in operators} == operators
