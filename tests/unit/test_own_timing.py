"""Times that the user's own sketch prints: how many, in which unit, and what is said where they do not come."""

import msgspec
import pytest
from own_lab import OwnLab

from harness import boards
from harness.errors import WrongOutputError
from harness.own.timing import _microsecond, _step, by_micros, marked
from harness.session import Counts
from harness.types import Clock, Status

NUMBERS = [87966, 87803, 87777, 87792, 87818]


def prints(*lines):
    return lambda size: "".join(f"{line}\r\n" for line in lines).encode()


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return lambda program, **facts: OwnLab(tmp_path, monkeypatch, program, **facts)


def test_samples_are_kept_and_the_value_is_their_median(lab):
    found = lab(prints("ready", *NUMBERS, "Total elapsed time:", sum(NUMBERS))).measure("inference", runs=5)
    assert (found.status, found.unit, found.clock) == (Status.OK, "s", Clock.HARDWARE)
    assert found.samples == pytest.approx([number * 1e-6 for number in NUMBERS])
    assert found.value == pytest.approx(87803e-6)
    assert found.details["printed_us"] == NUMBERS
    assert found.at_clock_s is None


def test_on_hardware_it_waits_for_128_and_takes_no_more(lab):
    found = lab(prints(*range(1000, 1200))).measure("inference")
    assert found.details["printed_us"] == list(range(1000, 1128))


@pytest.mark.parametrize(
    ("lines", "status", "said"),
    [
        ([], Status.HUNG, "nothing within 60 s"),
        (["ready", "steady"], Status.WRONG_OUTPUT, "the last line was 'steady'"),
        ([*NUMBERS, "done"], Status.HUNG, "5 of 9 numbers and then none for 60 s: --runs 5"),
        ([1, "!fault HardFault pc=0x2", 2], Status.CRASHED, "HardFault"),
        ([f"{kind}: {n}" for n in range(9) for kind in ("init", "run")], Status.WRONG_OUTPUT, "init:"),
    ],
)
def test_what_is_said_where_numbers_do_not_come(lab, lines, status, said):
    found = lab(prints(*lines)).measure("inference", runs=9)
    assert (found.status, found.value) == (status, None)
    assert said in found.reason


def test_each_number_has_its_own_time(lab):
    """A network may take long: it is the silence that counts, not the whole."""
    where = lab(lambda size: b"")

    class Slow:
        count = 0

        def take(self):
            where.bus.timer.sleep(0.9)  # longer than a second would count as a host that stood still
            self.count += 1
            return b"12345\n" if self.count % 40 == 0 else b""

    where.plug.board.take = Slow().take
    found = where.measure("inference", runs=5)
    assert found.status is Status.OK
    assert where.bus.timer.now() > 150


def test_how_long_a_silence_may_be(lab):
    found = lab(prints(1, 2)).measure("inference", runs=3, silence_s=2.5)
    assert "none for 2.5 s" in found.reason


def test_progress_is_told_now_and_then(lab):
    where = lab(prints(*range(1000, 1200)))
    where.measure("inference")
    told = [text for text in where.said if "of 128 numbers" in text]
    assert told[-1].endswith("128 of 128 numbers")
    assert len(told) == 8


def test_a_port_that_goes_away_costs_the_numbers_so_far(lab):
    def before(count, plug):
        plug.cut_after = 9 if count == 1 else None

    found = lab(prints(*NUMBERS), before=before).measure("inference", runs=5)
    assert found.details["printed_us"] == NUMBERS
    assert found.provenance["retries"]["reconnects"] == 1


@pytest.mark.parametrize(
    ("board", "unit", "step"),
    [("nano33ble-sim", 64, 1), ("spresense-sim", 156, 1), ("uno-sim", 16, 4), ("mega-sim", 16, 4),
     ("uno", 1e-6, 4), ("nano33ble", 1e-6, None)],
)  # fmt: skip
def test_units_and_steps_of_micros(board, unit, step):
    assert (_microsecond(boards.load(board)), _step(boards.load(board))) == (unit, step)


def test_a_faster_avr_has_a_finer_step():
    assert _step(msgspec.structs.replace(boards.load("uno"), clock_hz=20_000_000)) == 3.2


NANO = boards.load("nano33ble-sim")


def region(us, cycles):
    return Counts(cycles=cycles, instructions=us * 64)


def test_what_is_marked_is_in_cycles_and_the_first_region_is_that_of_the_first_time():
    found = marked(NANO, [1000, 2001], [region(1000, 90_000), region(2000, 170_000), region(5, 7)])
    assert (found.samples, found.clock) == ((90_000, 170_000), Clock.CYCLE_MODEL)


def test_what_is_not_marked_is_in_instructions():
    found = by_micros(NANO, [1000, 2001])
    assert (found.samples, found.clock, found.resolution) == ((64_000, 128_064), Clock.INSTRUCTION_COUNT, 64)


@pytest.mark.parametrize("us", [984, 1026])
def test_a_region_that_is_not_what_was_timed(us):
    with pytest.raises(WrongOutputError, match=rf"prints 1005 us as time 2, and what it marks took {us} us"):
        marked(NANO, [1000, 1005], [region(1000, 1), region(us, 1)])


def test_a_region_that_micros_itself_has_made_longer():
    assert marked(NANO, [1000], [region(981, 5)]).samples == (5,)


def test_fewer_regions_than_times():
    with pytest.raises(WrongOutputError, match="marks 1 regions and prints 2 times"):
        marked(NANO, [1000, 1000], [region(1000, 1)])


def test_the_cycles_of_a_sketch_stand_in_its_measurement(lab, monkeypatch):
    monkeypatch.setattr("harness.serial_rig.SerialRig.counted", lambda rig: (region(1000, 1500),) * 3)
    where = lab(prints(1001, 1001), clock_hz=64_000_000)
    found = where.measure("inference", runs=2)
    assert (found.status, found.value, found.unit, found.clock) == (Status.OK, 1500, "cycles", Clock.CYCLE_MODEL)
    assert found.details["printed_us"] == [1001, 1001]
