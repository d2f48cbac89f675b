"""What the tests of the real tool chain share: the command as a user calls it, and virtual boards to talk to."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from bad_tty import BadTty

from harness import boards
from harness.arduino import Arduino
from harness.build_properties import Options
from harness.platform import workplace
from harness.serial_port import SerialPort
from harness.setup import arduino_cli, tflm_sources
from harness.sketch import Sketch, digest_of
from harness.virtual.qemu import QemuRig

SKETCHES = Path(__file__).parent / "sketches"


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.virtual)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a call of the command ended."""

    code: int
    out: str
    err: str

    @property
    def measurements(self):
        """The measurements of the JSON document on standard output."""
        return json.loads(self.out)["measurements"]


@pytest.fixture
def environment(tmp_path):
    """An environment in which results and temporary files are the test's own; caches are shared."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return os.environ | {
        "MCUPROF_RESULTS": str(tmp_path / "results"), "TMPDIR": str(scratch),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }  # fmt: skip


def heed_interrupts():
    """Let the child be interrupted where the tests themselves run in the background, where nothing is."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def spawn(environment, tmp_path):
    """Start a Python program in the background; what is left of it is ended with the test."""
    started = []

    def begin(*words, under=(), **variables):
        process = subprocess.Popen(
            [*under, sys.executable, *map(str, words)], env=environment | variables, cwd=tmp_path,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 (no thread of the tests is at work then)
        )  # fmt: skip
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


@pytest.fixture
def start(spawn):
    """Start the command in the background."""
    return lambda *words: spawn("-m", "harness", *words)


def ended(process):
    """Wait for the end of a command; a traceback is never an answer."""
    out, err = process.communicate(timeout=570)
    assert "Traceback" not in err, err
    return Answer(code=process.returncode, out=out, err=err)


@pytest.fixture
def mcuprof(start):
    """Run the command to its end."""
    return lambda *words: ended(start(*words))


def wait_for(condition, seconds=60):
    """Wait until something is so; return whether it came to be."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def home(tmp_path, environment):
    """A home of this test alone, with the TFLM sources and with arduino-cli on PATH, and no sketchbook."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / tflm_sources.home().name).symlink_to(tflm_sources.home())
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "arduino-cli").symlink_to(arduino_cli.find_arduino_cli().path)
    environment["PATH"] = f"{tools}:{environment['PATH']}"
    environment["MCUPROF_HOME"] = str(folder)
    environment["HOME"] = str(tmp_path / "user")
    return folder


@pytest.fixture
def emulators(environment):
    """Return the command lines of emulators and upload tools that work in this test's temporary folder."""

    def running():
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            program = words[0].rpartition("/")[2]
            mine = any(environment["TMPDIR"] in word for word in words)
            if mine and program.startswith(("qemu-system", "player-", "avrdude")):
                found.append(words)
        return found

    return running


@pytest.fixture(scope="session")
def arduino():
    """arduino-cli with the platform of the virtual boards."""
    return Arduino(workplace())


@dataclass(frozen=True, kw_only=True)
class Right:
    """What an undisturbed run measured, which every fault must leave as it is."""

    cells: dict

    def require(self, answer, *, but=()):
        """Require that nothing is lost and no figure is false, ``but`` of some metrics; return all, by metric."""
        found = by_metric(answer)
        assert set(found) == set(self.cells)
        for metric in set(found) - set(but):
            assert found[metric]["status"] == "ok", found[metric]["reason"]
            assert {key: found[metric][key] for key in COMPARED} == {key: self.cells[metric][key] for key in COMPARED}
        return found


CASE = ("digits", "--impl", "tvm-aot", "--board", "nano33ble-sim", "--clock", "instruction-count", "--json")
COMPARED = ("value", "unit", "samples", "clock")


def by_metric(answer):
    return {m["metric"]: m for m in answer.measurements}


def total(found, what):
    """How often something had to be done again, over all metrics."""
    return sum(m["provenance"]["retries"][what] for m in found.values() if "retries" in m["provenance"])


@pytest.fixture(scope="session")
def right(tmp_path_factory):
    """What is right for ``CASE``."""
    words = [sys.executable, "-m", "harness", "run", *CASE, "--results", tmp_path_factory.mktemp("right")]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Right(cells=by_metric(Answer(code=0, out=done.stdout, err=done.stderr)))


@pytest.fixture
def plug(tmp_path):
    """Attach a virtual board behind a bad tty, which is returned; the rig is its ``rig``."""
    opened = []

    def attach(**how):
        rig = QemuRig(boards.load("nano33ble-sim"))
        opened.append(rig)
        opened.append(BadTty(tmp_path / "dev", rig._tty.path, **how))
        opened[-1].rig = rig
        return opened[-1]

    yield attach
    for thing in reversed(opened):
        thing.close()


@pytest.fixture
def begin(spawn):
    """Start the command on a board at a port, in the background."""
    script = Path(__file__).with_name("as_hardware.py")
    return lambda port, *words, **variables: spawn(script, *words, BAD_TTY=str(port), **variables)


@pytest.fixture
def measure(begin):
    """Run the command on a board at a port to its end."""
    return lambda port, *words, **variables: ended(begin(port, *words, **variables))


def once(pattern, act, *, nth=1):
    """Act when the host sends ``pattern`` for the ``nth`` time."""
    done = []

    def look(tty, seen):
        if seen.count(pattern) >= nth and not done:
            done.append(True)
            act(tty)

    return look


@dataclass(kw_only=True)
class Console:
    """A serial monitor: what a sketch prints, as text."""

    port: SerialPort
    seen: str = ""

    def expect(self, pattern, seconds=20.0):
        """Wait until ``pattern`` has been printed in whole lines; return the match, and look behind it later."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            match = re.search(pattern, self.seen[: self.seen.rfind("\n") + 1], re.DOTALL)  # half a number is none
            if match:
                self.seen = self.seen[match.end() :]
                return match
            self.seen += self.port.read().decode("latin-1")
        pytest.fail(f"{pattern!r} was not printed; this was: {self.seen[-500:]!r}")

    def type(self, text):
        """Send a line."""
        self.port.write(text.encode() + b"\n")


@pytest.fixture
def run_sketch(arduino):
    """Build a sketch of ``tests/virtual/sketches``, upload it to a virtual board and return its console."""
    open_rigs = []

    def begin(name, board_name):
        board = boards.load(board_name)
        files = {"mcuprof_sketch.ino": (SKETCHES / name / f"{name}.ino").read_text()}
        build = arduino.compile(Sketch(files=files, digest=digest_of(files)), board, Options())
        rig = QemuRig(board)
        open_rigs.append(rig)
        # A serial monitor is open before the upload, or it would miss what a sketch prints first.
        port = SerialPort(rig.port, 115200)
        open_rigs.append(port)
        arduino.upload(build, board, rig.port)
        return Console(port=port)

    yield begin
    for thing in reversed(open_rigs):
        thing.close()
