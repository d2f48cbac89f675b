"""Outputs of the board beside those of the reference interpreter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.case import Bench
from harness.errors import WrongOutputError

if TYPE_CHECKING:
    from harness.models import Array

# Float kernels may sum in another order than the reference does; integer ones must agree in every bit.
RELATIVE_TOLERANCE = 1e-4
ABSOLUTE_TOLERANCE = 1e-5


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How the outputs for one input differ from the expected ones."""

    differing: int
    elements: int
    largest: float
    where: str
    """The first element that differs, in words; empty where none does."""


def compare(got: list[bytes], expected: list[Array]) -> Difference:
    """Compare output bytes with the expected arrays, in every bit or, for floats, within the stated tolerance."""
    import numpy as np

    differing, elements, largest, where = 0, 0, 0.0, ""
    for index, want in enumerate(expected):
        raw = got[index] if index < len(got) else b""
        have = np.frombuffer(raw[: len(raw) // want.itemsize * want.itemsize], dtype=want.dtype)
        flat = want.ravel()
        elements += flat.size
        if have.size != flat.size:
            differing += flat.size
            where = where or f"output {index} has {have.size} elements, should have {flat.size}"
            continue
        if flat.dtype.kind == "f":
            bad = ~np.isclose(have, flat, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE, equal_nan=True)
        else:
            bad = have != flat
        with np.errstate(invalid="ignore"):  # infinity less infinity
            distance = np.abs(have.astype(np.float64) - flat.astype(np.float64))
        largest = max(largest, float(np.nanmax(distance, initial=0.0)))
        differing += int(bad.sum())
        if bad.any() and not where:
            first = int(bad.argmax())
            where = f"element {first} of output {index} is {have[first]}, should be {flat[first]}"
    return Difference(differing=differing, elements=elements, largest=largest, where=where)


def require_right(bench: Bench, index: int) -> None:
    """Raise ``WrongOutputError`` unless the outputs now on the board are the expected ones for input ``index``."""
    found = compare(bench.firmware.read_outputs(), bench.expected.outputs[index])
    if found.differing:
        msg = f"{found.differing} of {found.elements} output elements are wrong: {found.where}"
        raise WrongOutputError(msg)
