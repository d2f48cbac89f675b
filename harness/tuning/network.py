"""A network as the groups that can be tuned. Imports TVM."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from harness.compiler import flatbuffer
from harness.compiler.build import Computed, compute
from harness.compiler.choices import Choice
from harness.compiler.fusion import group
from harness.compiler.traces import ERRORS
from harness.errors import ToolFailedError, UnsupportedError
from harness.models import Model
from harness.tuning.program import Piece, piece
from harness.tuning.search import Proposal, Search

if TYPE_CHECKING:
    from harness.tuning.tuner import Proposal as AnyProposal

_TYPES = frozenset({"int8", "uint8", "int16", "int32", "int64"})
"""Of tensors that any bytes may be put into."""


class TunedGroup:
    """A group of operators with the search for its schedule; see ``tuner.Group``."""

    def __init__(self, computed: Computed, count: int, seed: int) -> None:
        self.key = computed.key
        self.label = computed.label
        self.count = count
        self._computed = computed
        self._seed = seed

    @cached_property
    def _search(self) -> Search:
        # Groups must not all be given the same random numbers.
        return Search(self._computed, self._seed ^ int(self.key[:7], 16))

    def piece(self, choice: Choice | None) -> Piece:
        """Return it as C; raises ``ToolFailedError`` where TVM cannot lower it."""
        try:
            return piece(self._computed, choice)
        except UnsupportedError as error:
            raise ToolFailedError(error.message) from error
        except ERRORS as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            msg = f"TVM cannot lower it: {lines[-1][:200]}"
            raise ToolFailedError(msg) from error

    def propose(self) -> Sequence[Proposal]:
        """Return schedules that were not proposed before; none where there are no more."""
        return self._search.propose()

    def learn(self, proposals: Sequence[AnyProposal], costs: Sequence[float | None]) -> None:
        """Take note of what they cost, None for each that failed."""
        self._search.learn([each for each in proposals if isinstance(each, Proposal)], costs)


def groups(model: Model, *, fuse: bool, seed: int) -> list[TunedGroup]:
    """Return the groups of a network that can be tuned, each once.

    Raises ``UnsupportedError`` for a float network, and for one that cannot be compiled.
    """
    graph = flatbuffer.read(model)
    if graph.is_float:
        msg = f"{model.name} is a float network: TVM's own schedules are used for it, and only integer ones are tuned"
        raise UnsupportedError(msg)
    whole = group(graph, fuse=fuse)
    computed = [compute(each, whole.graph) for each in whole.groups]
    keys = [each.key for each in computed]
    first = {each.key: each for each in reversed(computed) if _takes_any_bytes(each)}
    return [TunedGroup(first[key], keys.count(key), seed) for key in dict.fromkeys(keys) if key in first]


def _takes_any_bytes(computed: Computed) -> bool:
    tensors = [parameter for parameter in computed.parameters if parameter.data is None]
    return all(str(parameter.placeholder.dtype) in _TYPES for parameter in tensors)
