"""What tests of bad serial lines ask of the measurements that come of them."""

import pytest
from fake_lab import RIGHT

from harness.types import Status


def all_right(found, *, but=()):
    assert len(found) == len(RIGHT)
    for (_, _, metric), m in found.items():
        if metric not in but:
            assert m.status is Status.OK, m.reason
            assert m.value == pytest.approx(RIGHT[metric])
    return True


def retries(found):
    counts = [m.provenance["retries"] for m in found.values() if "retries" in m.provenance]
    return {key: sum(count[key] for count in counts) for key in counts[0]}


def reasons(found, status):
    return [m.reason for m in found.values() if m.status is status]
