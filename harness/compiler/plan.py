"""The memory plan: where in one arena each buffer lies, so that no two that live at the same time overlap.

Pure: sizes and lifetimes in, offsets out. Placing them best is NP-hard (dynamic storage allocation); a greedy
first fit over several orders comes close, and a seeded search improves what is left.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

_TRIES = 2000


@dataclass(frozen=True, kw_only=True)
class Request:
    """A buffer that needs memory."""

    size: int
    """Bytes."""
    first: int
    """The step that writes it."""
    last: int
    """The last step that reads it; not before ``first``."""
    replaces: tuple[int, ...] = ()
    """Places in the list of requests whose memory it may take over, when ``first`` is the last step to read them."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where the buffers lie."""

    offsets: tuple[int, ...]
    """Of each request, in bytes."""
    size: int
    """Bytes of the arena."""
    lower_bound: int
    """The largest sum of the buffers that live at one step; no plan is smaller."""


def plan(requests: Sequence[Request], alignment: int = 4) -> Plan:
    """Return offsets, each a multiple of ``alignment``, with which no two buffers that live together overlap.

    Two buffers live together when some step lies in the lifetimes of both. A buffer that takes another's place
    shares its offset.
    """
    owners = _owners(requests)
    merged = _merge(requests, owners, alignment)
    bound = _largest_sum(list(merged.values()))
    offsets, size = _place(merged, bound)
    return Plan(
        offsets=tuple(offsets[owner] for owner in owners),
        size=size,
        lower_bound=_largest_sum(list(_merge(requests, owners, 1).values())),
    )


def _owners(requests: Sequence[Request]) -> list[int]:
    """Return for each request the one whose memory it takes over, or itself."""
    owners = list(range(len(requests)))
    taken: set[int] = set()
    for place in sorted(range(len(requests)), key=lambda i: requests[i].first):
        request = requests[place]
        for old in request.replaces:
            if old not in taken and requests[old].first < request.first == requests[old].last:
                taken.add(old)
                owners[place] = owners[old]
                break
    return owners


def _merge(requests: Sequence[Request], owners: Sequence[int], alignment: int) -> dict[int, Request]:
    """Return one request for each place in memory, its size rounded up."""
    merged: dict[int, Request] = {}
    for request, owner in zip(requests, owners, strict=True):
        before = merged.get(owner, request)
        size = -(-max(request.size, before.size) // alignment) * alignment
        merged[owner] = Request(
            size=size, first=min(request.first, before.first), last=max(request.last, before.last)
        )
    return merged


def _largest_sum(requests: Sequence[Request]) -> int:
    steps = {request.first for request in requests}
    return max((sum(r.size for r in requests if r.first <= step <= r.last) for step in steps), default=0)


def _place(merged: dict[int, Request], bound: int) -> tuple[dict[int, int], int]:
    """Return the best offsets found, and the size of the arena."""
    orders = [
        sorted(merged, key=lambda i: (-merged[i].size, merged[i].first)),
        sorted(merged, key=lambda i: (-merged[i].size * (merged[i].last - merged[i].first + 1), merged[i].first)),
        sorted(merged, key=lambda i: (merged[i].first - merged[i].last, -merged[i].size)),
        sorted(merged, key=lambda i: (merged[i].first, -merged[i].size)),
    ]
    best, least = {}, -1
    order = orders[0]
    for candidate in orders:
        offsets, size = _first_fit(merged, candidate)
        if least < 0 or size < least:
            best, least, order = offsets, size, candidate
    generator = random.Random(0)
    for _ in range(_TRIES if len(order) > 1 else 0):
        if least <= bound:
            break
        changed = list(order)
        a, b = generator.sample(range(len(order)), 2)
        changed.insert(b, changed.pop(a))
        offsets, size = _first_fit(merged, changed)
        if size <= least:
            best, least, order = offsets, size, changed
    return best, max(least, 0)


def _first_fit(merged: dict[int, Request], order: Sequence[int]) -> tuple[dict[int, int], int]:
    """Place the requests in this order, each at the lowest offset where it fits."""
    offsets: dict[int, int] = {}
    size = 0
    for place in order:
        request = merged[place]
        neighbours = sorted(
            (offsets[other], offsets[other] + merged[other].size)
            for other in offsets
            if merged[other].first <= request.last and request.first <= merged[other].last
        )
        offset = 0
        for start, end in neighbours:
            if offset + request.size <= start:
                break
            offset = max(offset, end)
        offsets[place] = offset
        size = max(size, offset + request.size)
    return offsets, size
