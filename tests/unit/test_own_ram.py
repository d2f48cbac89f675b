"""The search for unused RAM by the user's own sketch: what works, what does not, and what says nothing of either."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from own_lab import OwnLab, too_large

from harness.errors import RigError, ToolFailedError, UsageError
from harness.types import Status


def heap(largest, otherwise=b""):
    return lambda size: b"1\r\n" if size <= largest else otherwise


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return lambda program, **facts: OwnLab(tmp_path, monkeypatch, program, **facts)


@pytest.mark.parametrize(
    ("otherwise", "why"),
    [
        (b"0\r\n", "it printed 0"),
        (b"", "it printed nothing within 10 s"),
        (b"out of memory\n", "the last was 'out of memory'"),
        (b"\r\n!fault HardFault pc=0x1\r\n1\r\n", "it crashed: HardFault pc=0x1"),
        (b"11\n", "the last was '11'"),
        (b"\xff\xfe\x00\n1 \xff\n", "no line 1"),
    ],
)
def test_whatever_is_not_a_1_does_not_work(lab, otherwise, why):
    found = lab(heap(6789, otherwise)).search()
    assert (found.status, found.value, found.unit) == (Status.OK, 6789, "B")
    tried = {probe["size"]: probe for probe in found.details["probes"]}
    assert tried[6789]["works"]
    assert not tried[6790]["works"]
    assert why in tried[6790]["why"]
    assert len(tried) == len(found.details["probes"]), "a size was tried twice"
    assert min(tried) == 1


@pytest.mark.parametrize("yes", [b"1\n", b"1", b"hello\r\n1\r\n", b"\r\n\r\n 1 \r\n1\r\n", b"\xff\n1\n"])
def test_forms_of_a_1(lab, yes):
    assert lab(lambda size: yes if size <= 77 else b"").search().value == 77


@given(largest=st.integers(1, 9_999), room=st.none() | st.integers(1, 12_000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_it_is_exact(tmp_path, monkeypatch, largest, room):
    link = too_large(room) if room else lambda size: None
    lab = OwnLab(tmp_path, monkeypatch, heap(largest, b"0\n"), link=link)
    found = lab.search()
    answer = min(largest, room or largest)
    tried = {probe["size"]: probe["works"] for probe in found.details["probes"]}
    assert (found.value, tried[answer], tried[answer + 1]) == (answer, True, False)
    assert found.provenance["size"] == str(answer), "the build that is told of is not the one of the answer"


def test_where_the_linker_says_no_its_figures_are_used(lab):
    where = lab(heap(10_000), link=too_large(8_323))
    assert where.search().value == 8_323
    assert len(where.arduino.sizes) < 12


def test_how_many_probes_there_will_be_is_told(lab):
    where = lab(heap(4321, b"0\n"))
    found = where.search()
    told = [text for text in where.said if "to go): compile" in text]
    assert len(told) == len(found.details["probes"])
    assert "$alloc_size = 1 (at most" in told[0]
    assert "(at most 1 " in told[-1] or "(at most 2 " in told[-1] or "(at most 3 " in told[-1]


@pytest.mark.parametrize(
    ("prints", "status", "said"),
    [
        (b"", Status.HUNG, "printed nothing within 10 s"),
        (b"hello\n", Status.WRONG_OUTPUT, "'hello'"),
        (b"0\n", Status.WRONG_OUTPUT, "printed 0"),
        (b"!fault HardFault\n", Status.CRASHED, "crashed: HardFault"),
    ],
)
def test_not_even_the_smallest_works(lab, prints, status, said):
    where = lab(lambda size: prints)
    found = where.search()
    assert (found.status, found.value) == (status, None)
    assert said in found.reason
    assert set(where.arduino.sizes) == {1}


def test_not_even_the_smallest_fits(lab):
    found = lab(heap(5), link=too_large(0)).search()
    assert (found.status, found.details["region"]) == (Status.DOES_NOT_FIT, "RAM")


def test_a_block_that_is_not_taken_is_found_out(lab):
    where = lab(heap(1 << 30))
    found = where.search()
    assert found.status is Status.WRONG_OUTPUT
    assert "volatile" in found.reason
    assert set(where.arduino.sizes) == {1, 10_000}


def test_max_is_the_upper_end(lab):
    where = lab(heap(4_321, b"0\n"))
    assert where.search(most=5_000).value == 4_321
    assert max(where.arduino.sizes) == 5_000
    assert lab(heap(4_321, b"0\n")).search(most=1 << 40).value == 4_321


@pytest.mark.parametrize("most", [1, 4_321])
def test_max_with_which_it_works_is_too_small(lab, most):
    with pytest.raises(UsageError, match="give a larger one"):
        lab(heap(4_321)).search(most=most)


def test_the_time_that_a_1_may_take(lab):
    where = lab(heap(100))
    where.search(seconds=0.5)
    assert where.bus.timer.now() < 30
    assert "within 0.5 s" in where.search(seconds=0.5).details["probes"][1]["why"]


def test_a_compiler_that_does_not_like_the_sketch_is_no_answer(lab):
    def link(size):
        raise ToolFailedError("the sketch does not compile: mcuprof_sketch.ino:3: oops")

    found = lab(heap(100), link=link).search()
    assert found.status is Status.TOOL_FAILED
    assert "box.ino:3: oops" in found.reason


def test_an_upload_that_fails_is_tried_again(lab):
    def before(count, plug):
        if count in (3, 5, 6):
            raise RigError("no bootloader")

    found = lab(heap(4_321, b"0\n"), before=before).search()
    assert found.value == 4_321
    assert found.provenance["retries"]["uploads"] == 3


def test_an_upload_that_goes_on_failing_is_no_answer(lab):
    def before(count, plug):
        if count > 4:
            raise RigError("no bootloader")

    found = lab(heap(4_321, b"0\n"), before=before).search()
    assert (found.status, found.value) == (Status.RIG_FAILED, None)
    assert "no bootloader" in found.reason


def test_a_port_that_goes_and_comes_back_costs_a_probe(lab):
    def before(count, plug):
        plug.cut_after = 2 if count == 5 else None

    found = lab(heap(4_321, b"printed late\n0\n"), before=before).search()
    assert found.value == 4_321
    assert found.provenance["retries"]["reconnects"] == 1


def test_a_port_that_goes_each_time_is_no_answer(lab):
    def before(count, plug):
        plug.cut_after = 2 if count >= 3 else None

    found = lab(lambda size: b"printed late\n0\n" if size > 1 else b"1\n", before=before).search()
    assert found.status is Status.RIG_FAILED
    assert "each of 3 times" in found.reason


def test_a_port_that_stays_away_is_no_answer(lab):
    def before(count, plug):
        if count == 4:
            plug.comes_back_s = 1e6
            plug.cut_after = 1

    found = lab(heap(4_321, b"late\n0\n"), before=before).search()
    assert (found.status, found.value) == (Status.RIG_FAILED, None)


def test_a_hang_of_a_real_board_is_believed_when_it_comes_twice(lab):
    seen = []

    def program(size):
        seen.append(size)
        return b"" if seen.count(size) == 1 and size < 4_000 else b"1\n" if size <= 4_321 else b"0\n"

    assert lab(program).search().value == 4_321


def test_what_was_printed_is_kept(lab):
    where = lab(heap(4_321, b"0\n"))
    where.search()
    assert "1\\r\\n" in where.wire
    assert "uploaded, opening /dev/ttyACM0" in where.wire


def test_what_came_before_the_reset_is_not_joined_to_what_comes_after(lab):
    """Opening the port resets the board, and its bridge still holds what the sketch has said until then."""
    where = lab(heap(4_321, b"0\n"), reset="dtr")

    def on_open(plug):
        plug.board.say_and_reset(b"1", where.bus.timer, seconds=0.5)

    where.plug.on_open = on_open
    assert where.search().value == 4_321
