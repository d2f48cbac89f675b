"""The headroom search: the largest size that works. Pure: the probe is a function from a size to a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_GRANULE = 8
"""An allocator rounds sizes up to this many bytes, so sizes within one granule mostly share their verdict."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One try: ``size`` bytes and whether the program still worked with them taken away."""

    size: int
    works: bool
    why: str = ""
    """What happened where it did not work."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The result: ``largest`` works and ``largest + 1`` does not; -1 where not even 0 works."""

    largest: int
    probes: tuple[Probe, ...]


def largest_working(probe: Callable[[int], Probe], high: int, guess: int | None = None) -> Found:
    """Find the largest size in 0…``high`` for which ``probe`` works, to the byte.

    ``probe`` has to be monotonic: what works with n bytes taken works with fewer. ``guess`` is where the answer is
    expected; when it is right, two probes prove it. Otherwise the interval is cut by bisection, in whole granules
    first. Both ends of the answer have been tried: ``largest`` worked, and ``largest + 1`` did not (or is above
    ``high``, which the caller knows to be impossible).
    """
    state = _Search(probe, high)
    if guess is not None:
        for size in (min(guess, high), min(guess, high) + 1):
            if state.low < size < state.fails:
                state.try_size(size)
    while state.fails - state.low > 1:
        state.try_size(state.middle())
    return Found(largest=state.low, probes=tuple(state.probes))


class _Search:
    """What is known: ``low`` works (-1: nothing yet), ``fails`` does not (or is out of range)."""

    def __init__(self, probe: Callable[[int], Probe], high: int) -> None:
        self.low = -1
        self.fails = high + 1
        self.probes: list[Probe] = []
        self._probe = probe
        self._edge_tried = False

    def try_size(self, size: int) -> None:
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
