"""The caches are not dropped under a process that works with them."""

import filelock
import pytest

from harness import cache, paths
from harness.errors import McuprofError, UsageError


def test_caches_in_use_are_told_and_free_ones_are_not():
    cache.require_idle()
    with cache.in_use(), pytest.raises(UsageError, match="is at work with these caches"):
        cache.require_idle()
    cache.require_idle()
    assert not list((paths.cache() / "users").iterdir())


def test_what_a_killed_process_left_is_removed():
    folder = paths.cache() / "users"
    folder.mkdir(parents=True)
    (folder / "123.lock").write_text("")
    cache.require_idle()
    assert not list(folder.iterdir())


def test_another_process_counts():
    folder = paths.cache() / "users"
    folder.mkdir(parents=True)
    with filelock.FileLock(folder / "4711.lock"), pytest.raises(UsageError, match="process 4711"):
        cache.require_idle()


def test_two_containers_may_have_processes_of_the_same_number(monkeypatch):
    monkeypatch.setattr(cache.os, "getpid", lambda: 1)
    with cache.in_use(), cache.in_use():
        pass


def test_a_cache_that_is_a_file_is_one_error():
    paths.cache().parent.mkdir(parents=True, exist_ok=True)
    paths.cache().write_text("")
    with pytest.raises(McuprofError, match="cannot be written"), cache.in_use():
        pass
