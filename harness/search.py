"""The headroom search: the largest size that works. Pure: the probe is a function from a size to a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_GRANULE = 8
"""An allocator rounds sizes up to this many bytes, so sizes within one granule mostly share their verdict."""
_GUESSED_AHEAD = (0, 1, _GRANULE)
"""What is tried of a guess: itself, what lies right behind it, and the end of its granule."""
GUESSES = len(_GUESSED_AHEAD)


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One try: ``size`` bytes and whether the program still worked with them taken away."""

    size: int
    works: bool
    why: str = ""
    """What happened where it did not work."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The result: ``largest`` works and ``largest + 1`` does not."""

    largest: int
    probes: tuple[Probe, ...]


def largest_working(
    probe: Callable[[int], Probe],
    high: int,
    guess: int | None = None,
    *,
    low: int = 0,
    tell: Callable[[int, int], None] = lambda size, left: None,
) -> Found:
    """Find the largest size in ``low``…``high`` for which ``probe`` works, to the byte; ``low - 1`` where none does.

    ``probe`` has to be monotonic: what works with n bytes taken works with fewer. ``guess`` is where the answer is
    expected; when it is right, two probes prove it, and where it is less than a granule too low, few more. Otherwise
    the interval is cut by bisection, in whole granules first. Both ends of the answer have been tried: ``largest``
    worked, and ``largest + 1`` did not (unless they lie beyond ``low`` or ``high``, which the caller knows about).
    ``tell`` is told before each probe its size, and how many probes there may be at most, with it.
    """
    state = _Search(probe, low, high, tell)
    if guess is not None:
        for done, ahead in enumerate(_GUESSED_AHEAD):
            size = min(guess, high) + ahead
            if state.low < size < state.fails:
                state.try_size(size, GUESSES - done)
    while state.fails - state.low > 1:
        state.try_size(state.middle())
    return Found(largest=state.low, probes=tuple(state.probes))


def most_probes(low: int, fails: int) -> int:
    """Return how many probes it takes at most from ``low``, which works, and ``fails``, which does not.

    Bisection, one more because halves are made of whole granules, and one for the look right behind a granule.
    """
    return 0 if fails - low <= 1 else (fails - low - 1).bit_length() + 2


class _Search:
    """What is known: ``low`` works (or is out of range), ``fails`` does not (or is)."""

    def __init__(self, probe: Callable[[int], Probe], low: int, high: int, tell: Callable[[int, int], None]) -> None:
        self.low = low - 1
        self.fails = high + 1
        self.probes: list[Probe] = []
        self._probe = probe
        self._tell = tell
        self._edge_tried = False

    def try_size(self, size: int, guesses: int = 0) -> None:
        self._tell(size, guesses + most_probes(self.low, self.fails))
        result = self._probe(size)
        self.probes.append(result)
        if result.works:
            self.low = size
        else:
            self.fails = size

    def middle(self) -> int:
        """Return the next size: the middle of the interval, moved to where its granule of malloc ends.

        newlib's chunks are a multiple of 8 bytes with 4 bytes of header, so 8k + 4 is the largest size of its chunk:
        where it works and the next one does not, the boundary is mostly found without going down to single bytes.
        """
        middle = self.low + (self.fails - self.low) // 2
        if self.fails - self.low <= _GRANULE:
            # Within a granule the boundary most likely lies right behind the size that works.
            if self.low >= 0 and not self._edge_tried:
                self._edge_tried = True
                return self.low + 1
            return middle
        aligned = middle - middle % _GRANULE + _GRANULE // 2
        return aligned if self.low < aligned < self.fails else middle
