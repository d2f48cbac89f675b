"""A virtual board behind a port of a labgrid lab: labgrid's own coordinator, exporter and client, on this machine."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ended
from tcp_board import TcpBoard

from harness import boards, models
from harness.arduino import Options
from harness.case import Settings
from harness.errors import RigError
from harness.implementations import tvm_aot
from harness.labgrid_place import LabgridPlace
from harness.serial_rig import SerialRig
from harness.virtual.qemu import QemuRig

BOARD = "nano33ble-sim"
WORDS = ("timing", "digits", "--impl", "tvm-aot", "--board", BOARD, "--json")


def program(name):
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.is_file() else shutil.which(name)


pytestmark = pytest.mark.skipif(
    program("labgrid-coordinator") is None, reason="labgrid is not installed: pip install '.[labgrid]' gets it"
)


class Lab:
    """A coordinator and an exporter. Each place has the resources of the exporter's group of its name."""

    def __init__(self, folder, groups):
        self._folder = folder
        self.environment = os.environ | {"LG_HOSTNAME": "desk", "LG_USERNAME": "me"}
        self._running = []
        coordinator = self._start("labgrid-coordinator", "-l", "127.0.0.1:0")
        self.environment["LG_COORDINATOR"] = self._await(coordinator, r"listening on (\S+)")[1]
        (folder / "groups.yaml").write_text(json.dumps(groups))  # JSON is YAML
        exporter = self._start("labgrid-exporter", "-n", "lab", "--hostname", "127.0.0.1", "groups.yaml")
        self._await(exporter, "connected to coordinator")
        for name in groups:
            self.client("-p", name, "create")
            self.client("-p", name, "add-match", f"lab/{name}/*")

    def _start(self, name, *words):
        log = (self._folder / f"{name}.log").open("wb")
        env = self.environment | {"PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen([program(name), *words], cwd=self._folder, env=env, stdout=log, stderr=log)
        self._running.append((process, log))
        return process, Path(log.name)

    def _await(self, started, pattern):
        process, log = started
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            found = re.search(pattern, log.read_text())
            if found:
                return found
            time.sleep(0.05)
        pytest.fail(f"{pattern!r} was not printed; this was: {log.read_text()[-500:]}")

    def client(self, *words, **variables):
        whole = [program("labgrid-client"), *words]
        env = self.environment | variables
        done = subprocess.run(whole, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def holders(self):
        """Who holds what, by place."""
        rows = [line.split() for line in self.client("who").splitlines()[1:]]
        return {place: f"{host}/{user}" for user, host, place, *_ in rows}

    def close(self):
        for process, log in reversed(self._running):
            process.terminate()
            process.wait(20)
            log.close()


@contextlib.contextmanager
def running(arduino):
    """A virtual board with the firmware of ``digits`` on it: over the network nothing is uploaded."""
    rig = QemuRig(boards.load(BOARD))
    sketch = tvm_aot.create(Settings()).sketch(models.load("digits"), rig.board, None)
    arduino.upload(arduino.compile(sketch, rig.board, Options()), rig.board, rig.port)
    with contextlib.closing(rig):
        yield rig._tty.path


@pytest.fixture(scope="module")
def board(arduino):
    """A TCP port of this machine with a board behind it."""
    with running(arduino) as tty, contextlib.closing(TcpBoard(tty)) as server:
        yield server


def raw(port):
    return {"cls": "NetworkSerialPort", "host": "127.0.0.1", "port": port, "protocol": "raw"}


@pytest.fixture(scope="module")
def whole_lab(board, tmp_path_factory):
    power = {"cls": "NetworkPowerPort", "model": "simplerest", "host": "http://lab.example", "index": "0"}
    lab = Lab(
        tmp_path_factory.mktemp("lab"),
        {
            "nano": {"tty": raw(board.port)},
            "far": {"NetworkSerialPort": {"host": "lab.example", "port": 4001}},
            "none": {"power": power},
            "two": {"one": raw(4003), "other": raw(4004)},
            "away": {"tty": raw(None)},
            "empty": {},
        },
    )
    lab.client("-p", "far", "add-alias", "faraway")
    with contextlib.closing(lab):
        yield lab


@pytest.fixture
def enter(environment, monkeypatch):
    """Make this process, and the commands that it starts, a client of a lab."""

    def become_client(lab):
        for name, value in lab.environment.items():
            if name.startswith("LG_"):
                monkeypatch.setenv(name, value)
                environment[name] = value

    return become_client


@pytest.fixture
def lab(whole_lab, enter):
    """A lab. After each test nothing of it is held."""
    enter(whole_lab)
    yield whole_lab
    for place in whole_lab.holders():
        whole_lab.client("-p", place, "release", "--kick")


@pytest.fixture
def begin(spawn):
    script = Path(__file__).with_name("as_hardware.py")
    return lambda port, *words: spawn(script, *words, BAD_TTY=port)


@pytest.mark.parametrize(("held", "port"), [({}, "labgrid:nano"), ({"nano": "desk/me"}, "labgrid://nano")])
def test_a_board_in_a_lab(lab, board, begin, held, port):
    for place in held:
        lab.client("-p", place, "acquire")
    before = board.connections
    answer = ended(begin(port, *WORDS))
    assert answer.code == 0, answer.err
    assert {m["status"] for m in answer.measurements} == {"ok"}
    assert {m["provenance"]["retries"]["uploads"] for m in answer.measurements} == {0}
    assert board.connections == before + 1
    assert lab.holders() == held, "what was held before stays held, and nothing else"


def test_a_place_that_somebody_else_holds(lab, board, begin):
    lab.client("-p", "nano", "acquire", LG_USERNAME="alice")
    before = board.connections
    answer = ended(begin("labgrid:nano", *WORDS))
    assert answer.code == 1
    for measurement in answer.measurements:
        assert measurement["status"] == "rig-failed"
        assert "the labgrid place nano, held by desk/alice, cannot be used" in measurement["reason"]
    assert board.connections == before
    assert lab.holders() == {"nano": "desk/alice"}
    lab.client("-p", "nano", "allow", "desk/me", LG_USERNAME="alice")
    assert find("nano") == f"socket://127.0.0.1:{board.port}", "who is allowed to use it with them does"
    assert lab.holders() == {"nano": "desk/alice"}


def test_a_run_that_is_interrupted_releases_its_place(lab, begin, tmp_path):
    process = begin("labgrid:nano", *WORDS, "--runs", "1000000")
    end = time.monotonic() + 120
    while " run *" not in "".join(path.read_text() for path in tmp_path.glob("results/*.wire/*.log")):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert lab.holders() == {"nano": "desk/me"}
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert lab.holders() == {}
    assert not list((tmp_path / "scratch").glob("mcuprof-labgrid-*"))


@pytest.mark.skipif(
    shutil.which("ser2net") is None, reason="labgrid's exporter serves ttys by ser2net: apt-get has it"
)
def test_a_tty_that_the_exporter_serves(arduino, enter, begin, tmp_path):
    with running(arduino) as tty:
        groups = {"nano": {"RawSerialPort": {"port": str(tty.resolve())}}}
        with contextlib.closing(Lab(tmp_path, groups)) as lab:
            enter(lab)
            answer = ended(begin("labgrid:nano", *WORDS))
            assert answer.code == 0, answer.err
            assert {m["status"] for m in answer.measurements} == {"ok"}
            assert lab.holders() == {}


def find(name, port=None):
    place = LabgridPlace(name, port)
    try:
        return place.find()
    finally:
        place.release()


@pytest.mark.parametrize(
    ("place", "port", "address"),
    [
        ("far", None, "rfc2217://lab.example:4001?ign_set_control"),
        ("faraway", None, "rfc2217://lab.example:4001?ign_set_control"),
        ("two", "other", "socket://127.0.0.1:4004"),
        ("away", None, None),
    ],
)
def test_where_the_port_of_a_place_is(lab, place, port, address):
    assert find(place, port) == address
    assert lab.holders() == {}


@pytest.mark.parametrize(
    ("place", "port", "complaint"),
    [
        ("none", None, r"the labgrid place none has no serial port \(NetworkSerialPort\); it has NetworkPowerPort$"),
        ("two", None, r"two has several serial ports: name the board's, labgrid:two/one or labgrid:two/other$"),
        ("two", "third", r"the labgrid place two has no serial port 'third'; it has one, other$"),
        ("empty", None, r"the labgrid place empty cannot be had: Match .* has no matching remote resource\. The"),
        ("nosuch", None, r"the labgrid place nosuch cannot be had: place pattern nosuch matches nothing\. The coord"),
        ("nan", None, r"there is no labgrid place nan; is nano meant"),
    ],
)
def test_a_place_whose_port_cannot_be_told(lab, place, port, complaint):
    with pytest.raises(RigError, match=complaint):
        find(place, port)
    assert lab.holders() == {}


def test_no_coordinator(monkeypatch):
    monkeypatch.setenv("LG_COORDINATOR", "127.0.0.1:1")
    rig = SerialRig(boards.load(BOARD), "labgrid:nano")
    with pytest.raises(RigError, match=r"had: Could not connect to coordinator\. .* is that at 127\.0\.0\.1:1; "):
        rig.open()
    rig.close()
