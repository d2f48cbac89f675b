"""What makes a comparison fail: rules such as ``inference>5%,flash>0``, and what no rule can allow. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from harness import compare, metrics, quantity, summaries
from harness.compare import Comparison, Outcome, Row
from harness.errors import UsageError
from harness.quantity import Quantity, Unit
from harness.stats import Change, Verdict
from harness.types import Measurement

_SIZES = (Unit.BYTES,)
_TIMES = (Unit.SECONDS, Unit.CYCLES, Unit.INSTRUCTIONS)
_UNDECIDED = (Outcome.NOT_COMPARABLE, Outcome.CANNOT_TELL)
_MOST_SAMPLES = 10**6
_RULE = re.compile(r"\s*([\w-]+)\s*>([^=].*)")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """By how much a metric may get worse."""

    metric: str
    limit: Quantity

    def __str__(self) -> str:
        return f"{self.metric}>{self.limit.text}"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The rules of a comparison, and how it treats what they cannot decide."""

    rules: tuple[Rule, ...]
    strict: bool = False
    """Whether what cannot be told or compared fails too."""
    allow_missing: bool = False
    """Whether the new run may lack what the base has."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that a gate objects to, in one sentence; with the row where its values say more."""

    text: str
    row: Row | None = None


@dataclass(kw_only=True)
class Judgement:
    """What a gate found."""

    failures: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    """What could not be decided, and passes because the gate is not strict."""


def parse(text: str, what: str) -> tuple[Rule, ...]:
    """Return the rules of a list with commas; raises ``UsageError`` that names ``what`` and the rule at fault."""
    rules = tuple(_rule(part, what) for part in text.split(",") if part.strip())
    if not rules:
        msg = f"{what}: there is no rule in {text!r}; a rule is METRIC>LIMIT, such as inference>5%"
        raise UsageError(msg)
    return rules


