import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import wire_log
from harness.fake import FakeBoard, Faults
from harness.firmware import Firmware
from harness.patience import FakeTimer
from harness.protocol import Answer, LineReader
from harness.session import Direction, Session
from harness.wire_log import Entry, WireLog, by_line, escaped, read, replay, unescaped


@given(st.binary())
def test_escapes_can_be_taken_back(data):
    text = escaped(data)
    assert text.isascii()
    assert text.isprintable() or not text
    assert unescaped(text) == data


def test_a_kept_log_replayed_gives_the_same_events(tmp_path):
    noise = random.Random(3).randbytes(3000) + b"@half\r\n"
    log = WireLog(tmp_path / "case.log", "a · b · c")
    session = Session(FakeBoard(faults=Faults(noise=noise)))
    session.record = log.record
    seen = []
    note = session._note
    session._note = lambda event: (seen.append(event), note(event))
    device = Firmware(session)
    device.start(1)
    device.run(1)
    log.close()
    title, entries = read(tmp_path / "case.log")
    assert title == "a · b · c"
    again = list(replay(entries))
    assert again[: len(seen)] == seen
    assert sum(isinstance(event, Answer) for event in again) >= 8


def test_it_is_on_disk_before_anything_is_closed(tmp_path):
    log = WireLog(tmp_path / "case.log", "a")
    log.record(Direction.TO_BOARD, b"?0001 hello *1234\n")
    assert read(tmp_path / "case.log")[1][0].data == b"?0001 hello *1234\n"
    with (tmp_path / "case.log").open("ab") as stream:
        stream.write(b"    0.123 < @1 cut o")
    assert len(read(tmp_path / "case.log")[1]) == 1, "half a line is left out"
    log.close()


def test_its_size_is_bounded_and_the_end_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(wire_log, "LIMIT_BYTES", 10_000)
    log = WireLog(tmp_path / "case.log", "a")
    for index in range(3000):
        log.record(Direction.FROM_BOARD, b"%06d\r\n" % index)
    log.close()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 10_000
    _, entries = read(tmp_path / "case.log")
    kept = [int(entry.data) for entry in entries]
    assert kept == list(range(kept[0], 3000))
    assert len(kept) > 100


def test_a_log_goes_on_where_an_earlier_one_stopped(tmp_path):
    for text in (b"one", b"two"):
        log = WireLog(tmp_path / "case.log", "a")
        log.record(Direction.NOTE, text)
        log.close()
    assert [entry.data for entry in read(tmp_path / "case.log")[1]] == [b"one", b"two"]


def test_a_log_that_cannot_be_written_does_no_harm(tmp_path):
    (tmp_path / "file").touch()
    log = WireLog(tmp_path / "file" / "case.log", "a")
    log.record(Direction.NOTE, b"x")
    log.record(Direction.NOTE, b"y")
    log.close()


def test_pieces_are_shown_as_lines():
    timer = FakeTimer()
    pieces = [(Direction.FROM_BOARD, b"@1 0"), (Direction.FROM_BOARD, b"001\r\n\xff"), (Direction.TO_BOARD, b"?\n")]
    entries = []
    for direction, data in pieces:
        entries.append(Entry(seconds=timer.now(), direction=direction, data=data))
        timer.sleep(1)
    assert [str(entry).strip() for entry in by_line(entries)] == [
        r"0.000000 < @1 0001\r\n", r"1.000000 < \xff", r"2.000000 > ?\n",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("digits · tvm-aot · nano33ble-sim", "digits--tvm-aot--nano33ble-sim.log"),
        ("../my model · tflm · x", ".._my_model--tflm--x.log"),
    ],
)
def test_names_of_files(title, name):
    assert wire_log.file_name(title) == name


def test_the_reader_of_a_log_begins_anew_after_a_note():
    whole = b"@1 0001 done x=1 *0000\r\n"
    cut = [
        Entry(seconds=0, direction=Direction.FROM_BOARD, data=b"@1 00"),
        Entry(seconds=1, direction=Direction.NOTE, data=b"the port is back"),
        Entry(seconds=2, direction=Direction.FROM_BOARD, data=whole),
    ]
    assert list(replay(cut)) == list(LineReader().feed(whole))
