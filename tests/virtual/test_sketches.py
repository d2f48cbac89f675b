"""Ordinary sketches on the virtual boards: those of the Arduino IDE's kind, and the ways in which one can crash."""

import zlib

import pytest

from harness import boards

BOARDS = tuple(name for name in boards.files() if boards.load(name).virtual)


@pytest.mark.parametrize("board", BOARDS)
def test_an_ascii_table(run_sketch, board):
    console = run_sketch("AsciiTable", board)
    console.expect(r"A.*65.*41.*101.*1000001")


@pytest.mark.parametrize("board", BOARDS)
def test_lines_are_read_and_answered(run_sketch, board):
    console = run_sketch("SumLines", board)
    console.type("1 2 3")
    assert int(console.expect(r"sum=6 count=3 us=(\d+)")[1]) > 0
    console.type("-5 5")
    console.expect("sum=0 count=2")


def test_no_byte_of_a_burst_is_lost(run_sketch):
    console = run_sketch("SumLines", BOARDS[0])
    console.type("1")
    console.expect("sum=1")
    data = bytes(zlib.crc32(bytes([i & 255])) & 255 for i in range(20_000))
    console.type(f"bytes {len(data)}")
    console.port.write(data)
    checksum = 0
    for byte in data:
        checksum = (checksum * 31 + byte) & 0xFFFFFFFF
    found = console.expect(r"bytes=(\d+) checksum=([0-9A-Fa-f]+)", 60)
    assert (int(found[1]), int(found[2], 16)) == (len(data), checksum)


@pytest.mark.parametrize("board", BOARDS)
def test_blink_runs(run_sketch, board):
    run_sketch("Blink", board)  # prints nothing: that it builds, loads and keeps running is all there is


@pytest.mark.parametrize(
    ("command", "report"),
    [
        ("null", r"!fault \w+ pc=0x"),
        ("recurse", r"!fault \w+ .*stack=overflow"),
        ("abort", r"!fault abort "),
        ("write", r"!fault \w+ .*addr=0x00000000 stack=ok"),
    ],
)
def test_a_crash_is_reported_and_the_board_comes_back(run_sketch, command, report):
    console = run_sketch("Crash", BOARDS[0])
    console.type("")
    console.type(command)
    console.expect(report)
    console.expect(r"ready boot=\d+ counter=42")


@pytest.mark.parametrize("board", BOARDS)
def test_a_soft_reset_brings_initialised_data_back(run_sketch, board):
    console = run_sketch("Crash", board)
    console.type("reset")
    console.expect(r"ready boot=2 counter=42")


def test_malloc_ends_with_null_where_the_heap_ends(run_sketch):
    console = run_sketch("Crash", BOARDS[0])
    console.type("memory")
    assert 150_000 < int(console.expect(r"malloc gave (\d+)")[1]) < 262_144 - 20_480 - 32_768
