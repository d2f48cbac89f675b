"""The one place that starts processes.

Every child runs in a session of its own under a guard: a shell that kills the whole session as soon as the pipe to
mcuprof closes. The kernel closes it however mcuprof ends, SIGKILL included, so nothing is left behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import paths
from harness.errors import MissingError, ToolFailedError

# Descriptor 9 is the pipe from mcuprof. What the child has started is killed first, while it can start nothing more;
# then the child, so that the guard reaps it. The group would not do: arduino-cli puts upload tools into groups of
# their own. In /proc/PID/stat state, parent, group and session stand behind the name in parentheses; where there is
# no /proc, the group has to do. The watcher must not outlive the child, whose number may then be another's.
_GUARD = """
exec 9<&0 </dev/null
"$@" 9<&- &
child=$!
sweep() {
  for stat in /proc/[0-9]*/stat; do
    read -r line <"$stat" || continue
    pid=${stat#/proc/} pid=${pid%/stat}
    set -- ${line##*) }
    [ "${4:-}" = "$$" ] || continue
    case $pid in "$$" | "$child" | "$self") ;; *) kill -KILL "$pid" ;; esac
  done
}
(
  cat <&9
  read -r self rest </proc/self/stat
  kill -STOP "$child"
  sweep
  sweep
  kill -KILL "$child"
  sleep 1
  kill -KILL 0
) >/dev/null 2>&1 &
watcher=$!
wait "$child"
code=$?
kill -KILL "$watcher"
exit $code
"""


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A process that has ended."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float


_running: weakref.WeakSet[Process] = weakref.WeakSet()
_running_lock = threading.Lock()


def end_all() -> None:
    """Kill every process that was started here and still runs, whichever thread waits for it."""
    with _running_lock:
        processes = list(_running)
    for process in processes:
        process.end()


class Process:
    """A running process that is killed, with its children, by ``kill`` or by the end of mcuprof."""

    def __init__(
        self, argv: Sequence[str], *, cwd: Path | None, env: Mapping[str, str] | None, stdout: int, stderr: int
    ) -> None:
        self.argv = tuple(argv)
        if shutil.which(self.argv[0]) is None:
            msg = f"{self.argv[0]} is not there; `mcuprof doctor` says what is missing and how to get it"
            raise MissingError(msg)
        self._popen = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "mcuprof-guard", *self.argv],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            env=None if env is None else dict(env),
            start_new_session=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        with _running_lock:
            _running.add(self)

    @property
    def returncode(self) -> int | None:
        """Exit code, or None while the process runs."""
        return self._popen.poll()

    def end(self) -> None:
        """Let the guard kill the process, and do not wait for it."""
        if self._popen.stdin is not None:
            self._popen.stdin.close()

    def kill(self) -> None:
        """End the process and everything it started; does nothing when they have ended."""
        with _running_lock:
            _running.discard(self)
        self.end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=5)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        for stream in (self._popen.stdout, self._popen.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._popen.wait()

    def collect(self, timeout: float | None, on_line: Callable[[str], None] | None) -> tuple[str, str]:
        """Wait for the end and return (stdout, stderr), calling ``on_line`` for each line of stderr."""
        parts: dict[str, list[str]] = {"out": [], "err": []}

        def drain(name: str, stream: Iterator[str]) -> None:
            for line in stream:
                parts[name].append(line)
                if on_line is not None and name == "err":
                    on_line(line.rstrip("\n"))

        out, err = self._popen.stdout, self._popen.stderr
        if out is None or err is None:
            msg = "collect() needs a process started with pipes"
            raise ValueError(msg)
        readers = [threading.Thread(target=drain, args=pair, daemon=True) for pair in (("out", out), ("err", err))]
        for reader in readers:
            reader.start()
        self._popen.wait(timeout)
        for reader in readers:
            reader.join(timeout=5)
        return "".join(parts["out"]), "".join(parts["err"])


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    check: bool = True,
    on_line: Callable[[str], None] | None = None,
) -> Completed:
    """Run a program to its end and return its output as text.

    ``timeout`` is in seconds; ``on_line`` is called from another thread with each line of standard error as it
    comes. Raises ``MissingError`` where the program is not there, ``ToolFailedError`` where it does not end in
    time or, with ``check``, ends with a code other than 0.
    """
    words = [str(word) for word in argv]
    started = time.monotonic()
    process = Process(words, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        stdout, stderr = process.collect(timeout, on_line)
        code = process.returncode
    except subprocess.TimeoutExpired:
        msg = f"{words[0]} did not end within {timeout:g} s and was stopped"
        raise ToolFailedError(msg) from None
    finally:
        process.kill()
    done = Completed(
        argv=tuple(words), returncode=code or 0, stdout=stdout, stderr=stderr, seconds=time.monotonic() - started
    )
    if check and done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        msg = f"{words[0]} ended with code {done.returncode}: {said[-1] if said else 'it printed nothing'}"
        raise ToolFailedError(msg)
    return done


def run_module(module: str, *arguments: str | Path, timeout: float) -> Completed:
    """Run a module of this package in a Python process of its own, whose failure the caller reads from the result."""
    env = os.environ | {"PYTHONPATH": str(paths.PACKAGE.parent)}
    return run([sys.executable, "-m", module, *arguments], env=env, timeout=timeout, check=False)


def spawn(argv: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None) -> Process:
    """Start a program that goes on in the background, its output kept in the file ``log``."""
    words = [str(word) for word in argv]
    with log.open("wb") as sink:
        return Process(words, cwd=None, env=env, stdout=sink.fileno(), stderr=subprocess.STDOUT)
