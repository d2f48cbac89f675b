"""What a sketch prints, line by line: the numbers among it that are times. Pure."""

from __future__ import annotations

import re

_NUMBER = re.compile(
    r"(?:(?P<label>.*[^\w.-])?)(?P<number>\d+(?:\.\d+)?)\s*(?:us|µs|μs|usecs?|micros|microseconds)?", re.IGNORECASE
)
_AGAIN = 2
"""A kind of line that comes so often is no heading and no sum."""


class Numbers:
    """Collects the lines that end in a number and are otherwise alike, until there are ``wanted`` of a kind.

    So a heading, a sum at the end, or what a library says at its start is not taken for a sample. Numbers in the text
    before the last one count as alike: ``run 1: 87966`` and ``run 2: 87803``. A line that ends in a colon belongs to
    the next one.
    """

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._caption = ""
        self._kinds: dict[str, list[float]] = {}

    def take(self, line: str) -> bool:
        """Take a line in and return whether it was one more of the kind that has come most often."""
        found = _NUMBER.fullmatch(line)
        caption, self._caption = self._caption, "" if found else line if line.endswith(":") else ""
        if found is None:
            return False
        kind = self._kinds.setdefault(caption + re.sub(r"\d+", "#", found["label"] or ""), [])
        kind.append(float(found["number"]))
        return len(kind) == self.count

    @property
    def count(self) -> int:
        """How many numbers there are of the kind that has come most often."""
        return max(map(len, self._kinds.values()), default=0)

    @property
    def complete(self) -> bool:
        """Whether there are enough of one kind."""
        return self.count >= self._wanted

    @property
    def samples(self) -> tuple[float, ...]:
        """The numbers of the kind that has come most often."""
        return next((tuple(kind) for kind in self._kinds.values() if len(kind) == self.count), ())

    @property
    def rivals(self) -> list[str]:
        """The kinds that came more than once, where there are several: which of them is meant cannot be told."""
        often = [f"{kind}…" for kind, numbers in self._kinds.items() if len(numbers) >= _AGAIN]
        return often if len(often) > 1 else []
