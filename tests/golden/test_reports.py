"""A made-up run in every text form, the page without its scripts. ``--update-golden`` remakes the files."""

import re
from pathlib import Path

import pytest

from harness import __version__, summaries
from harness.report import page
from harness.report.exporters import Subject, all_exporters
from harness.stats import Interval, Outliers, Summary
from harness.types import Clock
from tests.made_up_runs import case, mixed, run

GOLDEN = Path(__file__).parent / "reports"
EARLIER = run(case(implementation="tvm-aot"), name="20261120-100000-abcd", started="2026-11-20T10:00:00+00:00")


def plain_statistics(measurement):
    """Stand for the statistics, which have tests of their own: here nothing is to change when they become better."""
    if measurement.clock is None or measurement.value is None:
        return None
    samples = measurement.samples
    low, high = min(samples), max(samples)
    real = measurement.clock is Clock.HARDWARE
    bounds = Interval(low=low, high=high, confidence=0.95, method="order statistics") if real else None
    fences = Outliers(mild=0, severe=0, low_mild=low, high_mild=high, low_severe=low, high_severe=high)
    return Summary(
        count=len(samples), mean=measurement.value, median=measurement.value, minimum=low, maximum=high,
        standard_deviation=0.0, mad=0.0, median_interval=bounds, mean_interval=bounds, outliers=fences,
        exact=not real, resolution=0.0,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _plain_statistics(monkeypatch):
    monkeypatch.setattr(summaries, "of", plain_statistics)


def subject():
    return Subject(run=mixed(), history=lambda: [EARLIER])


def web_page():
    """Return the page without style, scripts and plots."""
    text = page.render(subject(), plotly="plotly").replace(f"mcuprof {__version__}", "mcuprof VERSION")
    text = re.sub(r"(?s)<style>.*?</style>", "<style></style>", text)
    text = re.sub(r"(?s)(<script[^>]*>).*?</script>", r"\1</script>", text)
    return re.sub(r"'sha256-[^']*'", "'sha256-HASH'", text)


MADE = {
    "run.md": lambda: all_exporters()["markdown"].export(subject()),
    "run.csv": lambda: all_exporters()["csv"].export(subject()),
    "run.tex": lambda: all_exporters()["latex"].export(subject()),
    "run.html": web_page,
}


@pytest.mark.parametrize("name", MADE)
def test_a_report(name, request):
    file = GOLDEN / name
    made = MADE[name]()
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8")
