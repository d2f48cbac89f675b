"""An inspection as a table for people and as JSON for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.compiler.graph import Tensor
from harness.inspection.facts import Facts, OperatorFacts
from harness.inspection.picture import shape
from harness.inspection.support import Fit, Support, Verdict
from harness.report.formats import shown_text
from harness.report.terminal import print_table


def document(facts: Facts, supports: Sequence[Support], fits: Sequence[Fit]) -> dict[str, Any]:
    """Return an inspection as JSON values; sizes in bytes."""
    model = facts.model
    return {
        "model": model.name,
        "path": str(model.path),
        "sha256": model.sha256,
        "file_bytes": len(model.data),
        "inputs": [_tensor(facts.tensor(index)) for index in facts.graph.inputs],
        "outputs": [_tensor(facts.tensor(index)) for index in facts.graph.outputs],
        "macs": facts.macs,
        "macs_unknown_of": list(facts.uncounted),
        "parameters": facts.parameters,
        "weight_bytes": facts.weight_bytes,
        "activation_bytes": facts.activation_bytes,
        "arena_lower_bound_bytes": facts.arena_bytes,
        "operators": [_operator(operator, facts) for operator in facts.operators],
        "implementations": [
            {"implementation": s.implementation, "supported": s.supported, "reason": s.why} for s in supports
        ],
        "boards": [_fit(fit) for fit in fits],
    }


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "shape": list(tensor.shape), "dtype": tensor.dtype}


def _operator(operator: OperatorFacts, facts: Facts) -> dict[str, Any]:
    return {
        "index": operator.index,
        "operator": operator.name,
        "version": operator.version,
        "custom": operator.custom,
        "inputs": [_tensor(facts.tensor(index)) for index in operator.reads],
        "outputs": [_tensor(facts.tensor(index)) for index in operator.writes],
        "macs": operator.macs,
        "parameters": operator.parameters,
        "weight_bytes": operator.weight_bytes,
        "alive_bytes": operator.alive_bytes,
    }


def _fit(fit: Fit) -> dict[str, Any]:
    least = fit.least
    return {
        "implementation": fit.implementation,
        "board": fit.board,
        "verdict": fit.verdict.value,
        "reason": fit.why,
        "least_flash_bytes": least.flash_bytes if least else None,
        "least_ram_bytes": least.ram_bytes if least else None,
        "ram_is_planned": least.exact if least else None,
    }


def show(facts: Facts, supports: Sequence[Support], fits: Sequence[Fit], console: Console) -> None:
    """Print an inspection."""
    _say(console, f"{shown_text(facts.model.name)}: {len(facts.model.data):,} B, {_interface(facts)}", style="bold")
    print_table(_operators(facts), console)
    known = f" (without {', '.join(facts.uncounted)}, whose MACs are not known)" if facts.uncounted else ""
    _say(console, f"{facts.macs:,} MACs{known}, {facts.parameters:,} parameters, {facts.weight_bytes:,} B of weights")
    _say(
        console,
        f"{facts.activation_bytes:,} B of activations, at most {facts.arena_bytes:,} B of them alive at once: no "
        "arena is smaller where no operators are fused",
    )
    print_table(_boards(fits), console)
    for text in _reasons(supports, fits):
        _say(console, f"• {text}")


def _say(console: Console, text: str, style: str | None = None) -> None:
    console.print(text, style=style, highlight=False, markup=False)


def _interface(facts: Facts) -> str:
    sides = (facts.graph.inputs, facts.graph.outputs)
    return " → ".join(", ".join(shape(facts.tensor(index)) for index in side) for side in sides)


def _operators(facts: Facts) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", justify="right")
    table.add_column("operator", overflow="fold")
    table.add_column("gives")
    for title in ("MACs", "parameters", "weights\nB", "alive\nB"):
        table.add_column(title, justify="right", no_wrap=True)
    for operator in facts.operators:
        custom = " (custom)" if operator.custom else ""
        table.add_row(
            str(operator.index),
            escape(shown_text(operator.name)) + custom,
            ", ".join(shape(facts.tensor(index)) for index in operator.writes),
            "unknown" if operator.macs is None else f"{operator.macs:,}",
            f"{operator.parameters:,}",
            f"{operator.weight_bytes:,}",
            f"{operator.alive_bytes:,}",
        )
    return table


def _boards(fits: Sequence[Fit]) -> Table:
    """Return the verdicts, a row a board and a column an implementation."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    names = list(dict.fromkeys(fit.implementation for fit in fits))
    table.add_column("board", no_wrap=True)
    for name in names:
        table.add_column(name, no_wrap=True)
    verdicts = {(fit.board, fit.implementation): fit.verdict for fit in fits}
    for board in dict.fromkeys(fit.board for fit in fits):
        table.add_row(board, *(verdicts[board, name].value for name in names))
    return table


def _reasons(supports: Sequence[Support], fits: Sequence[Fit]) -> list[str]:
    """Return why something cannot be, each reason once."""
    of_networks = {support.implementation: support for support in supports if not support.supported}
    said = [f"{name}: {support.why}" for name, support in of_networks.items()]
    grouped: dict[tuple[str, str], list[str]] = {}
    for fit in fits:
        if fit.verdict is not Verdict.MAY_FIT and fit.implementation not in of_networks:
            grouped.setdefault((fit.implementation, fit.why.replace(fit.board, "the board")), []).append(fit.board)
    said += [f"{name} on {', '.join(boards)}: {why}" for (name, why), boards in grouped.items()]
    said.append("“may fit” is by what the file says; only a build tells, for code and stack take memory too")
    return said
