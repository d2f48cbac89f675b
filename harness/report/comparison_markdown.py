"""A comparison as Markdown, for a comment on a pull request or the summary of a job: what has changed comes first."""

from __future__ import annotations

from collections.abc import Sequence

from harness.compare import Outcome, Row
from harness.report import comparison as words
from harness.report.comparison import Findings
from harness.report.exporters.markdown import escaped

_ADVERSE = (Outcome.REGRESSED, Outcome.MISSING)


def document(findings: Findings) -> str:
    """Return the verdict, the rows that have changed, the others folded, and the notes."""
    found = findings.comparison
    changed = [row for row in found.rows if row.outcome is not Outcome.NO_CHANGE]
    same = [row for row in found.rows if row.outcome is Outcome.NO_CHANGE]
    runs = f"base: run {found.base.id}; new: run {found.new.id}"
    parts = [
        f"### mcuprof: {words.summary(found)}",
        _gate(findings),
        _items(_objections(findings)),
        _table(changed) if changed else "",
        _folded(f"{len(same)} without a change", _table(same)) if same else "",
        _items([*words.deltas(found.rows), *words.notes(findings), runs]),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _gate(findings: Findings) -> str:
    if findings.gate is None or not (findings.comparison.anything or findings.judgement.failures):
        return ""
    rules = ", ".join(f"`{rule}`" for rule in findings.gate.rules)
    return f"**The gate {'fails' if findings.judgement.failures else 'passes'}** ({rules})"


def _objections(findings: Findings) -> list[str]:
    return [
        *map(words.finding, findings.judgement.failures),
        *(f"over budget: {words.overrun(over)}" for over in findings.balance.over),
        *(f"not decided: {words.finding(warning)}" for warning in findings.judgement.warnings),
        *(f"budget: {text}" for text in findings.balance.unchecked),
    ]


def _items(lines: Sequence[str]) -> str:
    return "\n".join(f"* {_escaped(line)}" for line in lines)


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def _table(rows: Sequence[Row]) -> str:
    titles = ["model", "implementation", "board", "metric", "old", "new", "change"]
    with_p = words.has_p_values(rows)
    titles += ["p"] if with_p else []
    lines = [
        "| " + " | ".join([*titles, "verdict"]) + " |",
        "|---|---|---|---|" + "---:|" * (len(titles) - 4) + "---|",
    ]
    for row in rows:
        cells = [row.key.model, row.key.implementation, row.key.board, words.metric(row, short=False)]
        cells += [words.figure(row.base), words.figure(row.new), words.change(row)]
        cells += [words.p_value(row)] if with_p else []
        verdict = f"**{row.outcome.value}**" if row.outcome in _ADVERSE else row.outcome.value
        lines.append("| " + " | ".join([*map(_escaped, cells), verdict]) + " |")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Return text on one line that is no Markdown, and mentions nobody."""
    return escaped(text).replace("@", "@\N{ZERO WIDTH SPACE}")
