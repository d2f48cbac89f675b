"""Runs to compare, made in memory: one of a virtual board, one of a board with noise."""

from __future__ import annotations

import random
from dataclasses import replace

from harness.store import Run
from harness.types import Clock, Measurement, Status

RAM_BYTES = 262_144
_PROVENANCE = {
    "model_sha256": "a" * 64, "board_digest": "b" * 12, "compiler": "gcc 12", "operators": "fused",
    "flags": "-Os -g -w", "optimization": "the core's own", "virtual": True, "clock_hz": 64_000_000,
    "measured": "2026-11-21T12:00:00+00:00",
}  # fmt: skip


def measurement(metric="inference", value=162_227, **changes):
    units = {"flash": "B", "ram": "B", "output": "elements"}
    clock = None if metric in units else changes.get("clock", Clock.INSTRUCTION_COUNT)
    details = {
        "flash": {
            "sections": {".text": 13_480, ".data": 116}, "parts": {"core": 9000, "model": 3660},
            "ram_sections": {".bss": 1392}, "ram_parts": {"runtime": 640}, "harness_bytes": 6900,
        },
        "ram": {"limit_bytes": RAM_BYTES, "heap_bytes": 207_384, "static_bytes": 1508, "harness_static_bytes": 860},
        "output": {"inputs": 4, "inputs_from": "x_data of digits.npz", "reference": "tflite-micro 1"},
    }  # fmt: skip
    facts = {
        "model": "digits", "implementation": "tvm-aot", "board": "nano33ble-sim", "metric": metric,
        "status": Status.OK, "reason": "", "value": value, "unit": clock.unit if clock else units.get(metric, ""),
        "samples": (value,) * 3, "clock": clock, "details": details.get(metric, {}), "provenance": _PROVENANCE,
    }  # fmt: skip
    return Measurement(**(facts | changes))


def failed(metric, status, reason="too large", **changes):
    return measurement(metric, None, status=status, reason=reason, samples=(), clock=None, unit="", **changes)


def noisy(median_s, count=60, spread=0.002, seed=1, **changes):
    """Return the inference time of a real board, with noise."""
    dice = random.Random(seed)
    samples = tuple(median_s * (1 + spread * dice.gauss(0, 1)) for _ in range(count))
    middle = sorted(samples)[count // 2]
    return measurement("inference", middle, samples=samples, clock=Clock.HARDWARE, board="nano33ble", **changes)


def case(**changes):
    """Return all five measurements of one case."""
    values = {"flash": 95_188, "output": 0, "init": 40, "inference": 162_227, "ram": 207_376}
    return [measurement(metric, value, **changes) for metric, value in values.items()]


def run(measurements, id_="base", **host):
    return Run(
        id=id_, started="2026-11-21T12:00:00+00:00", finished="2026-11-21T12:01:00+00:00", plan={},
        host={"mcuprof": "0.1.0"} | host, measurements=list(measurements),
    )  # fmt: skip


def with_value(measurements, metric, value, **changes):
    """Return the measurements with another value of one metric."""
    return [
        replace(m, value=value, samples=(value,) * 3, **changes) if m.metric == metric else m for m in measurements
    ]


def with_details(measurements, metric, **details):
    return [replace(m, details=m.details | details) if m.metric == metric else m for m in measurements]


def with_provenance(measurements, **facts):
    return [replace(m, provenance=m.provenance | facts) for m in measurements]
