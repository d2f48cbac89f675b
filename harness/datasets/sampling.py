"""Which samples of a data set are taken: all, or some by a seed. Pure."""

from __future__ import annotations

import random
from collections.abc import Hashable, Sequence


def choose(count: int, wanted: int | None, *, seed: int = 0, classes: Sequence[Hashable] | None = None) -> list[int]:
    """Return the indices of ``wanted`` of ``count`` samples, ascending; all where there are no more.

    With ``classes``, one a sample, each class has its share, to a whole number by largest remainder; without, every
    sample is as likely. The same seed gives the same samples.
    """
    if wanted is None or wanted >= count:
        return list(range(count))
    chosen = random.Random(seed)
    if classes is None:
        return sorted(chosen.sample(range(count), wanted))
    members: dict[Hashable, list[int]] = {}
    for index, name in enumerate(classes):
        members.setdefault(name, []).append(index)
    shares = _shares([len(found) for found in members.values()], wanted)
    return sorted(
        index for found, share in zip(members.values(), shares, strict=True) for index in chosen.sample(found, share)
    )


def _shares(sizes: Sequence[int], wanted: int) -> list[int]:
    """Return how many to take of groups of these sizes, ``wanted`` in all: by largest remainder."""
    whole = sum(sizes)
    shares = [size * wanted // whole for size in sizes]
    remainders = sorted(range(len(sizes)), key=lambda i: -(sizes[i] * wanted % whole))
    for index in remainders[: wanted - sum(shares)]:
        shares[index] += 1
    return shares
