"""What all tests share."""

from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, and no deadline: the machines that tests run on are shared and noisy.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

_SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="remake the golden files; review what changes")


@pytest.fixture
def shared_models():
    """The real networks beside the checkout; tests that need them are skipped where they are not."""
    folder = _SHARED / "models"
    if not folder.is_dir():
        pytest.skip(f"no real models at {folder.name}/ beside the checkout")
    return folder


@pytest.fixture
def shared_reference():
    """Raw times and tables of an earlier study beside the checkout; skipped where they are not."""
    folder = _SHARED / "reference"
    if not folder.is_dir():
        pytest.skip(f"no earlier study at {folder.name}/ beside the checkout")
    return folder
