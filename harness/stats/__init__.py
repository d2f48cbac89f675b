"""Statistics of samples: estimates with intervals, warnings, and changes between runs. Values in, values out."""

from harness.stats.advice import host_skew
from harness.stats.changes import change, exact_change
from harness.stats.estimates import summarize
from harness.stats.figures import Advice, Change, Interval, Outliers, Slope, Summary, Verdict, Warning_
from harness.stats.slopes import slope

__all__ = [
    "Advice",
    "Change",
    "Interval",
    "Outliers",
    "Slope",
    "Summary",
    "Verdict",
    "Warning_",
    "change",
    "exact_change",
    "host_skew",
    "slope",
    "summarize",
]
