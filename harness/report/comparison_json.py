"""A comparison as a JSON document: values in base units, and everything that the tables say."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.budget import Balance
from harness.compare import Row
from harness.gate import Finding
from harness.report import comparison as words
from harness.report.comparison import Findings
from harness.stats import Change
from harness.store import SCHEMA, Run
from harness.types import Measurement


def document(findings: Findings) -> dict[str, Any]:
    """Return the comparison as JSON values."""
    found = findings.comparison
    return {
        "schema": SCHEMA,
        "comparison": {
            "base": _run(found.base),
            "new": _run(found.new),
            "rows": [_row(row) for row in found.rows],
            "differences": [asdict(difference) for difference in found.differences],
            "gate": _gate(findings),
            "budget": balance(findings.balance),
            "fails": findings.fails,
        },
    }


def balance(found: Balance) -> dict[str, Any]:
    """Return what the budgets say as JSON values."""
    return {
        "over": [
            {
                "model": over.measurement.model,
                "implementation": over.measurement.implementation,
                "board": over.measurement.board,
                "metric": over.measurement.metric,
                "budget": over.limit.key,
                "limit": float(over.limit.quantity.value),
                "value": over.value,
                "by": over.by,
                "unit": over.measurement.unit,
                "text": words.overrun(over),
            }
            for over in found.over
        ],
        "unchecked": list(found.unchecked),
    }


def _run(run: Run) -> dict[str, Any]:
    return {"id": run.id, "started": run.started, "finished": run.finished, "mcuprof": run.host.get("mcuprof")}


def _row(row: Row) -> dict[str, Any]:
    return {
        "model": row.key.model,
        "implementation": row.key.implementation,
        "board": row.key.board,
        "metric": row.key.metric,
        "verdict": row.outcome.value,
        "reason": row.reason,
        "base": _side(row.base),
        "new": _side(row.new),
        "change": _change(row.change) if row.change else None,
        "deltas": {by: [asdict(delta) for delta in deltas] for by, deltas in row.deltas.items()},
    }


def _side(measurement: Measurement | None) -> dict[str, Any] | None:
    if measurement is None:
        return None
    return {
        "status": measurement.status.value,
        "value": measurement.value,
        "unit": measurement.unit,
        "clock": measurement.clock.value if measurement.clock else None,
        "samples": len(measurement.samples),
    }


def _change(change: Change) -> dict[str, Any]:
    return {**asdict(change), "verdict": change.verdict.value}


def _gate(findings: Findings) -> dict[str, Any] | None:
    if findings.gate is None:
        return None
    return {
        "rules": [str(rule) for rule in findings.gate.rules],
        "strict": findings.gate.strict,
        "allow_missing": findings.gate.allow_missing,
        "failures": [_finding(failure) for failure in findings.judgement.failures],
        "undecided": [_finding(warning) for warning in findings.judgement.warnings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    key = asdict(finding.row.key) if finding.row else {}
    return {**key, "text": words.finding(finding)}
