"""In what the programs of two runs were made differently: compilers, cores, options, versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.types import Json, Measurement

_NOT_TOLD = frozenset(
    {
        "model_sha256",  # told where models of one name are compared, by the rows
        "board_digest",
        "measured",
        "retries",
        "build",  # a digest of all the others
        "build_properties",  # the flags and the board's file tell the same
        "arena_bytes",  # what was found, not what it was made of
        "arena_probes",
        "virtual",
        "clock_hz",
    }
)
_OF_METRIC = {"output": ("inputs", "inputs_from", "reference"), "accuracy": ("task", "data", "samples_are")}
"""What metrics were compared with, or on."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A fact that differs, and the cases in which it does."""

    what: str
    base: str
    new: str
    cases: tuple[str, ...]

    def __str__(self) -> str:
        if self.what == "flags":
            old, young = self.base.split(), self.new.split()
            gone, come = [w for w in old if w not in young], [w for w in young if w not in old]
            pairs = (("without", gone), ("with", come))
            said = [f"{which} {' '.join(words)}" for which, words in pairs if words]
            return f"flags: {', '.join(said) or 'in another order'}"
        return f"{self.what}: {self.base} → {self.new}"


def between(
    pairs: Iterable[tuple[str, Measurement, Measurement]], base_host: Mapping[str, Json], new_host: Mapping[str, Json]
) -> tuple[Difference, ...]:
    """Return what differs in pairs of measurements, each with the name of its case, and of mcuprof itself.

    Facts that only one of the two runs states are left out.
    """
    found: dict[tuple[str, str, str], dict[str, None]] = {}
    for case, base, new in pairs:
        old, young = _facts(base), _facts(new)
        for what in old:
            if what in young and old[what] != young[what]:
                found.setdefault((what, old[what], young[what]), {})[case] = None
    versions = tuple(str(host.get("mcuprof", "")) for host in (base_host, new_host))
    own = [Difference(what="mcuprof", base=versions[0], new=versions[1], cases=())] if _differ(versions) else []
    return (
        *own,
        *(Difference(what=key[0], base=key[1], new=key[2], cases=tuple(cases)) for key, cases in found.items()),
    )


def _differ(versions: tuple[str, ...]) -> bool:
    return all(versions) and len(set(versions)) > 1


def _facts(measurement: Measurement) -> dict[str, str]:
    facts = {key: value for key, value in measurement.provenance.items() if key not in _NOT_TOLD}
    for key in _OF_METRIC.get(measurement.metric, ()):
        if key in measurement.details:
            facts[f"{measurement.metric} {key}"] = measurement.details[key]
    return {key.replace("_", " "): str(value) for key, value in facts.items() if value is not None}
