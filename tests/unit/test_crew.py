import threading

import pytest

from harness.crew import run_all
from harness.patience import FakeTimer, Patience


def test_all_tasks_are_done():
    done = []
    run_all([lambda: done.append(1), lambda: done.append(2)], lambda: pytest.fail("nothing to interrupt"))
    assert sorted(done) == [1, 2]


def test_one_that_fails_ends_the_others_and_is_what_is_raised():
    stop = threading.Event()

    def fail():
        raise ValueError("first")

    def wait():
        assert stop.wait(30)
        raise ValueError("because it was interrupted")

    with pytest.raises(ValueError, match="first"):
        run_all([wait, fail, wait], stop.set)


def test_one_task_needs_no_thread():
    run_all([lambda: None], lambda: None)
    seen = []
    run_all([lambda: seen.append(threading.current_thread())], lambda: None)
    assert seen == [threading.current_thread()]


def test_patience_is_not_used_up_by_a_host_that_stands_still():
    timer = FakeTimer()
    patience = Patience(10, timer)
    timer.sleep(0.5)
    assert patience.left() == 9.5
    timer.sleep(3600)
    assert patience.left() == 8.5
    patience.shorten(2)
    timer.sleep(0.5)
    assert patience.left() == 1.5
    for _ in range(10):
        timer.sleep(0.5)
        patience.left()
    assert patience.left() == 0
