"""Regions of linker scripts made larger; the scripts are written here, in the forms that cores have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ToolFailedError
from harness.linker_script import enlarged

PLAIN = """
/* MEMORY { FLASH : ORIGIN = 1, LENGTH = 2 } is what follows. */
MEMORY
{
  FLASH (rx) : ORIGIN = 0x10000, LENGTH = 0xf0000
  RAM_TOP (rwx) : ORIGIN = 0x20000000, LENGTH = 0x100
  RAM (rwx) : ORIGIN = ((0x20000000 + 0x100) + 0x100), LENGTH = (0x40000 - (0x100 + 0x100))
}
SECTIONS
{
  .text : { *(.text*) } > FLASH
  .bss : { *(.bss*) } > RAM
  .heap (NOLOAD) : { . = ORIGIN(RAM) + LENGTH(RAM) - 0x400; } > RAM
}
"""


def test_only_the_length_of_the_region_changes():
    length = "(0x40000 - (0x100 + 0x100))"
    assert enlarged(PLAIN, {"RAM": 5_000}) == PLAIN.replace(length, f"({length}) + 5000")


def test_two_regions_at_once_and_none():
    made = enlarged(PLAIN, {"RAM": 1, "FLASH": 2})
    assert "LENGTH = (0xf0000) + 2\n" in made
    assert "LENGTH = ((0x40000 - (0x100 + 0x100))) + 1\n" in made
    assert enlarged(PLAIN, {}) == PLAIN


@pytest.mark.parametrize(
    ("region", "length"),
    [
        ("RAM(rwx):ORIGIN=0x20000000,LENGTH=256k", "256k"),
        ("RAM (rwx) : org = 0, len = 1M", "1M"),
        ("RAM (!rx) : o = 0 l = 4K", "4K"),
        ("RAM : ORIGIN = 0, LENGTH = 16*1024*1024", "16*1024*1024"),
        ("RAM (rw) : ORIGIN = START, LENGTH = _ram_size - _ram_reserved", "_ram_size - _ram_reserved"),
        ("RAM (rw) : ORIGIN = ORIGIN(A) + LENGTH(A), LENGTH = 64K - LENGTH(A)", "64K - LENGTH(A)"),
        ("RAM (rw) : ORIGIN = 0, LENGTH = ~0x0f & (1 << 20)", "~0x0f & (1 << 20)"),
        ("RAM (rw) : ORIGIN = 0, LENGTH = DEFINED(BIG) ? 2M : 1M", "DEFINED(BIG) ? 2M : 1M"),
        ("RAM (rw) : ORIGIN = 0, LENGTH = A ? B ? 1 : 2 : 3", "A ? B ? 1 : 2 : 3"),
        ("RAM (rw) : ORIGIN = 0, LENGTH = MAX(1K, -(-2K))", "MAX(1K, -(-2K))"),
        ('"RAM" (rw) : ORIGIN = 0, LENGTH = 1K', "1K"),
        ("RAM /* of the chip, */ (rw) : ORIGIN = 0, LENGTH /* in = */ = 1K /* K */ - 1 /* last */", "1K /* K */ - 1"),
        ("RAM (rw) : ORIGIN = 0, LENGTH = 1K // of 2K", "1K"),
    ],
)
@pytest.mark.parametrize("between", [" ", "\n  ", "\n#define X 1\n"])
def test_the_forms_of_a_region(region, length, between):
    script = f"MEMORY {{ A (r) : ORIGIN = 0, LENGTH = 1K{between}{region}\n B : ORIGIN = 0, LENGTH = 2K }}"
    before, _, after = region.rpartition(length)
    assert enlarged(script, {"RAM": 7}) == script.replace(region, f"{before}({length}) + 7{after}")


def test_each_memory_command_and_each_definition():
    script = (
        "MEMORY { A : ORIGIN = 0, LENGTH = 1 }\nMEMORY {\n#if BIG\n B : ORIGIN = 0, LENGTH = 2\n#else\n"
        " B : ORIGIN = 0, LENGTH = 3\n#endif\n}"
    )
    made = enlarged(script, {"B": 9})
    assert "LENGTH = 1 }" in made
    assert "LENGTH = (2) + 9\n" in made
    assert "LENGTH = (3) + 9\n" in made


def test_a_region_that_is_not_there():
    with pytest.raises(ToolFailedError, match=r"does not define the region ram \(it defines: FLASH, RAM_TOP, RAM\)"):
        enlarged(PLAIN, {"ram": 1})
    with pytest.raises(ToolFailedError, match=r"\(it defines: none\)$"):
        enlarged('SECTIONS { .text : { *(.text) } } /* "MEMORY { RAM" */', {"RAM": 1})


@pytest.mark.parametrize(
    "script", ["INCLUDE memory.ld\nSECTIONS { }", "MEMORY { INCLUDE memory.ld\n A : ORIGIN = 0, LENGTH = 1 }"]
)
def test_a_region_that_may_be_in_a_script_that_is_included(script):
    with pytest.raises(ToolFailedError, match="in a script that this one INCLUDEs, which is not looked into"):
        enlarged(script, {"RAM": 1})


@pytest.mark.parametrize(
    "script",
    [
        "MEMORY { RAM (rwx) : ORIGIN = 0, LENGTH = 1",
        "MEMORY { RAM (rwx : ORIGIN = 0, LENGTH = 1 }",
        "MEMORY { RAM",
        "MEMORY { RAM : ORIGIN = 0, SIZE = 1 }",
        "MEMORY { RAM : LENGTH = 1, ORIGIN = 0 }",
        "MEMORY { RAM : ORIGIN = 0, LENGTH = 1 \n# else\n 2K }",
    ],
)
def test_a_script_that_cannot_be_read(script):
    with pytest.raises(ToolFailedError, match="MEMORY command"):
        enlarged(script, {"RAM": 1})


NAMES = st.sampled_from(["FLASH", "RAM", "ram", "RAM_D2", "text", "o", "l", "len", "MEMORY"])
NUMBERS = st.integers(0, 1 << 32).map(str) | st.integers(0, 1 << 32).map(hex)
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: (
        st.tuples(inner, st.sampled_from([" + ", "-", " * ", "&", "|"]), inner).map("".join)
        | inner.map(lambda text: f"({text})")
        | inner.map(lambda text: f"- {text}")
    ),
    max_leaves=5,
)
NOTHING = st.sampled_from([" ", "\n", "\t", " /* a : ORIGIN = 1 */ ", " // }\n", '\n# 1 "a.ld" = }\n'])
WORDS = st.sampled_from([("ORIGIN", "LENGTH"), ("org", "len"), ("o", "l"), ("Origin", "Length")])


@st.composite
def memories(draw):
    """Return the pieces of a MEMORY command: texts with the region whose length they are, or with None."""
    pieces = [("MEMORY" + draw(NOTHING) + "{", None)]
    for name in draw(st.lists(NAMES, unique=True, min_size=1, max_size=4)):
        origin, length = draw(WORDS)
        attributes = draw(st.sampled_from(["", "(rx)", " (rwx!i)"]))
        comma = draw(st.sampled_from([",", " "]))
        head = (name, attributes, ":", origin, "=", draw(EXPRESSIONS) + comma, length, "=")
        pieces.append(("".join(draw(NOTHING) + part for part in head) + draw(NOTHING), None))
        pieces.append((draw(EXPRESSIONS), name))
    return [*pieces, (draw(NOTHING) + "}", None)]


@given(memories(), st.dictionaries(NAMES, st.integers(1, 1 << 30)))
def test_lengths_grow_by_what_is_asked_for_and_the_rest_stays(pieces, by):
    by = {name: by[name] for _, name in pieces if name in by}
    expected = "".join(f"({text}) + {by[name]}" if name in by else text for text, name in pieces)
    assert enlarged("".join(text for text, _ in pieces), by) == expected


@given(EXPRESSIONS, st.integers(1, 1 << 30))
def test_the_larger_length_has_the_value(length, more):
    """Numbers and operators mean the same to Python."""
    made = enlarged(f"MEMORY {{ A : ORIGIN = 0, LENGTH = {length} }}", {"A": more})
    assert eval(made.split("LENGTH = ")[1].rstrip("} ")) == eval(length) + more
