"""The caches are not dropped under a process that works with them."""

import threading

import filelock
import pytest

from harness import cache, paths
from harness.errors import McuprofError, UsageError


def test_caches_in_use_are_told_and_free_ones_are_not():
    with cache.idle():
        pass
    with cache.in_use(), pytest.raises(UsageError, match="is at work with these caches"), cache.idle():
        pass
    with cache.idle():
        pass
    assert not list((paths.cache() / "users").iterdir())


def test_nobody_begins_while_they_are_dropped():
    begun = threading.Event()

    def begin():
        with cache.in_use():
            begun.set()

    beginner = threading.Thread(target=begin)
    with cache.idle():
        beginner.start()
        assert not begun.wait(0.2)
    assert begun.wait(60)
    beginner.join()


def test_what_a_killed_process_left_is_removed():
    folder = paths.cache() / "users"
    folder.mkdir(parents=True)
    (folder / "123.lock").write_text("")
    with cache.idle():
        assert not list(folder.iterdir())


def test_another_process_counts():
    folder = paths.cache() / "users"
    folder.mkdir(parents=True)
    with filelock.FileLock(folder / "4711.lock"), pytest.raises(UsageError, match="process 4711"), cache.idle():
        pass


def test_two_containers_may_have_processes_of_the_same_number(monkeypatch):
    monkeypatch.setattr(cache.os, "getpid", lambda: 1)
    with cache.in_use(), cache.in_use():
        pass


def test_a_cache_that_is_a_file_is_one_error():
    paths.cache().parent.mkdir(parents=True, exist_ok=True)
    paths.cache().write_text("")
    with pytest.raises(McuprofError, match="cannot be written"), cache.in_use():
        pass
