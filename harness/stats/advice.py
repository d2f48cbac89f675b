"""What makes samples doubtful, as warnings that say what to do.

Nothing is said of what moves a time by less than a thousandth: it would hide what matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.stats import dip
from harness.stats.correlation import effective_count
from harness.stats.figures import Advice, Outliers, Warning_

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_FEW = 10
_ENOUGH = 30
_MATTERS = 0.001
"""Share of the median below which an effect is not worth a warning: a tenth of the usual noise threshold."""
_COARSE = 0.005
"""Share of the median from which one step of the clock hides what is looked for."""
_FALSE_ALARMS = 0.01
_ALIKE = 3
"""How many correlated samples have to tell as much as one independent one; chance makes that of 1 set in 100."""
_JITTERS = 3.0
"""How many median deviations of the host's times pass for jitter."""


def of_exact(values: Floats, resolution: float) -> tuple[Warning_, ...]:
    """Return what is odd about samples of a clock that should repeat exactly.

    Where the clock has steps larger than a count, the same stretch of time is one step or the next.
    """
    if values.max() - values.min() <= (resolution if resolution > 1 else 0):
        return ()
    text = (
        f"the {len(values)} runs differ by up to {values.max() - values.min():,.10g}, though this clock repeats "
        "exactly: the program does not do the same in each run; look for a state that one run leaves to the next"
    )
    return (Warning_(kind=Advice.SPREAD, text=text),)


def of_noisy(values: Floats, resolution: float, outliers: Outliers) -> tuple[Warning_, ...]:
    """Return what is doubtful about samples, in the order in which they were taken, of a clock that has noise."""
    slow_start = _slow_start(values, resolution)
    drift = _drift(values, resolution)
    found = (
        _too_few(values),
        _coarse_clock(values, resolution),
        slow_start,
        drift,
        None if drift else _correlated(values),
        _two_modes(values, resolution),
        _outliers(values, outliers, explained=1 if slow_start else 0),
    )
    return tuple(warning for warning in found if warning is not None)


def _too_few(values: Floats) -> Warning_ | None:
    if len(values) >= _FEW:
        return None
    runs = f"{len(values)} runs are" if len(values) > 1 else "1 run is"
    text = f"{runs} too few to tell how much the times vary: take {_FEW} at least, better {_ENOUGH} or more"
    return Warning_(kind=Advice.TOO_FEW_SAMPLES, text=text)


def _coarse_clock(values: Floats, resolution: float) -> Warning_ | None:
    import numpy as np

    median = float(np.median(values))
    if resolution <= _COARSE * median:
        return None
    share = f"{100 * resolution / median:.2g} % of the time" if median > 0 else "more than the time itself"
    text = f"one step of the clock is {share}: use a cycle counter, or time many runs together and divide"
    return Warning_(kind=Advice.COARSE_CLOCK, text=text)


def _slow_start(values: Floats, resolution: float) -> Warning_ | None:
    """Return a hint where the first sample is the largest or smallest and lies beyond the outer fence of the rest."""
    import numpy as np

    if len(values) < _FEW:
        return None
    first, rest = float(values[0]), values[1:]
    low, middle, high = np.quantile(rest, [0.25, 0.5, 0.75])
    off = first - float(middle)
    beyond = abs(off) > 3 * max(float(high - low), resolution) + float(high - low) / 2
    extreme = not rest.min() <= first <= rest.max()
    if not (beyond and extreme and _matters(off, float(middle), resolution)):
        return None
    text = (
        f"the first run took {_percent(off, float(middle))} than the others, as runs do after a start: "
        "set it apart as a warm-up run"
    )
    return Warning_(kind=Advice.SLOW_START, text=text)


def _drift(values: Floats, resolution: float) -> Warning_ | None:
    """Return a warning where the Mann-Kendall test sees a trend in 1 of 100 independent sets at most."""
    import numpy as np
    from scipy import stats

    if len(values) < _FEW or values.min() == values.max():
        return None
    third = len(values) // 3
    before, after = float(np.median(values[:third])), float(np.median(values[-third:]))
    if not _matters(after - before, before, resolution):
        return None
    if not stats.kendalltau(np.arange(len(values)), values).pvalue < _FALSE_ALARMS:
        return None
    text = (
        f"the times drift: the last third of the runs took {_percent(after - before, before)} than the first; "
        "let the board warm up, and look at its clock source and supply"
    )
    return Warning_(kind=Advice.DRIFT, text=text)