def _rule(text: str, what: str) -> Rule:
    found = _RULE.fullmatch(text)
    if not found:
        msg = f"{what}: {text.strip()!r} is no rule; a rule is METRIC>LIMIT, such as inference>5% or flash>0"
        raise UsageError(msg)
    metric, known = found[1], [*metrics.all_metrics(), metrics.ACCURACY]
    if metric not in known:
        near = difflib.get_close_matches(metric, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        msg = f"{what}: {text.strip()!r}: there is no metric {metric!r}; {hint}there are {', '.join(known)}"
        raise UsageError(msg)
    try:
        limit = quantity.parse(found[2])
    except ValueError as error:
        msg = f"{what}: {text.strip()!r}: {error}"
        raise UsageError(msg) from error
    if metric == "output" and limit.value:
        msg = f"{what}: {text.strip()!r}: an output is right or wrong: the one rule for it is output>0"
        raise UsageError(msg)
    return Rule(metric=metric, limit=limit)


def judge(comparison: Comparison, gate: Gate) -> Judgement:
    """Hold a comparison to a gate; raises ``UsageError`` where a rule's unit is none of its metric's."""
    judgement = Judgement()
    _judge_missing(comparison.rows, gate, judgement)
    without_values = [row for row in comparison.rows if row.change is None]
    for text in _grouped(row for row in without_values if row.outcome is Outcome.REGRESSED):
        judgement.failures.append(Finding(text=text))
    for text in _grouped(
        row for row in without_values if row.outcome in (Outcome.NOT_COMPARABLE, Outcome.CANNOT_TELL)
    ):
        _unsure(Finding(text=text), gate, judgement)
    for rule in gate.rules:
        _judge_rule(rule, comparison.rows, gate, judgement)
    return judgement


def _grouped(rows: Iterable[Row]) -> list[str]:
    """Say once what is true of several metrics of a case."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        found.setdefault((row.key.case, f"{row.outcome.value}: {row.reason}"), []).append(row.key.metric)
    return [f"{case}: {', '.join(names)}: {what}" for (case, what), names in found.items()]


def _unsure(finding: Finding, gate: Gate, judgement: Judgement) -> None:
    (judgement.failures if gate.strict else judgement.warnings).append(finding)


def _judge_missing(rows: Sequence[Row], gate: Gate, judgement: Judgement) -> None:
    """Find what the new run lacks: whole cases, and of the others the metrics that a rule is about."""
    missing = [row for row in rows if row.outcome is Outcome.MISSING]
    there = {row.key.case for row in rows if row.outcome is not Outcome.MISSING}
    ruled = {rule.metric for rule in gate.rules}
    found = _grouped(row for row in missing if row.key.case not in there or row.key.metric in ruled)
    (judgement.warnings if gate.allow_missing else judgement.failures).extend(Finding(text=text) for text in found)


def _judge_rule(rule: Rule, rows: Iterable[Row], gate: Gate, judgement: Judgement) -> None:
    """Apply a rule to the rows of its metric that it is for."""
    of_metric = [row for row in rows if row.key.metric == rule.metric and row.change is not None]
    checked = [row for row in of_metric if _applies(rule, row)]
    for row in checked:
        _judge_row(rule, row, gate, judgement)
    covered = [other for other in gate.rules if other.metric == rule.metric and other is not rule]
    left = [row for row in of_metric if row not in checked and not any(_applies(other, row) for other in covered)]
    for board, unit in dict.fromkeys((row.key.board, _unit(row)) for row in left):
        text = f"the rule {rule} was not checked on {board}, whose times are in {unit}"
        _unsure(Finding(text=text), gate, judgement)
    if not of_metric:
        text = f"the rule {rule} checked nothing: no {rule.metric} could be compared"
        _unsure(Finding(text=text), gate, judgement)


def _unit(row: Row) -> str:
    return row.new.unit if row.new else ""


def _applies(rule: Rule, row: Row) -> bool:
    """Return whether a limit is in what the row counts. A plain number counts bytes, cycles or instructions."""
    unit, limit = _unit(row), rule.limit
    is_time = row.new is not None and row.new.clock is not None
    wrong = (*_SIZES, *_TIMES) if row.key.metric == metrics.ACCURACY else _SIZES if is_time else _TIMES
    if limit.unit in wrong:
        msg = f"the rule {rule}: {rule.metric} is measured in {unit}, and {limit.text!r} is none"
        raise UsageError(msg)
    if limit.unit is Unit.PERCENT or not limit.value:
        return True
    return unit != Unit.SECONDS.value if limit.unit is Unit.NONE else unit == limit.unit.value


def _judge_row(rule: Rule, row: Row, gate: Gate, judgement: Judgement) -> None:
    change = row.change
    if change is None or row.base is None or row.new is None:
        return
    if change.exact:
        over = _exactly_over(rule.limit, row, change)
        why = "the result does not say how much RAM the board has"
    else:
        found = _held_to(rule.limit, row.base, row.new)
        over, why = _surely_over(found), compare.why_unsure(row.base, row.new, found)
    if over is None:
        _unsure(Finding(text=f"{row.key.case}: {rule}: cannot tell: {why}", row=row), gate, judgement)
    elif over:
        judgement.failures.append(Finding(text=f"{row.key.case}: {rule}", row=row))


def _exactly_over(limit: Quantity, row: Row, change: Change) -> bool | None:
    """Return whether a figure without noise grew by more than the limit; None where that is not known."""
    if row.base is not None and row.new is not None and row.base.unit in compare.SHARES:
        # Points, however the limit is written: a share that falls from 98 to 97 per cent is worse by 1%.
        return _share(row.base) - _share(row.new) > limit.value
    grown = Fraction(change.new) - Fraction(change.base)
    if row.key.metric == "ram" and row.base is not None and compare.cost(row.base) is None:
        grown = -grown  # of unused RAM
        if limit.unit is Unit.PERCENT and limit.value:
            return None if grown > 0 else False
    return grown > (limit.value * Fraction(change.base) if limit.unit is Unit.PERCENT else limit.value)


def _share(measurement: Measurement) -> Fraction:
    """Return the share of counted samples that a value was before it became a float."""
    return Fraction(measurement.value or 0.0).limit_denominator(_MOST_SAMPLES)


def _held_to(limit: Quantity, base: Measurement, new: Measurement) -> Change:
    """Return the change of a time with the limit as its threshold, relative to the base."""
    if limit.unit is Unit.PERCENT or not limit.value:
        return compare.changed(base, new, float(limit.value))
    found = compare.changed(base, new)
    before = found.base or summaries.step(base, new) / 2  # to which a change from 0 is relative
    return compare.changed(base, new, float(limit.value / Fraction(before))) if before else found


def _surely_over(change: Change) -> bool | None:
    """Return whether a time grew by more than the limit beyond its noise; None where its samples cannot tell."""
    if change.verdict is not Verdict.CANNOT_TELL:
        return change.verdict is Verdict.REGRESSED
    # It may be better or equal, but is not worse.
    return False if change.interval is not None and change.interval.high <= change.threshold else None
