"""MetaSchedule's evolutionary search through the schedules of one group, a batch at a time, by the trials so far."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import tvm
from tvm import tirx
from tvm.ir.utils import derived_object
from tvm.s_tir import meta_schedule as ms

from harness.compiler import space, traces
from harness.compiler.choices import Choice
from harness.compiler.compute import Expressions
from harness.interrupts import uninterrupted
from harness.tuning.cost_model import CostModel, Decisions

BATCH = 8
"""Schedules that are proposed at once; then what they cost is looked at."""
_WITHOUT_END = 1 << 30
_INTRINSICS = "tvm.s_tir.tensor_intrin"

Node = Any
"""An object of TVM's, whose package has no types."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A schedule to measure."""

    choice: Choice
    candidate: Node


class Search:
    """The search for one group. The same seed and the same costs give the same proposals."""

    def __init__(self, group: Expressions, seed: int) -> None:
        self._model = CostModel()
        self._target = tvm.target.Target("c")
        self._module = tvm.IRModule({"main": group.function.with_attr("global_symbol", "main")})
        self._database = ms.database.MemoryDatabase()
        self._workload = self._database.commit_workload(self._module)
        generator = ms.space_generator.ScheduleFn(
            lambda plan: space.plans(plan.mod["main"], elementwise=group.elementwise),
            sch_rules=[],
            postprocs=[_WithinLimits()],
            mutator_probs={_OneDecision(seed): 1.0},
        )
        strategy = ms.search_strategy.EvolutionarySearch(
            population_size=64, init_min_unmeasured=BATCH, genetic_num_iters=3, eps_greedy=0.25
        )
        with uninterrupted(), _without_intrinsics():
            self._context = ms.TuneContext(
                self._module,
                target=self._target,
                space_generator=generator,
                search_strategy=strategy,
                rand_state=seed % ((1 << 31) - 1) + 1,
                num_threads=1,  # more would each have random numbers of their own
            )
        with uninterrupted():
            self._context.pre_tuning(_WITHOUT_END, BATCH, database=self._database, cost_model=_Guesses(self._model))

    def propose(self) -> list[Proposal]:
        """Return schedules that were not proposed before; none where there are no more."""
        with uninterrupted():
            return self._propose()

    def _propose(self) -> list[Proposal]:
        found = self._context.generate_measure_candidates() or []
        return [Proposal(choice=traces.choice(each.sch.trace), candidate=each) for each in found]

    def learn(self, proposals: Sequence[Proposal], costs: Sequence[float | None]) -> None:
        """Take note of what the schedules of one call of ``propose`` cost, None for each that failed."""
        results = []
        for proposal, cost in zip(proposals, costs, strict=True):
            trace = proposal.candidate.sch.trace
            self._model.learn(_decisions(trace), cost)
            times = None if cost is None else [tirx.FloatImm("float32", cost)]
            results.append(ms.runner.RunnerResult(times, "failed" if cost is None else None))
            if times is not None:
                self._database.commit_tuning_record(
                    ms.database.TuningRecord(trace, self._workload, times, self._target, proposal.candidate.args_info)
                )
        self._context.notify_runner_results([proposal.candidate for proposal in proposals], results)


@contextlib.contextmanager
def _without_intrinsics() -> Iterator[None]:
    """Keep TVM from making the tensor intrinsics of all its processors, which takes it 20 s and is of no use here."""
    there = _INTRINSICS in sys.modules
    sys.modules.setdefault(_INTRINSICS, ModuleType(_INTRINSICS))
    try:
        yield
    finally:
        if not there:
            del sys.modules[_INTRINSICS]


def _samples(trace: Node) -> list[Node]:
    return [each for each in trace.insts if each.kind.name == "SampleCategorical"]


def _decisions(trace: Node) -> Decisions:
    """Return the plan of a trace, as the names of its steps, and the factors that it has sampled."""
    plan = " ".join(each.kind.name for each in trace.insts)
    return (plan, *(int(each.attrs[0][int(trace.decisions[each])]) for each in _samples(trace)))


@derived_object
class _Guesses(ms.cost_model.PyCostModel):  # type: ignore[misc]
    def __init__(self, model: CostModel) -> None:
        super().__init__()
        self._model = model

    def load(self, path: str) -> None:
        """Do nothing: it is fed by ``Search``."""

    def save(self, path: str) -> None:
        """Do nothing."""

    def update(self, context: Node, candidates: Node, results: Node) -> None:
        """Do nothing."""

    def predict(self, context: Node, candidates: Node) -> np.ndarray:
        """Return a score for each schedule, the larger the better; to the search all below 0 are alike."""
        del context
        return np.array([self._model.score(_decisions(each.sch.trace)) for each in candidates], np.float64)


@derived_object
class _OneDecision(ms.mutator.PyMutator):  # type: ignore[misc]
    """Changes one of the sampled factors."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)

    def _initialize_with_tune_context(self, context: Node) -> None:
        pass

    def apply(self, trace: Node, _: int = -1) -> Node | None:
        """Return the trace with another decision, or None where there is none."""
        several = [each for each in _samples(trace) if len(each.attrs[0]) > 1]
        if not several:
            return None
        changed = self._random.choice(several)
        now = int(trace.decisions[changed])
        others = [index for index in range(len(changed.attrs[0])) if index != now]
        return trace.with_decision(changed, self._random.choice(others), True)

    def clone(self) -> Node:
        """Return another one with random numbers of its own."""
        return _OneDecision(self._random.randrange(1 << 30))


@derived_object
class _WithinLimits(ms.postproc.PyPostproc):  # type: ignore[misc]
    """Drops what cannot be kept in registers."""

    def _initialize_with_tune_context(self, context: Node) -> None:
        pass

    def apply(self, plan: Node) -> bool:
        """Whether a schedule is worth measuring."""
        return space.within_limits(plan)

    def clone(self) -> Node:
        """Return another one."""
        return _WithinLimits()