def _correlated(values: Floats) -> Warning_ | None:
    import numpy as np

    effective = effective_count(values)
    if effective > len(values) / _ALIKE or not _matters(float(np.ptp(values)), float(np.median(values)), 0.0):
        return None
    text = (
        f"neighbouring runs resemble each other: these {len(values)} tell as much as about {max(effective, 1):.0f} "
        "independent ones, and the intervals are wider for it; something outside comes and goes"
    )
    return Warning_(kind=Advice.CORRELATED, text=text)


def _two_modes(values: Floats, resolution: float) -> Warning_ | None:
    import numpy as np

    ordered = np.sort(values)
    if not dip.has_two_modes(ordered, resolution):
        return None
    low, high = _groups(ordered)
    near, far = float(np.median(low)), float(np.median(high))
    if not _matters(far - near, near, resolution):
        return None
    text = (
        f"the runs fall into two groups, {len(low)} of them and {len(high)} that took {_percent(far - near, near)}: "
        "neither mean nor median tells of both; look for what comes in some runs only, such as a timer's interrupt"
    )
    return Warning_(kind=Advice.TWO_MODES, text=text)


def _groups(ordered: Floats) -> tuple[Floats, Floats]:
    """Return sorted samples in the two parts that vary least within (Otsu 1979)."""
    import numpy as np

    count = np.arange(1, len(ordered))
    centred = ordered - ordered.mean()
    sums = np.cumsum(centred)[:-1]
    at = int(np.argmax(sums**2 / (count * (len(ordered) - count)))) + 1
    return ordered[:at], ordered[at:]


def _outliers(values: Floats, outliers: Outliers, explained: int) -> Warning_ | None:
    import numpy as np

    median = float(np.median(values))
    far = values[(values < outliers.low_severe) | (values > outliers.high_severe)]
    if len(far) <= explained:
        return None
    off = float(far[np.argmax(np.abs(far - median))]) - median
    if not _matters(off, median, 0.0):
        return None
    runs = "1 run lies" if len(far) == 1 else f"{len(far)} of {len(values)} runs lie"
    text = (
        f"{runs} far from the others, up to {_percent(off, median)}; nothing is left out: "
        "look for interrupts, radio and USB, or take more runs"
    )
    return Warning_(kind=Advice.OUTLIERS, text=text)


def host_skew(
    device_times: Sequence[float], host_times: Sequence[float], *, overhead: float = 0.0, tolerance: float = 0.02
) -> Warning_ | None:
    """Return a warning where the device's clock does not go as the host's does, else None. All times in seconds.

    ``host_times`` are those of the same runs as the host saw them, ``overhead`` what a request costs it that does
    nothing. What the host's jitter and one more overhead explain passes, and so does ``tolerance``, relative to the
    host's time. Raises ``ValueError`` where the times do not belong together.
    """
    import numpy as np

    if not len(device_times) or len(device_times) != len(host_times):
        msg = "to compare two clocks there must be a time by either for each run"
        raise ValueError(msg)
    device = np.asarray(device_times, dtype=np.float64)
    host = np.asarray(host_times, dtype=np.float64) - overhead
    excess = host - device
    off = float(np.median(excess))
    jitter = _JITTERS * float(np.median(np.abs(excess - off)))
    seen = float(np.median(host))
    if abs(off) <= tolerance * max(seen, 0.0) + overhead + jitter:
        return None
    told = float(np.median(device))
    text = (
        f"a run takes {told:.4g} s by the board's clock and {seen:.4g} s by the host's: the board's clock is not "
        "what its core takes it for, so its times are wrong; look at the clock settings of board and core"
    )
    return Warning_(kind=Advice.CLOCK_OFF, text=text)


def _matters(difference: float, of: float, resolution: float) -> bool:
    """Return whether a difference is more than a step of the clock, and more than a thousandth."""
    return abs(difference) > max(resolution, _MATTERS * abs(of))


def _percent(difference: float, of: float) -> str:
    """Return a difference as people say it: "0.3 % longer"."""
    word = "longer" if difference > 0 else "shorter"
    return f"{float(f'{100 * abs(difference / of):.2g}'):,g} % {word}" if of else f"{abs(difference):.3g} {word}"
