"""Signals that are held off."""

import signal
import threading

import pytest

from harness.interrupts import uninterrupted


def test_a_signal_is_delivered_when_the_work_is_done():
    done = []

    def work():
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("the rest of the work")
        done.append("never")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the rest of the work"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_goes_before_the_signal():
    def work():
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        work()


def test_other_threads_are_left_alone():
    found = []

    def work():
        with uninterrupted():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
