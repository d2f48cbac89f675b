"""How trials are shared out among groups of operators. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def turns(costs: Mapping[str, float], had: Mapping[str, int], open_: Collection[str], count: int) -> list[str]:
    """Return whose turn it is for the next ``count`` trials.

    ``costs`` are what the groups take of the whole, ``had`` how many trials each had; only those in ``open_`` get
    more. Each trial goes to the group with the most cost a trial (the method of D'Hondt), so that the numbers of
    trials come to be in proportion to the costs, and a group that has become cheap gets fewer from then on.
    """
    numbers = {name: had.get(name, 0) for name in costs}
    given = []
    for _ in range(count):
        waiting = [name for name in costs if name in open_]
        name = max(waiting, key=lambda name: costs[name] / (numbers[name] + 1), default=None)
        if name is None:
            break
        numbers[name] += 1
        given.append(name)
    return given
