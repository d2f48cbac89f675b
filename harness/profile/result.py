"""A profile as a value: everything that is told of one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.layout import Block
from harness.profile.functions import FunctionTime, Stack
from harness.profile.operators import OperatorTime, Work
from harness.profile.peak import Peak, peak
from harness.types import Clock, Json, Status


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Memory that is taken while the program runs, in bytes. Stacks are high-water marks, None where not known."""

    heap: int
    """What start-up takes of the heap, with what the allocator needs for itself."""
    stack_idle: int | None
    """Before start-up: what core and firmware take."""
    stack_started: int | None
    stack_inferred: int | None


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Where the time of one inference went. Times are ticks: cycles, or instructions where ``clock`` counts those."""

    model: str
    implementation: str
    board: str
    clock: Clock
    clock_hz: int
    status: Status
    reason: str = ""
    """One sentence; empty only where the status is ok."""
    advice: tuple[str, ...] = ()
    """What would make it fit, where it does not."""
    inference: int = 0
    """Ticks of the inference that was profiled, with what marks the operators in it."""
    plain: int = 0
    """Ticks of an inference of the program without that, as the metric ``inference`` has it."""
    network: tuple[Work, ...] = ()
    """The operators of the network."""
    operators: tuple[OperatorTime, ...] = ()
    """Those that are computed, in the order in which they are."""
    functions: tuple[FunctionTime, ...] = ()
    """Empty where the board has no way to tell."""
    stacks: tuple[Stack, ...] = field(default=(), repr=False)
    """By operator alone where the board does not tell functions."""
    layout: tuple[Block, ...] = ()
    """The working memory; empty where the implementation does not tell."""
    usage: Usage | None = None
    """None on boards where it cannot be had."""
    symbols: tuple[tuple[str, int], ...] = field(default=(), repr=False)
    """What takes flash in the program without markers: names and bytes, the largest first."""
    has_dsp: bool = False
    """Whether the processor is an Armv7E-M, such as the Cortex-M4."""
    provenance: Mapping[str, Json] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """The names of model, implementation and board: its case."""
        return self.model, self.implementation, self.board

    @property
    def unit(self) -> str:
        """What a tick is."""
        return (Clock.INSTRUCTION_COUNT if self.clock is Clock.INSTRUCTION_COUNT else Clock.CYCLE_MODEL).unit

    @property
    def overhead(self) -> int:
        """Ticks outside of all operators."""
        return self.inference - sum(operator.ticks for operator in self.operators)

    @property
    def markers(self) -> int:
        """Ticks that an inference takes more because its operators are marked."""
        return self.inference - self.plain

    @property
    def without_code(self) -> tuple[int, ...]:
        """Places of the operators that nothing is done for when the network runs."""
        computed = {place for operator in self.operators for place in operator.places}
        return tuple(place for place in range(len(self.network)) if place not in computed)

    def peak(self, work: Work) -> Peak | None:
        """Return the most that the processor could do of some work; None where that is not stated."""
        counts_cycles = self.clock is not Clock.INSTRUCTION_COUNT
        return peak(has_dsp=self.has_dsp, dtype=work.dtype) if counts_cycles else None

    def seconds(self, ticks: int) -> float:
        """Return ticks as a time at the board's clock."""
        return ticks / self.clock_hz

    def __str__(self) -> str:
        return f"{self.model} · {self.implementation} · {self.board}"
