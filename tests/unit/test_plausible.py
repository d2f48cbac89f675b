"""Times of real boards that cannot be true are told from those that can."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import boards
from harness.errors import RigError
from harness.firmware import Stretch
from harness.plausible import require_plausible
from harness.session import Took

NANO = boards.load("nano33ble")
UNO = boards.load("uno")
OWN = msgspec.structs.replace(NANO, interrupts_off=True)


def stretch(seconds, *, cycles=None, whole=None, work=None):
    took = None if whole is None else Took(whole=whole, work=work)
    return Stretch(time=seconds, unit="s", cycles=cycles, took=took)


@given(st.floats(0, 300), st.floats(0.95, 1.05), st.floats(0, 0.1), st.booleans())
def test_true_times_by_clocks_that_are_not_quite_alike(seconds, skew, late, started):
    """Up to minutes, in which the cycle counter begins anew many times."""
    cycles = int(seconds * skew * NANO.clock_hz) % 2**32
    told = round(seconds, 6)
    times = stretch(told, cycles=cycles, whole=seconds + late, work=seconds + late if started else None)
    require_plausible([times] * 3, NANO)


@given(st.floats(0.0, 300.0), st.integers(1, 128))
def test_cycles_of_an_avr(seconds, count):
    times = Stretch(time=int(seconds * 16e6), unit="cycles", took=Took(whole=seconds + 0.01, work=seconds))
    require_plausible([times] * count, UNO)


@pytest.mark.parametrize("seconds", [0.003, 0.25, 1.5, 80.0])
def test_a_micros_that_stands_still_beside_the_cycle_counter(seconds):
    cycles = int(seconds * 64e6) % 2**32
    with pytest.raises(
        RigError, match=r"micros\(\) tells 0.000\d+ s for what the chip's counter tells .* cycles, .* Hz"
    ):
        require_plausible([stretch(0.000_9, cycles=cycles)], OWN)


def test_a_clock_that_is_not_the_files():
    with pytest.raises(RigError, match="Perhaps clock_hz = 64_000_000 in the board's file may not be this chip's"):
        require_plausible([stretch(1.0, cycles=48_000_000)], NANO)


def test_a_time_longer_than_the_hosts():
    with pytest.raises(RigError, match=r"tells 2.5 s for what was done within 2 s by the host's clock"):
        require_plausible([stretch(1.9, whole=2.0), stretch(2.5, whole=2.0)], OWN)


def test_a_time_far_below_the_hosts():
    with pytest.raises(
        RigError, match=r"tells 0.001 s for what took 2 s .*: set interrupts_off = false in the board"
    ):
        require_plausible([stretch(0.001, whole=2.1, work=2.0)] * 2, OWN)
    with pytest.raises(RigError, match=r"tells 0.1 s for what took 2 s by the host's clock. Perhaps clock_hz"):
        require_plausible([Stretch(time=1_600_000, unit="cycles", took=Took(whole=2.1, work=2.0))], UNO)


def test_a_host_or_a_link_that_stands_still_for_a_moment_says_nothing_of_the_board():
    late = stretch(0.001, whole=9.0, work=9.0)
    fine = stretch(0.001, whole=0.02, work=0.01)
    unknown = stretch(0.001, whole=9.0, work=None)
    require_plausible([late, fine, late, fine, unknown], OWN)
    require_plausible([stretch(0.001, whole=0.3, work=0.25)] * 5, OWN)


def test_the_time_of_a_virtual_board_is_not_the_hosts():
    board = boards.load("nano33ble-sim")
    require_plausible([Stretch(time=64_000_000_000, unit="instructions", took=Took(whole=0.1, work=0.1))], board)
