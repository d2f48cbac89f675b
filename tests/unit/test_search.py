import math

from hypothesis import given
from hypothesis import strategies as st

from harness.search import Found, Probe, largest_working, most_probes


def probe_limit(high: int) -> int:
    return max(2, math.ceil(math.log2(high + 2)))


def search(answer: int, high: int, guess: int | None = None, **more) -> Found:
    return largest_working(lambda size: Probe(size=size, works=size <= answer), high, guess, **more)


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
    assert len(search(answer, high, guess).probes) <= probe_limit(high) + 4


def test_a_right_guess_is_proved_by_two_probes():
    assert len(search(158_152, 208_000, 158_152).probes) == 2


def test_no_size_is_tried_twice():
    sizes = [probe.size for probe in search(999, 5000, 990).probes]
    assert len(sizes) == len(set(sizes))


@given(st.data(), st.integers(1, 100_000), st.integers(0, 100_000))
def test_what_is_known_to_work_is_not_tried(data, low, width):
    answer = data.draw(st.integers(low - 1, low + width))
    guess = data.draw(st.none() | st.integers(0, low + width))
    found = search(answer, low + width, guess, low=low)
    assert found.largest == answer
    assert all(low <= probe.size <= low + width for probe in found.probes)


@given(st.data(), st.integers(0, 100_000), st.integers(0, 1_000_000))
def test_how_many_probes_are_left_is_never_said_too_low(data, low, width):
    answer = data.draw(st.integers(low - 1, low + width))
    guess = data.draw(st.none() | st.integers(0, low + width))
    told = []
    found = search(answer, low + width, guess, low=low, tell=lambda size, left: told.append((size, left)))
    assert [size for size, _ in told] == [probe.size for probe in found.probes]
    for index, (_, left) in enumerate(told):
        assert len(told) - index <= left


@given(st.integers(0, 10_000), st.integers(1, 2_000_000))
def test_how_many_probes_are_left_is_not_said_too_high(low, width):
    assert most_probes(low, low + width) <= math.log2(width) + 3
