"""What a conversion gave, as plain data."""

from __future__ import annotations

import msgspec

TOLERANCE = 1e-3
"""By which outputs may differ, as a share of the largest output there is: floats are summed in another order."""


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """An input or output of a network, before and after."""

    name: str
    """As the original model names it."""
    source_shape: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: str
    permutation: tuple[int, ...]
    """The place in the original of each axis of the converted model."""

    @property
    def transposed(self) -> bool:
        """Whether the axes stand in another order."""
        return self.permutation != tuple(range(len(self.permutation)))

    def __str__(self) -> str:
        def dims(shape: tuple[int, ...]) -> str:
            return "x".join(map(str, shape)) or "scalar"

        if not self.transposed:
            return f"{self.name} {self.dtype} {dims(self.shape)}"
        return (
            f"{self.name} {self.dtype} {dims(self.source_shape)} (channels first) → "
            f"{dims(self.shape)} (channels last)"
        )


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was converted by what, and how near the outputs are."""

    kind: str
    converter: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    compared: int
    """How many random inputs both were run on."""
    largest_difference: float
    """Between any two output elements."""
    largest_output: float
    """The largest magnitude among the original's outputs."""

    @property
    def same(self) -> bool:
        """Whether the outputs agree but for rounding."""
        return self.largest_difference <= TOLERANCE * self.largest_output


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A report, or why the model is refused."""

    report: Report | None = None
    refused: str | None = None
