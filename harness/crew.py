"""Tasks that run at once, one thread each, and end together where one of them fails or the user stops them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

_LOOK_S = 0.1
_END_LOOKS = 150


def run_all(tasks: Sequence[Callable[[], None]], interrupt: Callable[[], None]) -> None:
    """Run the tasks and return when all are done.

    Where one raises, or this thread is interrupted, ``interrupt`` is called again and again until the others have
    ended too; then what was raised first is raised here.
    """
    if len(tasks) == 1:
        return tasks[0]()
    ends: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def work(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:
            ends.put(error)
        else:
            ends.put(None)

    threads = [threading.Thread(target=work, args=(task,), daemon=True) for task in tasks]
    try:
        for thread in threads:
            thread.start()
        for _ in threads:
            error = ends.get()
            if error is not None:
                raise error
    except BaseException:
        _end(threads, interrupt)
        raise
    return None


def _end(threads: Sequence[threading.Thread], interrupt: Callable[[], None]) -> None:
    for _ in range(_END_LOOKS):
        alive = [thread for thread in threads if thread.is_alive()]
        if not alive:
            return
        interrupt()
        alive[0].join(_LOOK_S)
