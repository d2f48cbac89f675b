"""What a quantization gave, for a person and for a script."""

from __future__ import annotations

from harness.accuracy.scores import PRIMARY
from harness.quantization import service
from harness.quantization.pipeline import Asked, Quantized
from harness.quantization.trial import Side
from harness.types import Json

_SHARES = ("accuracy", "top_", "f1_", "precision_", "recall_")


def lines(asked: Asked, found: Quantized) -> list[str]:
    """Return the table of before and after, and what to know of it."""
    rows = [("", "before", "after"), ("bytes", f"{len(found.source.data):,}", f"{len(found.model.data):,}")]
    tried = found.trial
    if tried is not None and tried.before.scored is not None and tried.after.scored is not None:
        rows += [
            (name.replace("_", " "), _figure(name, value), _figure(name, tried.after.scored.scores[name]))
            for name, value in tried.before.scored.scores.items()
            if name in tried.after.scored.scores
        ]
    width = [max(len(row[column]) for row in rows) for column in range(3)]
    said = [f"{a:<{width[0]}}  {b:>{width[1]}}  {c:>{width[2]}}".rstrip() for a, b, c in rows]
    if found.split is not None and tried is not None:
        said += ["", *_samples(asked, found)]
        if tried.same_class is not None:
            said.append(f"the same class for {100 * tried.same_class:.2f} % of the samples")
        said.append(f"outputs differ by up to {tried.largest_difference:.3g}")
    for support in found.runs_on:
        answer = {True: "runs it", False: "does not run it", None: "unknown"}[support.supported]
        said.append(f"{support.implementation}: {answer}" + (f" ({support.why})" if support.why else ""))
    return said


def warnings(found: Quantized) -> list[str]:
    """Return what the user has to know before the model is written."""
    said = []
    if not any(support.supported for support in found.runs_on):
        unknown = any(support.supported is None for support in found.runs_on)
        said.append(
            "no implementation is known to run this model on a board"
            if unknown
            else "no implementation runs this model on a board; int8 is what all of them run"
        )
    if found.clipped:
        said.append(
            f"{100 * found.clipped:.2g} % of the values of the test samples are outside the input's range and are "
            "clipped: more calibration samples (--calibration), or --range"
        )
    if found.split is not None and found.split.shared:
        said.append("there is one sample alone: ranges were taken from the sample that the network is tried on")
    floats = [tensor.dtype for tensor in (*found.model.inputs, *found.model.outputs) if tensor.dtype == "float32"]
    if floats and found.split is not None and found.model.inputs[0].dtype != "float32":
        said.append("a part of the network is left in floats")
    return said


def document(asked: Asked, found: Quantized) -> dict[str, Json]:
    """Return what a script reads."""
    tried = found.trial
    made: dict[str, Json] = {
        "source": str(found.source.path),
        "model": str(asked.out),
        "scheme": asked.scheme.value,
        "by": service.name(),
        "seed": asked.seed,
        "before": _side(found.source.data, tried.before if tried else None),
        "after": _side(found.model.data, tried.after if tried else None),
        "runs_on": [
            {"implementation": s.implementation, "supported": s.supported, "why": s.why} for s in found.runs_on
        ],
        "warnings": list(warnings(found)),
    }
    if found.split is not None and tried is not None:
        made["calibration_samples"] = len(found.split.calibration) if asked.scheme.calibrated else 0
        made["test_samples"] = len(found.split.test)
        made["same_class"] = tried.same_class
        made["largest_difference"] = tried.largest_difference
        made["clipped_share"] = found.clipped
        made["task"] = tried.task.value if tried.task else None
        made["score"] = PRIMARY[tried.task] if tried.task else None
    return made


def _samples(asked: Asked, found: Quantized) -> list[str]:
    split, tried = found.split, found.trial
    if split is None or tried is None:
        return []
    ranges = f"ranges from {len(split.calibration):,} samples, " if asked.scheme.calibrated else ""
    by = dict.fromkeys((tried.before.by, tried.after.by))
    return [f"{ranges}tried on {len(split.test):,} (seed {asked.seed}) by {' and '.join(by)}"]


def _side(content: bytes, side: Side | None) -> dict[str, Json]:
    made: dict[str, Json] = {"bytes": len(content)}
    if side is not None:
        made["by"] = side.by
        if side.scored is not None:
            made["scores"] = dict(side.scored.scores)
    return made


def _figure(name: str, value: float) -> str:
    return f"{100 * value:.2f} %" if name.startswith(_SHARES) else f"{value:.4g}"
