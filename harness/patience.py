"""Waiting: a timer that tests replace, and deadlines that a suspended host does not use up."""

from __future__ import annotations

import time
from typing import Protocol

_LONGEST_STEP_S = 1.0
"""Whoever waits looks at the clock many times a second; more between two looks is a host that stood still."""


class Timer(Protocol):
    """What tells the time and lets it pass."""

    def now(self) -> float:
        """Return the time in seconds since some moment; it never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...


_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux's monotonic clock stands still while the machine is suspended, and a board does not."""


class RealTimer:
    """The monotonic clock of this machine."""

    def now(self) -> float:
        """Return the monotonic clock in seconds."""
        return time.clock_gettime(_CLOCK)

    def sleep(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


class FakeTimer:
    """Time that passes only where somebody sleeps, or where ``now`` is set forward: for tests."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Return the time so far."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.time += seconds


REAL = RealTimer()


class Patience:
    """A deadline of some seconds in which this process runs.

    While a laptop is closed or a virtual machine is held, its clock may go on though nobody could listen to the
    board. A step of the clock that is longer than any wait counts as one second, so a board is not given up for it.
    """

    def __init__(self, seconds: float, timer: Timer = REAL) -> None:
        self._timer = timer
        self._left = seconds
        self._seen = timer.now()

    def left(self) -> float:
        """Return how many seconds are left; 0 when the deadline has passed."""
        now = self._timer.now()
        self._left -= min(now - self._seen, _LONGEST_STEP_S)
        self._seen = now
        return max(0.0, self._left)

    def shorten(self, seconds: float) -> None:
        """Leave ``seconds`` at most."""
        self._left = min(self.left(), seconds)
