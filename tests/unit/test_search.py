import math

from hypothesis import given
from hypothesis import strategies as st

from harness.search import Found, Probe, largest_working


def probe_limit(high: int) -> int:
    return max(2, math.ceil(math.log2(high + 2)))


def search(answer: int, high: int, guess: int | None = None) -> Found:
    return largest_working(lambda size: Probe(size=size, works=size <= answer), high, guess)


@given(st.data(), st.integers(0, 2_000_000))
def test_it_finds_the_answer_to_the_byte(data, high):
    answer = data.draw(st.integers(-1, high))
    guess = data.draw(st.none() | st.integers(0, high))
    found = search(answer, high, guess)
    assert found.largest == answer
    tried = {probe.size: probe.works for probe in found.probes}
    assert answer < 0 or tried[answer]
    assert answer == high or tried[answer + 1] is False


@given(st.data(), st.integers(100, 2_000_000))
def test_no_more_probes_than_the_logarithm_where_malloc_rounds(data, high):
    answer = 8 * data.draw(st.integers(0, (high - 4) // 8)) + 4
    assert len(search(answer, high).probes) <= probe_limit(high) + 1


@given(st.data(), st.integers(1, 2_000_000))
def test_never_many_more_probes(data, high):
    answer = data.draw(st.integers(-1, high))
    guess = data.draw(st.none() | st.integers(0, high))
    assert len(search(answer, high, guess).probes) <= probe_limit(high) + 3


def test_a_right_guess_is_proved_by_two_probes():
    assert len(search(158_152, 208_000, 158_152).probes) == 2


def test_no_size_is_tried_twice():
    sizes = [probe.size for probe in search(999, 5000, 990).probes]
    assert len(sizes) == len(set(sizes))
