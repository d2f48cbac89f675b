"""What a tuning has found, as JSON values and as lines of text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.tuning.record import Figures, Objective, Place, Record, best

if TYPE_CHECKING:
    from harness.tuning.tuner import Group, State, Tuner


def document(tuner: Tuner, place: Place, objective: Objective, wholes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the groups with the best that is known of each; ``wholes`` is what the whole network takes."""
    states = [state for state in tuner.states.values() if state.records]
    return {
        "board": place.board,
        "processor": place.processor,
        "optimization": place.optimization,
        "unit": place.unit,
        "objective": objective.value,
        "trials": tuner.trials,
        "measured": tuner.new,
        "groups": [_group(state, objective) for state in states],
        "network": dict(wholes),
    }


def _group(state: State, objective: Objective) -> dict[str, Any]:
    top = best(state.records, objective)
    return {
        "group": state.group.key,
        "operators": state.group.label,
        "count": state.group.count,
        "trials": state.trials,
        "failed": sum(record.figures is None for record in state.records),
        "exhausted": state.ended,
        "by_rule": _figures(state.default),
        "best": _figures(top) if top else None,
        "choice": str(top.choice) if top and top.choice else None,
        "digest": top.choice.digest if top and top.choice else None,
    }


def _figures(record: Record) -> dict[str, Any]:
    if record.figures is None:
        return {"status": record.status.value, "reason": record.reason}
    figures = record.figures
    return {"status": record.status.value, "time": figures.time, "flash": figures.flash, "ram": figures.ram}


def line(group: Group, record: Record, objective: Objective, unit: str) -> str:
    """Return a sentence about one trial."""
    times = f" ({group.count} times)" if group.count > 1 else ""
    if record.figures is None:
        return f"{group.label}{times}: {record.status.value}: {record.reason}"
    how = "by rule" if record.choice is None else f"the best so far: {record.choice}"
    return f"{group.label}{times}: {_said(record.figures, objective, unit)}, {how}"


def _said(figures: Figures, objective: Objective, unit: str) -> str:
    if objective is Objective.LATENCY:
        return _time(figures.time, unit)
    return f"{int(figures.cost(objective)[0]):,} B of {objective.value}, {_time(figures.time, unit)}"


def _time(value: float, unit: str) -> str:
    return f"{value * 1e6:,.1f} µs" if unit == "s" else f"{value:,.0f} {unit}"


def lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a person is told of a document."""
    unit = facts["unit"]
    how = "the core's own optimization" if facts["optimization"] == "core" else f"-{facts['optimization']}"
    yield (
        f"{facts['model']} on {facts['board']}, {how}, for {facts['objective']}: {facts['trials']} trials, "
        f"{facts['measured']} measured now"
    )
    for group in facts["groups"]:
        yield f"  {_group_line(group, unit)}"
    network = facts["network"]
    if "tuned" in network:
        before, after = network["by_rule"], network["tuned"]
        yield (
            f"the whole network: {_time(before['time'], unit)} → {_time(after['time'], unit)} "
            f"({_change(before['time'], after['time'])}), program {before['program_bytes']:,} → "
            f"{after['program_bytes']:,} B, arena {before['arena_bytes']:,} → {after['arena_bytes']:,} B; "
            f"its output is right on {after['inputs']} inputs"
        )
        worse = _worse(facts["objective"], before, after)
        if worse:
            yield worse
    if "failed" in network:
        yield network["failed"]
    yield f"database: {facts['database']}"


def _group_line(group: Mapping[str, Any], unit: str) -> str:
    name = group["operators"] + (f" ({group['count']} times)" if group["count"] > 1 else "")
    rule, top = group["by_rule"], group["best"]
    if rule["status"] != "ok":
        return f"{name}: by rule: {rule['status']}: {rule['reason']}"
    tried = f"{group['trials']} trials" + (f", {group['failed']} failed" if group["failed"] else "")
    if group["choice"] is None:
        return f"{name}: {_time(rule['time'], unit)}, nothing better than by rule ({tried})"
    return (
        f"{name}: {_time(rule['time'], unit)} → {_time(top['time'], unit)} ({_change(rule['time'], top['time'])}), "
        f"flash {rule['flash']:,} → {top['flash']:,} B, RAM {rule['ram']:,} → {top['ram']:,} B: "
        f"{group['choice']} ({tried})"
    )


def _change(before: float, after: float) -> str:
    return f"{(after / before - 1) * 100:+.1f} %" if before else "0 %"


def _worse(objective: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Say so where the whole has not become better by what its groups became better by."""
    key = {"latency": "time", "flash": "program_bytes", "ram": "arena_bytes"}[objective]
    if after[key] <= before[key]:
        return ""
    return f"as a whole it takes more {objective} than without tuning: use --no-tuning, or tune with more trials"
