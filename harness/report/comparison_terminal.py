"""A comparison as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.compare import Outcome, Row
from harness.report import comparison as words
from harness.report.comparison import Findings
from harness.report.terminal import print_table

_STYLES = {
    Outcome.IMPROVED: "green",
    Outcome.REGRESSED: "red",
    Outcome.CANNOT_TELL: "yellow",
    Outcome.NOT_COMPARABLE: "yellow",
    Outcome.MISSING: "red",
}


def show(findings: Findings, console: Console) -> None:
    """Print one table a board, what has changed within sizes, the notes, and what gate and budgets say."""
    found = findings.comparison
    console.print(f"base {found.base.id} → {found.new.id}", highlight=False, markup=False)
    for board in dict.fromkeys(row.key.board for row in found.rows):
        console.print(board, style="bold", highlight=False, markup=False)
        print_table(_table([row for row in found.rows if row.key.board == board]), console)
    for line in [*words.deltas(found.rows), *words.notes(findings)]:
        console.print(f"• {line}", highlight=False, markup=False)
    console.print(words.summary(found), style="bold", highlight=False, markup=False)
    _show_gate(findings, console)


def _table(rows: Sequence[Row]) -> Table:
    with_p = words.has_p_values(rows)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("model · impl.", overflow="fold", min_width=18)
    for title in ("old", "new", "change", *(["p"] if with_p else [])):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    case = ""
    for row in rows:
        if row.key.case != case:
            case = row.key.case
            table.add_row(f"[bold]{escape(f'{row.key.model} · {row.key.implementation}')}[/]")
        style = _STYLES.get(row.outcome, "dim")
        cells = [words.figure(row.base), words.figure(row.new), words.change(row)]
        cells += [words.p_value(row)] if with_p else []
        metric = escape(f"  {words.metric(row, short=True)}")
        table.add_row(metric, *map(escape, cells), f"[{style}]{row.outcome.value}[/]")
    return table


def _show_gate(findings: Findings, console: Console) -> None:
    for warning in findings.judgement.warnings:
        console.print(f"not decided: {words.finding(warning)}", style="yellow", highlight=False, markup=False)
    for unchecked in findings.balance.unchecked:
        console.print(f"budget: {unchecked}", style="yellow", highlight=False, markup=False)
    for over in findings.balance.over:
        console.print(f"over budget: {words.overrun(over)}", style="red", highlight=False, markup=False)
    if findings.gate is None:
        return
    rules = ",".join(map(str, findings.gate.rules))
    for failure in findings.judgement.failures:
        console.print(f"fails: {words.finding(failure)}", style="red", highlight=False, markup=False)
    if not findings.judgement.failures and findings.comparison.anything:
        undecided = " (but for what is not decided)" if findings.judgement.warnings else ""
        console.print(f"passes: {rules}{undecided}", style="green", highlight=False, markup=False)
