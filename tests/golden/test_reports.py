"""A made-up run in every text form, the page without its scripts. ``--update-golden`` remakes the files."""

import csv
import io
import re
from pathlib import Path

import pytest

from harness import __version__
from harness.report import page
from harness.report.exporters import Subject, all_exporters
from tests.made_up_runs import case, mixed, run

GOLDEN = Path(__file__).parent / "reports"
EARLIER = run(case(implementation="tvm-aot"), name="20261120-100000-abcd", started="2026-11-20T10:00:00+00:00")


def subject():
    return Subject(run=mixed(), history=lambda: [EARLIER])


def web_page():
    """Return the page without style, scripts and plots."""
    text = page.render(subject(), plotly="plotly").replace(f"mcuprof {__version__}", "mcuprof VERSION")
    text = re.sub(r"(?s)<style>.*?</style>", "<style></style>", text)
    text = re.sub(r"(?s)(<script[^>]*>).*?</script>", r"\1</script>", text)
    return re.sub(r"'sha256-[^']*'", "'sha256-HASH'", text)


def flat_rows():
    """Return the CSV with a mark for what is calculated from samples: last digits vary with the machine."""
    rows = list(csv.reader(io.StringIO(all_exporters()["csv"].export(subject()))))
    for index, name in enumerate(rows[0]):
        if name in ("mean", "standard_deviation", "mean_low", "mean_high"):
            for row in rows[1:]:
                row[index] = row[index] and "CALCULATED"
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


MADE = {
    "run.md": lambda: all_exporters()["markdown"].export(subject()),
    "run.csv": flat_rows,
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
