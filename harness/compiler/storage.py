"""The graph executor's memory plan: tensors that do not live at the same time share a storage, a block of its own.

Pure: sizes and lifetimes in, storages out. It is TVM's way before there was one arena for all: a storage that is free
is given to the tensor that it fits best, and becomes as large as the largest tensor in it; there are no offsets, so
that a large storage never holds two small tensors at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.compiler.plan import Request

_MOST_TIMES = 16
"""A storage is left to others where it is so many times larger or smaller than the tensor."""


@dataclass(frozen=True, kw_only=True)
class Storages:
    """Which tensors share memory."""

    ids: tuple[int, ...]
    """The storage of each request, numbered in the order in which they are first used."""
    sizes: tuple[int, ...]
    """Bytes of each storage."""


def share(requests: Sequence[Request]) -> Storages:
    """Return storages such that no two requests share one that live at the same step.

    What a request may replace is not looked at: nothing is done in place.
    """
    ids = [-1] * len(requests)
    sizes: list[int] = []
    busy_until: list[int] = []
    for place in sorted(range(len(requests)), key=lambda i: requests[i].first):
        request = requests[place]
        free = [number for number, last in enumerate(busy_until) if last < request.first]
        found = _best(request.size, free, sizes)
        if found is None:
            found = len(sizes)
            sizes.append(0)
            busy_until.append(0)
        ids[place] = found
        sizes[found] = max(sizes[found], request.size)
        busy_until[found] = request.last
    return Storages(ids=tuple(ids), sizes=tuple(sizes))


def _best(size: int, free: Sequence[int], sizes: Sequence[int]) -> int | None:
    """Return the smallest free storage that is large enough, else the largest one, which then grows."""
    near = [number for number in free if size <= sizes[number] * _MOST_TIMES and sizes[number] <= size * _MOST_TIMES]
    enough = [number for number in near if sizes[number] >= size]
    if enough:
        return min(enough, key=lambda number: sizes[number])
    return max(near, key=lambda number: sizes[number], default=None)
