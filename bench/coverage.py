"""How honest the statistics are, as the tables of docs/statistics.md: ``python -m bench.coverage [--sets N]``.

Each figure is a share of simulated sets of times whose truth is known; the seeds are fixed. Takes some minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from bench.simulated import BASE, DOUBTFUL, SHAPES, UNCHANGED, Draw, Shape
from harness import stats
from harness.stats import Advice, Verdict, advice, estimates, intervals

SIZES = (10, 32, 128)
_PAIRS = ((10, 10), (32, 32), (32, 128), (128, 128))
_KINDS = (Advice.DRIFT, Advice.TWO_MODES, Advice.CORRELATED, Advice.OUTLIERS, Advice.SLOW_START)
_SHIFTS = (0.0, 0.005, 0.01, 0.02, 0.03)
_BATCHES = {"1 to 10": list(range(1, 11)), "1, 2, 4 and 8, eight times each": [1, 2, 4, 8] * 8}
_CONFIDENCE = 0.95
_RUN = 50.0
_RESAMPLES = 1999


def covers(interval: stats.Interval | None, truth: float) -> bool:
    """Return whether an interval holds the true value."""
    return interval is not None and interval.low <= truth <= interval.high


def coverage(
    shape: Shape, size: int, sets: int, *, resamples: int = _RESAMPLES, seed: int = 1
) -> tuple[float, float]:
    """Return the shares of sets whose intervals hold the true median and the true mean."""
    generator = np.random.default_rng(seed)
    median = mean = 0
    for _ in range(sets):
        values = shape.draw(generator, size)
        median += covers(intervals.of_median(values, _CONFIDENCE), shape.median)
        mean += covers(intervals.of_mean(values, _CONFIDENCE, resamples=resamples), shape.mean)
    return median / sets, mean / sets


def false_alarms(draw: Draw, sizes: tuple[int, int], sets: int, *, seed: int = 2) -> float:
    """Return the share of pairs without a change that were called changed, with the threshold 0, the strictest."""
    verdicts = Counter(
        stats.change(draw(generator, sizes[0]), draw(generator, sizes[1]), deterministic=False, threshold=0).verdict
        for generator in [np.random.default_rng(seed)]
        for _ in range(sets)
    )
    return (verdicts[Verdict.IMPROVED] + verdicts[Verdict.REGRESSED]) / sets


def verdicts(relative: float, size: int, sets: int, *, seed: int = 3) -> Counter[Verdict]:
    """Return how often each verdict came out for normal times, sd 1 %, that changed by ``relative``."""
    draw, generator = SHAPES["normal"].draw, np.random.default_rng(seed)
    return Counter(
        stats.change(draw(generator, size), draw(generator, size) + relative * BASE, deterministic=False).verdict
        for _ in range(sets)
    )


def warnings(draw: Draw, size: int, sets: int, *, seed: int = 4) -> Counter[Advice]:
    """Return how often each kind of warning came out."""
    generator = np.random.default_rng(seed)
    kinds: Counter[Advice] = Counter()
    for _ in range(sets):
        values = draw(generator, size)
        kinds.update(warning.kind for warning in advice.of_noisy(values, 0.0, estimates.tukey(values)))
    return kinds


def slope_coverage(noise: Draw, runs: Sequence[int], sets: int, *, seed: int = 5) -> float:
    """Return the share of sets of batches whose interval holds the true time of a run."""
    generator = np.random.default_rng(seed)
    held = 0
    for _ in range(sets):
        totals = np.asarray(runs) * _RUN + noise(generator, len(runs))
        held += covers(stats.slope(runs, totals.tolist(), resamples=_RESAMPLES).interval, _RUN)
    return held / sets


def _table(title: str, columns: Iterable[str], rows: Iterable[tuple[str, Iterable[float]]]) -> None:
    columns = list(columns)
    print(f"| {title} | {' | '.join(columns)} |\n|---|{'---:|' * len(columns)}")
    for name, shares in rows:
        print(f"| {name} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |", flush=True)
    print()


def main(arguments: Sequence[str]) -> int:
    """Print all tables."""
    parser = argparse.ArgumentParser(prog="bench.coverage", description=__doc__)
    parser.add_argument("--sets", type=int, default=4000, help="Simulated sets a figure (default: 4000).")
    sets = parser.parse_args(arguments).sets
    both = {name: [coverage(shape, size, sets) for size in SIZES] for name, shape in SHAPES.items()}
    sizes = [f"{size} samples" for size in SIZES]
    for index, what in enumerate(("median", "mean")):
        _table(f"coverage of the {what}", sizes, ((n, [share[index] for share in b]) for n, b in both.items()))
    _table(
        "false alarms",
        (f"{a} and {b}" for a, b in _PAIRS),
        ((name, (false_alarms(draw, pair, sets) for pair in _PAIRS)) for name, draw in UNCHANGED.items()),
    )
    shifts = {(shift, size): verdicts(shift, size, sets) for shift in _SHIFTS for size in SIZES[1:]}
    _table(
        "true change, samples",
        (verdict.value for verdict in Verdict),
        ((f"{100 * s:g} %, {n}", (found[v] / sets for v in Verdict)) for (s, n), found in shifts.items()),
    )
    for size in SIZES:
        counts = {name: warnings(draw, size, sets) for name, draw in DOUBTFUL.items()}
        rows = ((name, (found[kind] / sets for kind in _KINDS)) for name, found in counts.items())
        _table(f"warnings, {size} samples", (kind.value for kind in _KINDS), rows)
    noises = {name: SHAPES[name].draw for name in ("normal", "exponential", "log-normal, sd of log 1")}
    _table(
        "coverage of the slope, batches of",
        noises,
        ((title, (slope_coverage(d, runs, sets) for d in noises.values())) for title, runs in _BATCHES.items()),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
