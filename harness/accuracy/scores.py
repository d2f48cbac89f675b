"""Predictions and labels → scores, by scikit-learn's definitions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.accuracy.prediction import Prediction
from harness.accuracy.task import Task
from harness.errors import WrongOutputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from harness.models import Array
    from harness.types import Json

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]

PRIMARY = {Task.CLASSIFIER: "accuracy", Task.REGRESSOR: "mse", Task.ANOMALY: "auc"}
"""The score that stands for a task where there is room for one."""
LESS_IS_BETTER = frozenset({"mse", "mae", "mape"})
_TOP = (2, 3, 5)
_PARTIAL = 0.1
"""MLPerf Tiny's reference for ad01 also has the area up to this share of false alarms."""
_Z = 1.959964
_HALF = 0.5
_LEAST_FOR_R2 = 2


@dataclass(frozen=True, kw_only=True)
class Scored:
    """How well a network predicts."""

    scores: Mapping[str, float]
    details: Mapping[str, Json] = field(default_factory=dict)
    """Of a classifier: scores by class and the confusion matrix, rows being the true classes."""


def score(task: Task, labels: Array, predictions: Sequence[Prediction]) -> Scored:
    """Return the scores of predictions, whose labels stand in the same order.

    Raises ``WrongOutputError`` where an output is no finite number.
    """
    import numpy as np

    values = np.array([prediction.values for prediction in predictions], np.float64)
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if wrong.size:
        first = predictions[int(wrong[0])].index
        msg = f"{wrong.size} samples come out as NaN or infinity, the first of them sample {first}"
        raise WrongOutputError(msg)
    match task:
        case Task.CLASSIFIER:
            return _classifier(labels, values)
        case Task.REGRESSOR:
            return _regressor(labels, values)
        case Task.ANOMALY:
            return _anomaly(labels, values[:, 0])


def classes(values: Floats) -> Whole:
    """Return the class of each row of outputs: the largest, or by one half where there is one output."""
    import numpy as np

    if values.shape[1] == 1:
        return (values[:, 0] >= _HALF).astype(np.int64)
    found: Whole = np.argmax(values, axis=1)
    return found


def wilson(right: int, count: int) -> tuple[float, float]:
    """Return the interval of a share with 95 % confidence, by E. B. Wilson (1927)."""
    share = right / count
    middle = share + _Z**2 / (2 * count)
    spread = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    low, high = ((middle + side * spread) / (1 + _Z**2 / count) for side in (-1, 1))
    return max(0.0, min(low, share)), min(1.0, max(high, share))


def _classifier(labels: Array, values: Floats) -> Scored:
    import numpy as np
    from sklearn import metrics

    found = classes(values)
    count = max(values.shape[1], 2)
    present = sorted({*labels.tolist(), *found.tolist()})
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        labels, found, labels=present, zero_division=0.0
    )
    scores = {
        "accuracy": float(metrics.accuracy_score(labels, found)),
        "precision_macro": float(np.mean(precision)),
        "recall_macro": float(np.mean(recall)),
        "f1_macro": float(np.mean(f1)),
    }
    ranked = np.argsort(-values, axis=1, kind="stable")
    for k in _TOP:
        if k < values.shape[1]:
            scores[f"top_{k}"] = float(np.mean((ranked[:, :k] == labels[:, None]).any(axis=1)))
    low, high = wilson(int((labels == found).sum()), len(labels))
    by_class: list[Json] = [
        {"class": name, "precision": float(p), "recall": float(r), "f1": float(f), "samples": int(s)}
        for name, p, r, f, s in zip(present, precision, recall, f1, support, strict=True)
    ]
    matrix = metrics.confusion_matrix(labels, found, labels=range(count)).tolist()
    return Scored(
        scores=scores, details={"accuracy_interval": [low, high], "by_class": by_class, "confusion_matrix": matrix}
    )


def _regressor(labels: Array, values: Floats) -> Scored:
    import numpy as np
    from sklearn import metrics

    scores = {
        "mse": float(metrics.mean_squared_error(labels, values)),
        "mae": float(metrics.mean_absolute_error(labels, values)),
    }
    details: dict[str, Json] = {}
    if np.abs(labels).min() > 0:
        scores["mape"] = float(metrics.mean_absolute_percentage_error(labels, values))
    else:
        details["note"] = "there is no MAPE, for a label is 0"
    if len(labels) >= _LEAST_FOR_R2:
        scores["r2"] = float(metrics.r2_score(labels, values))
    return Scored(scores=scores, details=details)


def _anomaly(labels: Array, errors: Floats) -> Scored:
    from sklearn import metrics

    if len(set(labels.tolist())) == 1:
        note = f"there is no AUC: all samples are of class {labels[0]}, and it takes both"
        return Scored(scores={}, details={"note": note})
    return Scored(
        scores={
            "auc": float(metrics.roc_auc_score(labels, errors)),
            "auc_partial": float(metrics.roc_auc_score(labels, errors, max_fpr=_PARTIAL)),
        }
    )
