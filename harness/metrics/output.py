"""``output``: how many elements differ from the reference interpreter's, over the checked inputs. 0 when right."""

from __future__ import annotations

from harness.case import Bench
from harness.correctness import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE, compare
from harness.types import Reading, Status

NEEDS_RIG = True
ORDER = 20


def measure(bench: Bench, count: int | None = None) -> Reading:
    """Run the network on the first ``count`` inputs (all by default) and compare.

    Samples are the differing elements of each input.
    """
    bench.firmware.reset()
    bench.firmware.start(bench.first_run_deadline())
    found = []
    for inputs, outputs in list(zip(bench.expected.inputs, bench.expected.outputs, strict=True))[:count]:
        bench.firmware.write_inputs(inputs)
        bench.firmware.run(bench.first_run_deadline())
        found.append(compare(bench.firmware.read_outputs(), outputs))
    wrong = sum(difference.differing for difference in found)
    elements = sum(difference.elements for difference in found)
    first = next((difference.where for difference in found if difference.differing), "")
    exact = bench.built.case.model.is_quantized
    return Reading(
        value=wrong,
        unit="elements",
        samples=tuple(difference.differing for difference in found),
        status=Status.WRONG_OUTPUT if wrong else Status.OK,
        reason=f"{wrong} of {elements} output elements are wrong: {first}" if wrong else "",
        details={
            "inputs": len(found),
            "inputs_from": bench.expected.source,
            "elements": elements,
            "reference": bench.expected.reference,
            "compared": "every bit"
            if exact
            else f"within {RELATIVE_TOLERANCE:g} relative or {ABSOLUTE_TOLERANCE:g} absolute",
            "largest_difference": max(difference.largest for difference in found),
        },
    )
