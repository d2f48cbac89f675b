"""Where accuracy was lost: by quantization, by the implementation, or on the board. Pure.

The float model beside the quantized one on the same interpreter shows what quantization costs. An implementation that
gives other outputs than the interpreter, and the same ones on every board, is itself what differs. Where it gives the
interpreter's outputs on one board and others on another, it is that board. With one board alone the two cannot be
told apart, unless nothing differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one case came to."""

    implementation: str
    board: str
    score: float
    outputs: str
    """Digest of all outputs; empty where they came rounded."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """By how much the score of a case lies below that of the float model; None where that is not known.

    Of scores of which less is better, by how much it lies above. A gain is a loss below 0.
    """

    quantization: float | None
    implementation: float | None
    board: float | None
    note: str = ""
    """Why implementation and board cannot be told apart, where they cannot."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """The scores on the host."""

    of_floats: float | None
    of_model: float | None
    outputs: str
    """Digest of the model's outputs on the host; empty where it could not be run."""
    less_is_better: bool = False


def attribute(outcomes: Sequence[Outcome], base: Base) -> list[Loss]:
    """Return where each case lost, in their order; they are all of one model and the same samples."""
    return [_attribute(outcome, outcomes, base) for outcome in outcomes]


def _attribute(outcome: Outcome, outcomes: Sequence[Outcome], base: Base) -> Loss:
    sign = -1.0 if base.less_is_better else 1.0

    def lost(before: float | None, after: float | None) -> float | None:
        return None if before is None or after is None else sign * (before - after)

    quantization = lost(base.of_floats, base.of_model)
    if base.of_model is None:
        return Loss(quantization=None, implementation=None, board=None, note="the host could not run the model")
    rest = lost(base.of_model, outcome.score)
    if not outcome.outputs:
        note = "the board tells rounded results, by which implementation and board cannot be told apart"
        return Loss(quantization=quantization, implementation=None, board=None, note=note)
    if outcome.outputs == base.outputs:
        return Loss(quantization=quantization, implementation=0.0, board=0.0)
    others = {o.board: o.outputs for o in outcomes if o.implementation == outcome.implementation}
    if len(others) > 1 and base.outputs in others.values():
        return Loss(quantization=quantization, implementation=0.0, board=rest)
    if len(others) > 1 and len(set(others.values())) == 1:
        return Loss(quantization=quantization, implementation=rest, board=0.0)
    why = "its outputs differ from board to board" if len(others) > 1 else "a second board would tell"
    note = f"outputs differ from the host's, whether by implementation or board is not known: {why}"
    return Loss(quantization=quantization, implementation=None, board=None, note=note)
