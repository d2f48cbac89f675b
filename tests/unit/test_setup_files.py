from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))


def test_there_is_a_lock_file_for_each_purpose():
    purposes = ["requirements-frameworks.lock", "requirements-go.lock", "requirements-uv.lock", "requirements.lock"]
    assert [path.name for path in LOCKS] == purposes


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_a_lock_file_names_no_address_and_hashes_every_package(path):
    text = path.read_text(encoding="utf-8")
    assert "http" not in text
    assert "--index-url" not in text
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert blocks
    for block in blocks:
        assert re.match(r"[a-z0-9._-]+==\S+", block), block
        assert "--hash=sha256:" in block, block


def test_the_commands_of_a_checkout_can_be_run():
    for name in ("dev", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111
