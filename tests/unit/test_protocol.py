import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.protocol import Answer, Damaged, Fault, Kind, LineReader, Text, crc16, encode, fields, parse_line


def line(body: str) -> bytes:
    raw = body.encode()
    return raw + b" *%04x" % crc16(raw)


def test_the_checksum_is_the_published_one():
    # CRC-16/CCITT-FALSE of "123456789" in the catalogue of parametrised CRC algorithms
    assert crc16(b"123456789") == 0x29B1


def test_an_answer():
    assert parse_line(line("@7 ab12 done us=5 cycles=320")) == Answer(
        sequence=7, nonce="ab12", kind=Kind.DONE, text="us=5 cycles=320"
    )


def test_an_answer_behind_noise_on_its_line():
    assert isinstance(parse_line(b"\xff\x00garb" + line("@7 ab12 start")), Answer)


@pytest.mark.parametrize("raw", [b"@7 ab12 done us=5", b"@7 ab12 done us=5 *0000", line("@7 ab12 done")[1:]])
def test_a_line_that_is_not_whole(raw):
    assert isinstance(parse_line(raw), Damaged)


def test_a_crash_report_and_other_text():
    assert parse_line(b"!fault hard pc=0x10") == Fault(text="hard pc=0x10")
    assert parse_line(b"Hello \x07") == Text(text="Hello .")


def test_fields_may_repeat():
    assert fields("inputs=2 input=4 input=8") == {"inputs": ["2"], "input": ["4", "8"]}


@given(st.lists(st.sampled_from([line("@1 a done x=1"), b"text", b"!fault hard", b"@broken"]), max_size=8), st.data())
def test_how_the_bytes_arrive_does_not_matter(lines, data):
    stream = b"".join(raw + b"\r\n" for raw in lines)
    whole = list(LineReader().feed(stream))
    reader, found = LineReader(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:size])
        stream = stream[size:]
    assert found == whole
    assert len(found) == len(lines)


@given(st.binary(max_size=4000))
def test_any_bytes_are_parsed_and_little_is_kept(noise):
    reader = LineReader()
    for event in reader.feed(noise):
        assert not isinstance(event, Answer)
    assert len(reader._rest) <= 1024


@given(st.integers(0, 200), st.integers(1, 255))
def test_no_damaged_byte_goes_unnoticed(position, flip):
    raw = bytearray(line("@12 beef done instructions=123456"))
    raw[position % len(raw)] ^= flip
    event = parse_line(bytes(raw))
    if isinstance(event, Answer):  # bytes before the line may be anything
        assert event == parse_line(line("@12 beef done instructions=123456"))
        pytest.fail("a flipped byte inside the line was not noticed")


def test_a_request():
    raw = encode("00ff", "input", 0, 128, "a0b1")
    body, _, crc = raw.rstrip(b"\n").rpartition(b" *")
    assert body == b"?00ff input 0 128 a0b1"
    assert crc == b"%04x" % crc16(body)
