"""Tasks, predictions, scores and losses: values in, values out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.accuracy import losses, prediction
from harness.accuracy.losses import Base, Outcome
from harness.accuracy.prediction import Prediction
from harness.accuracy.scores import classes, score, wilson
from harness.accuracy.task import Shape, Task, guess, targets
from harness.errors import UsageError
from harness.models import Tensor


def shape(outputs, inputs=64, windows=1):
    return Shape(inputs=inputs, outputs=outputs, windows=windows)


@pytest.mark.parametrize(
    ("labels", "sizes", "task"),
    [
        (np.array([0, 3, 9]), shape(10), Task.CLASSIFIER),
        (np.array([[0], [3]]), shape(10), Task.CLASSIFIER),
        (np.array([0.0, 3.0, 9.0]), shape(10), Task.CLASSIFIER),
        (np.array([0.0, 1.0]), shape(1), Task.CLASSIFIER),
        (np.array([3.0, 7.0]), shape(1), Task.REGRESSOR),
        (np.eye(10)[[1, 2]], shape(10), Task.CLASSIFIER),
        (np.array([0, 1, 1]), shape(1), Task.CLASSIFIER),
        (np.array([True, False]), shape(2), Task.CLASSIFIER),
        (np.array([0, 1]), shape(2, inputs=2), Task.CLASSIFIER),
        (np.array([0, 1]), shape(64), Task.ANOMALY),
        (np.array([0, 1]), shape(2, inputs=2, windows=3), Task.ANOMALY),
        (np.array([0.5, 1.5]), shape(1), Task.REGRESSOR),
        (np.array([3, 7]), shape(1), Task.REGRESSOR),
        (np.array([[0.1, 0.2], [0.3, 0.4]]), shape(2), Task.REGRESSOR),
    ],
)
def test_the_task_is_guessed_from_the_data(labels, sizes, task):
    assert guess(labels, sizes) is task
    targets(labels, task, sizes)


def test_one_hot_labels_are_classes():
    assert targets(np.eye(4)[[2, 0]], Task.CLASSIFIER, shape(4)).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("labels", "task", "reason"),
    [
        (np.array([0, 12, 3]), Task.CLASSIFIER, "the label of sample 1 is 12, and the classes are 0 to 9"),
        (np.array([0, -1]), Task.CLASSIFIER, "the label of sample 1 is -1"),
        (np.array([1.0, np.nan]), Task.CLASSIFIER, "the label of sample 1 is no finite number"),
        (np.array([[0.5] * 10, [np.inf] * 10]), Task.REGRESSOR, "the label of sample 1 is no finite number"),
        (np.array([0.5, 1.0]), Task.CLASSIFIER, "that are no whole numbers"),
        (np.ones((2, 3)), Task.CLASSIFIER, r"of shape \[3\]"),
        (np.ones((2, 3)), Task.REGRESSOR, "have 3 numbers a sample, and the model gives 10"),
        (np.array([0, 2]), Task.ANOMALY, "the classes are 0 to 1"),
        (np.array([0, 2**63 + 5], np.uint64), Task.CLASSIFIER, "the label of sample 1 is 9223372036854775813"),
        (np.array([0, 1e30]), Task.CLASSIFIER, "the label of sample 1 is 10000000000000000"),
        (np.array([[0.5] * 10, [1e200] * 10]), Task.REGRESSOR, "the label of sample 1 is too large to be scored"),
    ],
)
def test_labels_that_do_not_go_with_the_network(labels, task, reason):
    with pytest.raises(UsageError, match=reason):
        targets(labels, task, shape(10))


OUTPUT = Tensor(name="y", shape=(1, 2), dtype="int8", scale=0.5, zero_point=-2)


def test_outputs_are_real_numbers():
    found = prediction.of(7, [np.array([-2, 4], np.int8).tobytes()], [np.zeros(2)], OUTPUT, Task.CLASSIFIER)
    assert (found.index, found.values) == (7, (0.0, 3.0))


def test_the_error_of_an_anomaly_detector_is_the_mean_over_its_windows():
    raw = [np.array([-2, 4], np.int8).tobytes(), np.array([0, 0], np.int8).tobytes()]
    real = [np.array([0.0, 1.0]), np.array([1.0, 2.0])]
    found = prediction.of(0, raw, real, OUTPUT, Task.ANOMALY)
    assert found.values == (((0 + 4) / 2 + (0 + 1) / 2) / 2,)


def predictions(*rows):
    return [Prediction(index=i, digest=str(row), values=tuple(map(float, row))) for i, row in enumerate(rows)]


def test_scores_of_a_classifier():
    found = score(Task.CLASSIFIER, np.array([0, 1, 2, 2]), predictions((9, 1, 0), (1, 9, 0), (0, 5, 4), (0, 1, 9)))
    assert found.scores == pytest.approx({
        "accuracy": 3 / 4, "precision_macro": (1 + 1 / 2 + 1) / 3, "recall_macro": (1 + 1 + 1 / 2) / 3,
        "f1_macro": (1 + 2 / 3 + 2 / 3) / 3, "top_2": 1.0,
    })  # fmt: skip
    assert found.details["confusion_matrix"] == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert [row["samples"] for row in found.details["by_class"]] == [1, 1, 2]
    low, high = found.details["accuracy_interval"]
    assert 0.30 < low < 0.75 < high < 0.96


def test_one_output_is_a_probability():
    found = score(Task.CLASSIFIER, np.array([0, 1, 1]), predictions((0.2,), (0.5,), (0.49,)))
    assert found.scores["accuracy"] == pytest.approx(2 / 3)


def test_of_equal_outputs_the_first_is_taken():
    assert classes(np.array([[1.0, 3.0, 3.0]])).tolist() == [1]


def test_scores_of_a_regressor():
    labels = np.array([[1.0], [2.0], [4.0]])
    found = score(Task.REGRESSOR, labels, predictions((1.5,), (2.0,), (3.0,)))
    assert found.scores == pytest.approx({
        "mse": (0.25 + 1) / 3, "mae": 0.5, "mape": (0.5 + 0.25) / 3, "r2": 1 - 1.25 / (14 / 3),
    })  # fmt: skip
    assert "mape" not in score(Task.REGRESSOR, labels - 1, predictions((1.5,), (2.0,), (3.0,))).scores


def test_scores_of_an_anomaly_detector():
    found = score(Task.ANOMALY, np.array([0, 0, 1, 1]), predictions((0.1,), (0.4,), (0.3,), (0.9,)))
    assert found.scores["auc"] == 0.75
    one_kind = score(Task.ANOMALY, np.array([1, 1]), predictions((0.1,), (0.4,)))
    assert not one_kind.scores
    assert "takes both" in one_kind.details["note"]


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_of_a_share_holds_it(pair):
    right, count = pair
    low, high = wilson(right, count)
    assert 0 <= low <= right / count <= high <= 1


def outcome(implementation, board, outputs, score=0.9):
    return Outcome(implementation=implementation, board=board, outputs=outputs, score=score)


BASE = Base(of_floats=0.95, of_model=0.93, outputs="same")


def lost(outcomes, base=BASE):
    return [(x.quantization, x.implementation, x.board) for x in losses.attribute(outcomes, base)]


def test_what_is_the_same_as_on_the_host_has_lost_nothing_there():
    assert lost([outcome("a", "one", "same", 0.93)]) == [(pytest.approx(0.02), 0.0, 0.0)]


def test_an_implementation_that_differs_alike_on_every_board():
    found = lost([outcome("a", "one", "other"), outcome("a", "two", "other"), outcome("b", "one", "same", 0.93)])
    assert found == [(pytest.approx(0.02), pytest.approx(0.03), 0.0)] * 2 + [(pytest.approx(0.02), 0.0, 0.0)]


def test_a_board_that_differs_where_another_does_not():
    found = lost([outcome("a", "one", "same", 0.93), outcome("a", "two", "other")])
    assert found[1] == (pytest.approx(0.02), 0.0, pytest.approx(0.03))


def test_one_board_alone_cannot_tell():
    [found] = losses.attribute([outcome("a", "one", "other")], BASE)
    assert (found.implementation, found.board) == (None, None)
    assert "a second board would tell" in found.note


def test_of_an_error_more_is_worse():
    base = Base(of_floats=0.1, of_model=0.3, outputs="same", less_is_better=True)
    assert lost([outcome("a", "one", "same", 0.3)], base) == [(pytest.approx(0.2), 0.0, 0.0)]


def test_a_model_that_the_host_cannot_run():
    base = Base(of_floats=None, of_model=None, outputs="")
    assert lost([outcome("a", "one", "other")], base) == [(None, None, None)]
