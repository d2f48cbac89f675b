"""Advice where something does not fit: every sentence by figures that are known here."""

from dataclasses import replace

import pytest

from harness import boards, models
from harness.case import Case
from harness.compiler import flatbuffer
from harness.errors import DoesNotFitError, RigError
from harness.fitting import Choices, advice_for, advised
from harness.layout import REST, Block, peak
from harness.lifetimes import end_to_end, lifetimes, planned
from harness.types import Status
from tests.made_up_runs import figure


class Planned:
    """An implementation whose working memory is known."""

    searches_arena = False

    def __init__(self, name="tvm-aot", layout=(), parts=((0,), (1,)), arena=None):
        self.name = name
        self._layout, self._parts, self._arena = layout, parts, arena

    def layout(self, model, board):
        return self._layout

    def parts(self, model, board):
        return self._parts

    def arena_bytes(self, model, board):
        return self._arena


SMALL = boards.load("nano33ble-sim")
LARGE = boards.load("spresense-sim")


def person(implementation=None):
    return Case(model=models.load("person_detection"), implementation=implementation or Planned(), board=SMALL)


def lacking(**overflow):
    return DoesNotFitError("too large", overflow=overflow)


def test_lifetimes_of_a_network_by_its_shapes():
    # The bundled network is a MobileNet of a quarter of the width for 96x96: its second pointwise convolution
    # gives 48x48x16 from 48x48x8.
    found = lifetimes(flatbuffer.outline(models.load("person_detection")))
    most = peak(end_to_end(found))
    assert (most.step, most.bytes) == (2, 48 * 48 * 16 + 48 * 48 * 8)
    assert found[0].bytes == 96 * 96
    assert found[0].first == -1
    assert found[-1].last == 31


def test_an_arena_as_it_lies_on_the_board():
    found = lifetimes(flatbuffer.outline(models.load("digits")))
    blocks = planned(found, {found[0].index: 512, found[1].index: 0}, 3_000)
    assert [(b.name, b.offset) for b in blocks[:-1]] == [(found[0].name, 512), (found[1].name, 0)]
    end = 512 + found[0].bytes
    assert (blocks[-1].name, blocks[-1].offset, blocks[-1].bytes) == (REST, end, 3_000 - end)
    assert REST not in [block.name for block in peak(blocks).blocks], "the peak is that of the tensors"
    assert planned(found, {}, 3_000) == ()


def test_ram_that_is_missing():
    peak_said, shrink, other = advice_for(person(), lacking(RAM=11_112), Choices(boards=[SMALL, LARGE]))
    assert "most is needed at operator 2 CONV_2D: tensors of 55,296 bytes at once" in peak_said
    assert "conv_2d_2 with 36,864" in peak_said
    # 44,184 of 55,296 bytes are 79.9 %, and the root of that times 96 is 85.8.
    assert shrink == (
        "they would have to shrink by 11,112 bytes, to 80 % of that: about what the same network takes for an input "
        "of 85x85 in place of 96x96"
    )
    assert other.endswith(
        "nano33ble-sim would need 273,256 bytes of RAM; other virtual boards with as much: spresense-sim (1,572,864)"
    )


def test_more_is_missing_than_the_tensors_take():
    said = advice_for(person(), lacking(RAM=60_000), Choices())
    assert "more than these tensors take: a smaller input alone does not make it fit" in said[1]


def test_how_much_is_missing_is_not_known():
    error = DoesNotFitError("too large", overflow={"RAM": 120}, at_least=True)
    said = advice_for(person(), error, Choices())
    assert said[1] == "at least 120 bytes of RAM are missing; how many in all is not known"


def test_an_operator_that_is_a_group():
    layout = (
        Block(name="a", offset=0, bytes=100, first=-1, last=0),
        Block(name="b", offset=100, bytes=60, first=0, last=1),
    )  # fmt: skip
    said = advice_for(person(Planned(layout=layout, parts=((0, 1), (2,)))), lacking(RAM=40), Choices())
    assert "at operator 0 DEPTHWISE_CONV_2D + DEPTHWISE_CONV_2D: tensors of 160 bytes" in said[0]
    assert said[1] == "they would have to shrink by 40 bytes, to 75 % of that", "no shape is known of these tensors"


def test_flash_that_is_missing():
    [said] = advice_for(person(), lacking(FLASH=5_000_000), Choices(boards=[SMALL, LARGE]))
    assert said.endswith("would need 5,983,040 bytes of flash; other virtual boards with as much: none")


def test_an_implementation_that_nobody_asked_for():
    untried = [Planned("small", arena=4_000), Planned("unknown")]
    said = advice_for(person(), lacking(RAM=1_000), Choices(untried=untried))
    assert [s for s in said if "not asked for" in s] == [
        "small, which was not asked for, takes 4,000 bytes for the tensors in all"
    ]


def test_other_failures_have_no_advice():
    assert advice_for(person(), RigError("gone"), Choices()) == []


def cell(implementation, metric, *, board="nano33ble-sim", **more):
    made = figure(metric, 12_345, model="person_detection", implementation=implementation)
    return replace(made, board=board, **more)


def refused(implementation, metric, **details):
    return cell(implementation, metric, status=Status.DOES_NOT_FIT, value=None, details=details)


@pytest.fixture
def found():
    return [
        refused("tvm-aot", "ram", region="RAM", over_by_bytes=10),
        refused("tvm-graph", "ram", region="RAM", over_by_at_least_bytes=70),
        cell("tflm", "output"),
        cell("tflm", "ram"),
        cell("tvm-aot", "ram", board="spresense-sim"),
    ]


def test_what_the_same_run_measured(found):
    told = advised([person()], found, Choices())
    advice = told[0].details["advice"]
    assert "tflm fits and leaves 12,345 bytes of RAM unused" in advice
    assert "tvm-graph does not fit either: at least 70 bytes of RAM are missing" in advice
    assert "on spresense-sim it fits" in advice
    assert told[1:] == found[1:], "of the other cases nothing was asked"


def test_a_run_where_all_fits_is_left_as_it_is(found):
    assert advised([person()], found[2:], Choices()) == found[2:]
