"""MACs against counts that are made by hand from the shapes of known networks."""

import pytest

from harness import models
from harness.compiler.flatbuffer import outline
from harness.compiler.graph import Graph, Operator, Tensor
from harness.macs import macs


def total(graph):
    return sum(macs(operator, graph) for operator in graph.operators)


def separable(size, channels, outputs):
    """A depthwise convolution of 3x3, and one of 1x1 after it; ``size`` is that of its output."""
    return size * size * channels * 9 + size * size * channels * outputs


def test_person_detection():
    # MobileNet v1 of a quarter's width on 96x96: its first convolution is a depthwise one of eight filters.
    first = 48 * 48 * 8 * 9
    blocks = [(48, 8, 16), (24, 16, 32), (24, 32, 32), (12, 32, 64), (12, 64, 64), (6, 64, 128)]
    blocks += [(6, 128, 128)] * 5 + [(3, 128, 256), (3, 256, 256)]
    last = 256 * 2
    expected = first + sum(separable(*block) for block in blocks) + last
    assert total(outline(models.load("person_detection"))) == expected == 7_157_888


def test_keyword_spotting():
    # One depthwise convolution of 10x8 with eight filters on 49x40, at every second place, and a layer of four words.
    assert total(outline(models.load("keyword_spotting"))) == 25 * 20 * 8 * 80 + 25 * 20 * 8 * 4 == 336_000


def test_the_reference_network_of_mlperf_tiny(shared_models):
    # DS-CNN: 10x4 on 49x10 at every second place, four separable ones of 64 channels, twelve words.
    first = 25 * 5 * 64 * 40
    blocks = 4 * (25 * 5 * 64 * 9 + 25 * 5 * 64 * 64)
    assert total(outline(models.load(str(shared_models / "kws_ref_model.tflite")))) == first + blocks + 64 * 12
    assert first + blocks + 64 * 12 == 2_656_768


def operator(name, *shapes, output=(1,), **options):
    """A network of one operator, whose inputs have these shapes."""
    tensors = [Tensor(index=i, name=f"t{i}", shape=shape, dtype="int8") for i, shape in enumerate((*shapes, output))]
    one = Operator(
        index=0, name=name, version=1, inputs=tuple(range(len(shapes))), outputs=(len(shapes),), options=options
    )  # fmt: skip
    return one, Graph(name="one", tensors=tuple(tensors), operators=(one,), inputs=(0,), outputs=(len(shapes),))


@pytest.mark.parametrize(
    ("what", "count"),
    [
        (operator("CONV_2D", (1, 8, 8, 3), (16, 3, 3, 3), (16,), output=(1, 8, 8, 16)), 8 * 8 * 16 * 27),
        (operator("CONV_2D", (1, 4, 4, 8), (8, 1, 1, 4), (8,), output=(1, 4, 4, 8)), 4 * 4 * 8 * 4),  # in two groups
        (operator("DEPTHWISE_CONV_2D", (1, 8, 8, 4), (1, 3, 5, 8), (8,), output=(1, 8, 8, 8)), 8 * 8 * 8 * 15),
        (operator("FULLY_CONNECTED", (2, 5, 12), (7, 12), (7,), output=(2, 5, 7)), 2 * 5 * 7 * 12),
        (operator("TRANSPOSE_CONV", (4,), (6, 2, 2, 3), (1, 5, 5, 3), output=(1, 10, 10, 6)), 5 * 5 * 3 * 4 * 6),
        (operator("BATCH_MATMUL", (2, 3, 4), (2, 4, 5), output=(2, 3, 5)), 2 * 3 * 5 * 4),
        (operator("BATCH_MATMUL", (2, 4, 3), (2, 4, 5), output=(2, 3, 5), AdjX=True), 2 * 3 * 5 * 4),
        (operator("ADD", (1, 8), (1, 8), output=(1, 8)), 0),
        (operator("SOFTMAX", (1, 8), output=(1, 8)), 0),
        (operator("SVDF", (1, 8), (4, 8), (4, 2), output=(1, 4)), None),
        (operator("CUSTOM", (1, 8), output=(1, 4)), None),
        (operator("CONV_2D", (1, 8, 8, 3), output=(1, 8, 8, 16)), None),  # without a filter
    ],
)
def test_an_operator(what, count):
    assert macs(*what) == count
