"""A network as the groups that can be tuned. Imports TVM."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from harness.compiler import flatbuffer
from harness.compiler.build import grouped
from harness.compiler.choices import Choice
from harness.compiler.compute import Expressions, expressions
from harness.compiler.strategy import Options, others, rule
from harness.compiler.traces import ERRORS
from harness.errors import ToolFailedError, UnsupportedError
from harness.models import Model
from harness.tuning.program import Piece, piece
from harness.tuning.search import Proposal, Search

if TYPE_CHECKING:
    from harness.tuning.tuner import Proposal as AnyProposal

_TYPES = frozenset({"int8", "uint8", "int16", "int32", "int64"})
"""Of tensors that any bytes may be put into."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A strategy to measure."""

    choice: Choice


class TunedGroup:
    """A group of operators with the search for how it is computed best; see ``tuner.Group``."""

    def __init__(self, found: Expressions, options: Options, count: int, seed: int) -> None:
        self.key = found.key
        self.label = found.label
        self.count = count
        self._found = found
        self._options = options
        self._rule = rule(options)
        self._seed = seed
        self._asked = False

    @cached_property
    def _search(self) -> Search:
        # Groups must not all be given the same random numbers.
        return Search(self._found, self._seed ^ int(self.key[:7], 16))

    def piece(self, choice: Choice | None) -> Piece:
        """Return it as C; raises ``ToolFailedError`` where TVM cannot lower it."""
        try:
            return piece(self._found, self._rule, choice)
        except UnsupportedError as error:
            raise ToolFailedError(error.message) from error
        except ERRORS as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            msg = f"TVM cannot lower it: {lines[-1][:200]}"
            raise ToolFailedError(msg) from error

    def propose(self) -> Sequence[AnyProposal]:
        """Return what was not proposed before: strategies first, then schedules; nothing where there is no more."""
        if not self._asked:
            self._asked = True
            offers = list(self._offers())
            if offers:
                return offers
        return self._search.propose()

    def _offers(self) -> Iterator[Offer]:
        """Yield the strategies that give another function than the rule and those before."""
        if self._found.kernel(self._rule) is None:
            return
        known = [self.piece(None)]
        for strategy in others(self._options):
            choice = Choice(strategy=strategy)
            with contextlib.suppress(ToolFailedError):
                made = self.piece(choice)
                if made not in known:
                    known.append(made)
                    yield Offer(choice=choice)

    def learn(self, proposals: Sequence[AnyProposal], costs: Sequence[float | None]) -> None:
        """Take note of what they cost, None for each that failed; of strategies there are too few to learn from."""
        schedules = [each for each in proposals if isinstance(each, Proposal)]
        if schedules:
            self._search.learn(schedules, costs)


def groups(model: Model, options: Options, seed: int) -> list[TunedGroup]:
    """Return the groups of a network that can be tuned, each once.

    Raises ``UnsupportedError`` for a float network, and for one that cannot be compiled.
    """
    graph = flatbuffer.read(model)
    if graph.is_float:
        msg = f"{model.name} is a float network: TVM's own schedules are used for it, and only integer ones are tuned"
        raise UnsupportedError(msg)
    whole = grouped(graph, fuse=options.fuse, rule=rule(options))
    found = [expressions(each, whole.graph) for each in whole.groups]
    keys = [each.key for each in found]
    first = {each.key: each for each in reversed(found) if _takes_any_bytes(each)}
    return [TunedGroup(first[key], options, keys.count(key), seed) for key in dict.fromkeys(keys) if key in first]


def _takes_any_bytes(found: Expressions) -> bool:
    tensors = [parameter for parameter in found.parameters if parameter.data is None]
    return all(str(parameter.placeholder.dtype) in _TYPES for parameter in tensors)
