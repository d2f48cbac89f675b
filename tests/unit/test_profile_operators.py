"""Operators of several implementations side by side, and what lies in their memory."""

from hypothesis import given
from hypothesis import strategies as st

from harness import models
from harness.compiler.flatbuffer import outline
from harness.layout import Block, peak
from harness.profile.operators import OperatorTime, Work, joined, operator_times, works
from harness.profile.peak import peak as best
from harness.profile.side_by_side import rows


def work(name="t", kind="ADD", macs=0):
    return Work(name=name, type=kind, output_shape=(1, 4), dtype="int8", macs=macs)


def time(places, ticks):
    return OperatorTime(places=tuple(places), work=work(), ticks=ticks)


def test_operators_of_a_network():
    found = works(outline(models.load("digits")))
    assert [(w.type, w.output_shape, w.macs) for w in found] == [
        ("CONV_2D", (1, 8, 8, 8), 4608), ("DEPTHWISE_CONV_2D", (1, 4, 4, 8), 1152), ("CONV_2D", (1, 4, 4, 16), 2048),
        ("FULLY_CONNECTED", (1, 10), 2560), ("SOFTMAX", (1, 10), 0),
    ]  # fmt: skip
    assert {w.dtype for w in found} == {"int8"}


def test_a_group_is_told_as_one():
    whole = joined([work("a", "PAD"), work("b", "CONV_2D", 100), work("c", "RELU")])
    assert (whole.name, whole.type, whole.macs) == ("c", "PAD+CONV_2D+RELU", 100)
    assert joined([work(macs=1), work(macs=None)]).macs is None
    [only] = operator_times([work(macs=0), work(macs=50)], [(0, 1)], [200])
    assert (only.places, only.ticks, only.ticks_per_mac) == ((0, 1), 200, 4.0)
    assert time((0,), 5).ticks_per_mac is None


def test_a_group_beside_single_operators():
    one_by_one = [time((place,), 10 + place) for place in range(4)]
    grouped = [time((1, 2), 100), time((3,), 7)]  # nothing is done for the first one
    found = rows([one_by_one, grouped], 4)
    assert [row.places for row in found] == [(0,), (1, 2), (3,)]
    assert [row.ticks for row in found] == [(10, None), (11 + 12, 100), (13, 7)]


def test_groups_that_overlap_become_one_row():
    found = rows([[time((0, 1), 5), time((2,), 1)], [time((1, 2), 8), time((0,), 2)]], 3)
    assert [(row.places, row.ticks) for row in found] == [((0, 1, 2), (6, 10))]


@st.composite
def implementations(draw):
    count = draw(st.integers(1, 8))
    made = []
    for _ in range(draw(st.integers(1, 3))):
        owners = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))  # 0: nothing is done for it
        groups = [[place for place in range(count) if owners[place] == owner] for owner in (1, 2, 3)]
        made.append([time(group, draw(st.integers(0, 99))) for group in groups if group])
    return count, made


@given(implementations())
def test_every_operator_is_in_one_row_and_nothing_is_lost(case):
    count, made = case
    found = rows(made, count)
    assert sorted(place for row in found for place in row.places) == list(range(count))
    for index, times in enumerate(made):
        assert sum(row.ticks[index] or 0 for row in found) == sum(t.ticks for t in times)


def test_the_best_that_a_processor_can_do():
    assert best(has_dsp=True, dtype="int8").share(ticks=1000, macs=1000) == 0.5
    assert best(has_dsp=True, dtype="float32").share(ticks=1000, macs=250) == 0.5
    assert best(has_dsp=False, dtype="int8") is None


BLOCKS = st.lists(
    st.builds(
        lambda offset, size, first, more: Block(name="b", offset=offset, bytes=size, first=first, last=first + more),
        st.integers(0, 30), st.integers(1, 20), st.integers(-1, 6), st.integers(0, 4),
    ),
    max_size=8,
)  # fmt: skip


@given(BLOCKS)
def test_the_peak_is_the_step_at_which_most_bytes_are_needed(blocks):
    found = peak(blocks)
    if found is None:
        assert not blocks
        return

    def needed(step):
        return len({a for b in blocks if b.lives(step) for a in range(b.offset, b.offset + b.bytes)})

    assert found.bytes == needed(found.step) == max(needed(step) for step in range(-1, 12))
    assert all(block.lives(found.step) for block in found.blocks)
