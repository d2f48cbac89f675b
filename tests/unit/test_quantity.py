import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import quantity
from harness.quantity import Unit


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("0", 0, Unit.NONE),
        ("6_100_000", 6_100_000, Unit.NONE),
        ("5%", Fraction(1, 20), Unit.PERCENT),
        ("0.1 %", Fraction(1, 1000), Unit.PERCENT),
        ("250KiB", 256_000, Unit.BYTES),
        ("250 kB", 250_000, Unit.BYTES),
        ("1.5MiB", 3 << 19, Unit.BYTES),
        ("25ms", Fraction(1, 40), Unit.SECONDS),
        ("120us", Fraction(12, 10**5), Unit.SECONDS),
        ("120\N{MICRO SIGN}s", Fraction(12, 10**5), Unit.SECONDS),
        ("120\N{GREEK SMALL LETTER MU}s", Fraction(12, 10**5), Unit.SECONDS),
        (" 1_000 instructions ", 1000, Unit.INSTRUCTIONS),
        ("1000cycles", 1000, Unit.CYCLES),
    ],
)
def test_limits_are_read_exactly(text, value, unit):
    found = quantity.parse(text)
    assert (found.value, found.unit, found.text) == (value, unit, text.strip())


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not a number with a unit"),
        ("-5%", "is not a number with a unit"),
        ("1__0", "is not a number with a unit"),
        ("many", "is not a number with a unit"),
        ("1e3", "is not a number with a unit"),
        ("5 KB", "write kB \\(1000 bytes\\) or KiB \\(1024\\)"),
        ("5 minutes", "'minutes' in '5 minutes' is not a unit: there are %, B, kB"),
        ("\N{ARABIC-INDIC DIGIT FIVE}%", "is not a number with a unit"),
    ],
)
def test_what_is_no_limit_is_said(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        quantity.parse(text)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ValueError):
        assert quantity.parse(text).value >= 0
