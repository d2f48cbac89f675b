"""What makes samples doubtful, as warnings that say what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.stats.figures import Advice, Outliers, Warning_

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_FEW = 10


def of_exact(values: Floats) -> tuple[Warning_, ...]:
    """Return what is odd about samples of a clock that should repeat exactly."""
    if values.min() == values.max():
        return ()
    text = (
        f"{len(values)} runs lie between {values.min():,.0f} and {values.max():,.0f}, and this clock repeats "
        "exactly: the program does not do the same in each run"
    )
    return (Warning_(kind=Advice.SPREAD, text=text),)


def of_noisy(values: Floats, resolution: float, outliers: Outliers) -> tuple[Warning_, ...]:
    """Return what is doubtful about samples of a clock that measures time."""
    found = []
    if len(values) < _FEW:
        text = f"{len(values)} runs are too few to tell how much they vary: take {_FEW} at least, better 30"
        found.append(Warning_(kind=Advice.TOO_FEW_SAMPLES, text=text))
    if outliers.severe:
        text = f"{outliers.severe} of {len(values)} runs lie far from the others: look for interrupts, radio and USB"
        found.append(Warning_(kind=Advice.OUTLIERS, text=text))
    return tuple(found)


def host_skew(
    device_times: Sequence[float], host_times: Sequence[float], *, overhead: float = 0.0, tolerance: float = 0.02
) -> Warning_ | None:
    """Return a warning where the device's clock does not go as the host's does, else None. All times in seconds.

    ``host_times`` are those of the same runs as the host saw them, ``overhead`` what a request costs it that does
    nothing. What the host's jitter and one more overhead explain is let pass, and so is ``tolerance``, relative.
    """
    import numpy as np

    device = np.asarray(device_times, dtype=np.float64)
    excess = np.asarray(host_times, dtype=np.float64) - overhead - device
    off = float(np.median(excess))
    jitter = 3 * float(np.median(np.abs(excess - off)))
    median = float(np.median(device))
    if abs(off) <= tolerance * median + overhead + jitter:
        return None
    ratio = (median + off) / median if median else float("inf")
    text = (
        f"the board says {median:.4g} s where the host's clock says {median + off:.4g} s ({ratio:.3g} times): the "
        "board's clock is not what its core takes it for; check the clock setting of the board and clock_hz"
    )
    return Warning_(kind=Advice.CLOCK_OFF, text=text)
