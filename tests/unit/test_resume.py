"""A run that goes on goes on with the same models, boards and libraries."""

from types import SimpleNamespace

import pytest
from made_runs import measurement

from harness.commands import measure
from harness.errors import UsageError

FACTS = {"model_sha256": "m", "board_digest": "b", "tflm_digest": "t"}


@pytest.fixture
def plan():
    library = SimpleNamespace(name="tflm", provenance=lambda: {"tflm_digest": "t"})
    other = SimpleNamespace(
        name="tvm-aot", provenance=lambda: {"runs_on": "TVM"},
        provenance_of=lambda model, board: {"tuning": f"of {model.name} on {board.name}"},
    )  # fmt: skip
    return SimpleNamespace(
        models=[SimpleNamespace(name="digits", sha256="m")],
        boards=[SimpleNamespace(name="uno", digest="b")],
        implementations=[library, other],
    )


def record(implementation, provenance):
    case = measurement(board="uno", implementation=implementation, provenance=provenance)
    return SimpleNamespace(id="1", measurements=[case])


def test_the_same_cases(plan):
    measure.require_same_cases(record("tflm", FACTS), plan)
    measure.require_same_cases(record("tvm-aot", {"model_sha256": "m", "board_digest": "b"}), plan)


@pytest.mark.parametrize(
    ("changed", "told"),
    [("model_sha256", "the model digits"), ("board_digest", "the board uno"), ("tflm_digest", "the library of tflm")],
)
def test_what_has_changed_is_named(plan, changed, told):
    with pytest.raises(UsageError, match=f"{told} has changed since run 1 began: start a new run"):
        measure.require_same_cases(record("tflm", FACTS | {changed: "another"}), plan)


def test_schedules_that_were_found_meanwhile_are_named(plan):
    facts = {"model_sha256": "m", "board_digest": "b"}
    measure.require_same_cases(record("tvm-aot", facts | {"tuning": "of digits on uno"}), plan)
    with pytest.raises(UsageError, match="the tuning of digits has changed since run 1 began"):
        measure.require_same_cases(record("tvm-aot", facts | {"tuning": "not used"}), plan)
