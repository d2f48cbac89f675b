"""The forms of a comparison, byte for byte. ``--update-golden`` remakes the files; a change is to be reviewed."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_runs import case, failed, noisy, run, with_details, with_provenance, with_value
from rich.console import Console

from harness import budget, gate
from harness.budget import Budget
from harness.compare import Outcome, compare
from harness.gate import Gate
from harness.report import comparison_json, comparison_markdown, comparison_terminal
from harness.report.comparison import Findings
from harness.stats import Change, Interval, Verdict
from harness.types import Status

FOLDER = Path(__file__).parent / "comparison"
NOISY = Change(
    base=0.01002, new=0.01083, relative=0.0808, threshold=0.01, verdict=Verdict.REGRESSED, test="Mann-Whitney",
    interval=Interval(low=0.0743, high=0.0871, confidence=0.95, method="percentile"), p_value=2.5e-11, exact=False,
)  # fmt: skip


def findings():
    """A comparison with one of everything."""
    grown = with_value(with_value(case(), "flash", 95_388), "inference", 170_000)
    grown = with_details(
        grown, "flash", parts={"core": 9000, "model": 3860}, sections={".text": 13_680, ".data": 116}
    )
    smaller = with_value(case(implementation="tflm"), "ram", 210_000)
    base = [
        *case(),
        *case(implementation="tflm"),
        *case(implementation="tvm-graph"),
        *case(model="a_b|c"),
        *case(model="gone"),
        *case(model="other", implementation="tflm"),
        noisy(0.01),
    ]
    new = [
        *with_provenance(grown, compiler="gcc 13", operators="alone"),
        *with_provenance(smaller, compiler="gcc 13"),
        *[failed(m.metric, Status.HUNG, "no answer for 10 s", implementation="tvm-graph") for m in case()],
        *with_provenance(case(model="a_b|c"), compiler="gcc 13"),
        *with_provenance(case(model="other", implementation="tflm"), model_sha256="c" * 64),
        noisy(0.0108, seed=2),
        *case(model="fresh"),
    ]
    found = compare(run(base, "20261121-120000-aaaa"), run(new, "20261121-130000-bbbb"))
    rows = tuple(
        replace(row, change=NOISY, outcome=Outcome.REGRESSED) if row.key.board == "nano33ble" else row
        for row in found.rows
    )
    rows = tuple(
        replace(row, base=replace(row.base, value=0.01002), new=replace(row.new, value=0.01083))
        if row.change is NOISY
        else row
        for row in rows
    )
    found = replace(found, rows=rows)
    rules = Gate(rules=gate.parse("flash>0,inference>1%,ram>0,init>25ms", "--fail-on"))
    budgets = [Budget(model="digits", flash_max="92KiB", ram_unused_min=208_000, inference_max="25ms")]
    return Findings(
        comparison=found,
        gate=rules,
        judgement=gate.judge(found, rules),
        balance=budget.balance(budgets, found.new.measurements),
    )


def terminal(found):
    out = io.StringIO()
    comparison_terminal.show(found, Console(file=out, width=120, color_system=None))
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


FORMS = {
    "terminal.txt": terminal,
    "markdown.md": comparison_markdown.document,
    "comparison.json": lambda found: json.dumps(comparison_json.document(found), indent=1, allow_nan=False) + "\n",
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form(name, request):
    text = FORMS[name](findings())
    path = FOLDER / name
    if request.config.getoption("--update-golden"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_row_of_a_markdown_table_has_the_same_cells():
    text = comparison_markdown.document(findings()).replace("\\|", "")
    tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("|")]
    assert len(tables) == 2
    for table in tables:
        assert len({line.count("|") for line in table}) == 1


def test_a_star_is_explained():
    large = with_value(case(), "flash", 2_000_000, status=Status.DOES_NOT_FIT, reason="too large")
    found = compare(run(large), run(with_value(large, "flash", 1_900_000)))
    text = terminal(Findings(comparison=found))
    assert "2,000,000*   1,900,000*   -100,000 (-5 %)   improved" in text
    assert "• * the size of a program that the board has no room for" in text


def test_a_terminal_of_80_columns_cuts_no_figure():
    out = io.StringIO()
    comparison_terminal.show(findings(), Console(file=out, width=80, color_system=None))
    for figure in ("170,000", "95,388", "+2,624", "[+7.43 %, +8.71 %]"):
        assert figure in out.getvalue()
