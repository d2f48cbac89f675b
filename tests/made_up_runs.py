"""Runs with made-up figures, for tests of what is made of results. They are never passed off as measured."""

import random

from harness.store import Run
from harness.types import Clock, Measurement, Status

PARTS = {"core": 70_000, "library": 20_000, "model": 8_000, "harness": 2_000}
BOARDS = {
    "desk": {"clock": Clock.HARDWARE, "clock_hz": 64_000_000, "virtual": False},
    "desk2": {"clock": Clock.HARDWARE, "clock_hz": 156_000_000, "virtual": False},
    "sim": {"clock": Clock.INSTRUCTION_COUNT, "clock_hz": 64_000_000, "virtual": True},
    "avr-sim": {"clock": Clock.CYCLE_MODEL, "clock_hz": 16_000_000, "virtual": True},
}


def figure(metric, value, *, model="net", implementation="tflm", board="sim", samples=None, **more):
    """Return a measurement that went well."""
    facts = BOARDS[board]
    timed = metric in ("init", "inference")
    hardware = facts["clock"] is Clock.HARDWARE
    unit = facts["clock"].unit if timed else "elements" if metric == "output" else "B"
    details = {
        "flash": {"limit_bytes": 983_040, "harness_bytes": 6_900, "parts": PARTS, "ram_parts": {"runtime": 3_000},
                  "ram_sections": {".stack": 4_096}},
        "ram": {"limit_bytes": 262_144, "heap_bytes": 220_000, "static_bytes": 3_000, "harness_static_bytes": 860},
    }.get(metric, {})  # fmt: skip
    return Measurement(
        model=model, implementation=implementation, board=board, metric=metric, status=Status.OK, reason="",
        value=value, unit=unit, samples=tuple(samples or (value,) * 3), clock=facts["clock"] if timed else None,
        at_clock_s=value / facts["clock_hz"] if timed and not hardware else None, details=details,
        provenance={
            "virtual": facts["virtual"], "clock_hz": facts["clock_hz"], "runs_on": f"{implementation} 1.0",
            "compiler": "gcc 12", "core": "a:b 1", "optimization": "the core's own", "flags": "-Os",
            "model_sha256": "ab" * 32, "board_digest": "cd" * 6, "measured": "2026-11-21T10:00:00+00:00",
        } | more,
    )  # fmt: skip


def failed(metric, status, reason, *, value=None, model="net", implementation="tflm", board="sim"):
    """Return a measurement without a figure, or with that of a program which does not fit."""
    return Measurement(
        model=model, implementation=implementation, board=board, metric=metric, status=status, reason=reason,
        value=value, unit="B" if value else "", samples=(value,) if value else (),
        details={"limit_bytes": 983_040} if value else {}, provenance={"virtual": BOARDS[board]["virtual"],
        "clock_hz": BOARDS[board]["clock_hz"]},
    )  # fmt: skip


def case(*, flash=100_000, ram=200_000, init=1_000, inference=1_000_000, **where):
    """Return the five measurements of a case."""
    hardware = BOARDS[where.get("board", "sim")]["clock"] is Clock.HARDWARE
    start = _noisy(init, 10) if hardware else [init] * 3
    runs = _noisy(inference, 30) if hardware else [inference] * 3
    return [
        figure("flash", flash, samples=(flash,), **where),
        figure("output", 0, **where),
        figure("init", sorted(start)[len(start) // 2], samples=start, **where),
        figure("inference", sorted(runs)[len(runs) // 2], samples=runs, **where),
        figure("ram", ram, samples=(ram,), **where),
    ]


def _noisy(microseconds, count):
    """Return samples in seconds, each up to a two-hundredth longer than it should be; the same in every run."""
    chance = random.Random(microseconds)
    return [round(microseconds * (1 + chance.random() / 200)) / 1e6 for _ in range(count)]


def run(measurements, *, name="20261121-100000-abcd", started="2026-11-21T10:00:00+00:00", finished=True):
    """Return a run."""
    return Run(
        id=name, started=started, finished="2026-11-21T10:05:00+00:00" if finished else None,
        plan={"command": ["mcuprof", "run", "my net.tflite"]}, host={"mcuprof": "0.1.0", "python": "3.11.7"},
        measurements=list(measurements),
    )  # fmt: skip


def mixed():
    """Return a run with real and virtual boards, answers without a figure, and a failure."""
    large = "the program is 30,624 bytes larger than the FLASH of desk"
    hung = "the board began 'run' and did not finish it within 10 s"
    return run([
        *case(implementation="tflm", board="desk", inference=590_000, flash=140_000),
        *case(implementation="tvm-aot", board="desk", inference=200_000, flash=108_000, ram=202_000, init=0),
        figure("flash", 110_000, implementation="tvm-graph", board="desk"),
        figure("output", 0, implementation="tvm-graph", board="desk"),
        *(failed(m, Status.HUNG, hung, implementation="tvm-graph", board="desk")
          for m in ("init", "inference", "ram")),
        failed("flash", Status.DOES_NOT_FIT, large, value=1_013_664, model="big", board="desk"),
        *(failed(m, Status.DOES_NOT_FIT, large, model="big", board="desk")
          for m in ("output", "init", "inference", "ram")),
        *case(implementation="tflm", board="desk2", inference=245_000, flash=229_000),
        *case(implementation="tvm-aot", board="desk2", inference=83_000, flash=195_000),
        *case(implementation="tflm", inference=17_975_018, flash=140_372),
        *case(implementation="tvm-aot", inference=6_096_977, flash=150_000),
        *case(implementation="tvm-aot", board="avr-sim", inference=1_806_605, flash=15_286, ram=755),
    ])  # fmt: skip
