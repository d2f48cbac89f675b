"""Which numbers among what a sketch prints are its times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.own.printed import Numbers


def read(text, wanted):
    numbers = Numbers(wanted)
    for line in text.splitlines():
        if line and not numbers.complete:
            numbers.take(line)
    return numbers


@pytest.mark.parametrize(
    "text",
    [
        "87966\n87803\n87777",
        "87966 us\n87803us\n87777 µs",
        "run 1: 87966\nrun 2: 87803\nrun 10: 87777",
        "Inference took 87966 microseconds\nInference took 87803 microseconds\nInference took 87777 microseconds",
        "0,87966\n1,87803\n2,87777",
        "Inference time:\n87966\nInference time:\n87803\nInference time:\n87777",
        "boot 3\nArena: 2048\nready\n87966\n87803\n87777",
        "t=87966\nt=87803\nTotal elapsed time:\n175769\nt=87777",
    ],
)
def test_forms_of_a_time(text):
    numbers = read(text, 3)
    assert numbers.complete
    assert numbers.samples == (87966, 87803, 87777)
    assert not numbers.rivals


@pytest.mark.parametrize(
    "line", ["ready", "took 12 ms", "87.5 %", "v1.2.3", "temperature: -5", "1234 bytes", "", "x12"]
)
def test_what_is_no_time(line):
    assert not read(line, 1).complete


def test_a_sum_at_the_end_is_no_sample():
    numbers = read("10\n12\nTotal elapsed time:\n22", 3)
    assert not numbers.complete
    assert numbers.samples == (10, 12)


def test_fractions():
    assert read("12.5\n13.25", 2).samples == (12.5, 13.25)


def test_two_kinds_cannot_be_told_apart():
    numbers = read("init: 5\nrun: 100\ninit: 6\nrun: 101\ninit: 5", 3)
    assert numbers.complete
    assert len(numbers.rivals) == 2


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=50))
def test_plain_numbers_come_out_as_they_went_in(values):
    assert read("\n".join(map(str, values)), len(values)).samples == tuple(values)


@given(st.text())
def test_no_text_is_too_strange(text):
    read(text, 2)
