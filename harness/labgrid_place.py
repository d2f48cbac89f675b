"""A place of a labgrid lab: acquired while its board is used; its serial port is an address on the network.

It is spoken to through its own program, ``labgrid-client``, which is installed beside mcuprof or anywhere on PATH.
``show`` tells who holds a place and what it has; ``export`` tells, as JSON, where its serial port is, and as long as
it runs it keeps up the SSH forwarding of a lab that wants one.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness import cmd
from harness.errors import MissingError, RigError, ToolFailedError
from harness.patience import REAL, Patience, Timer

_PORT = re.compile(r"labgrid:(?://)?([^/]+)(?:/(.+))?")
_PROGRAM = "labgrid-client"
_HOW_TO_GET = "`pip install 'mcuprof[labgrid]'` gets it"
_CALL_S = 60.0
"""How long one call may take: of a lab behind SSH, labgrid waits 30 s for a connection."""
_END_S = 5.0
_LOOK_S = 0.05
_REFUSED = 1
"""What labgrid-client ends with where it, or the coordinator, does not want to."""
_MISLEADING = ("LG_ENV", "LG_PLACE", "LG_STATE", "LG_INITIAL_STATE", "PLACE", "STATE")
"""Variables by which labgrid-client would work on another place than the one that it is told."""
_SERIAL = "NetworkSerialPort"
"""What clients see of every serial port, whatever the exporter has."""


def place_in(port: str) -> tuple[str, str | None] | None:
    """Return PLACE and NAME of a port ``labgrid:PLACE[/NAME]`` or ``labgrid://PLACE[/NAME]``, None of any other."""
    found = _PORT.fullmatch(port)
    return (found[1], found[2]) if found else None


def find_client() -> str:
    """Return labgrid's client program; raises ``MissingError`` where it is not there."""
    beside = Path(sys.executable).with_name(_PROGRAM)
    found = str(beside) if beside.is_file() else shutil.which(_PROGRAM)
    if found is None:
        msg = f"{_PROGRAM} is not there, so that no place of labgrid can be used: {_HOW_TO_GET}"
        raise MissingError(msg)
    return found


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What ``labgrid-client show`` says of a place."""

    name: str
    aliases: tuple[str, ...] = ()
    holder: str | None = None
    """Who has acquired it, as ``HOST/USER``."""
    resources: tuple[str, ...] = ()
    """What is acquired with it, as ``EXPORTER/GROUP/CLASS/NAME``, where renamed with `` -> NAME`` behind it."""

    @property
    def serial_ports(self) -> list[str]:
        """The names of its serial ports."""
        return [re.split("/| -> ", path)[-1] for path in self.resources if f"/{_SERIAL}/" in path]


def parse(text: str) -> Shown:
    """Return what ``show`` printed; raises ``RigError`` where it is nothing of the kind."""
    name = re.search(r"^Place '(.+)':$", text, re.MULTILINE)
    holder = re.search(r"^  acquired: (.+)$", text, re.MULTILINE)
    if name is None or holder is None:
        msg = f"labgrid-client shows a place in a form that mcuprof does not know: {text.strip()[:80]!r}"
        raise RigError(msg)
    aliases = re.search(r"^  aliases: (.+)$", text, re.MULTILINE)
    resources = re.search(r"^  acquired resources:\n((?:    .+\n)*)", text, re.MULTILINE)
    return Shown(
        name=name[1],
        aliases=tuple(aliases[1].split(", ")) if aliases else (),
        holder=None if holder[1] == "None" else holder[1],
        resources=tuple(line.strip() for line in resources[1].splitlines()) if resources else (),
    )


def address(exported: Mapping[str, str]) -> str | None:
    """Return where a serial port is by what ``export`` says of a driver named ``port``, None while it is away.

    Raises ``RigError`` for a protocol other than labgrid's two.
    """
    host, port, protocol = (exported.get(f"LG__PORT_{key}", "None") for key in ("HOST", "PORT", "PROTOCOL"))
    if port == "None":
        return None  # ser2net has not begun yet: the board is not attached
    host = f"[{host}]" if ":" in host else host
    # labgrid's own driver does not wait for ser2net to agree to the flow control either.
    forms = {"rfc2217": f"rfc2217://{host}:{port}?ign_set_control", "raw": f"socket://{host}:{port}"}
    if protocol not in forms:
        msg = f"labgrid's serial port at {host}:{port} speaks {protocol!r}, and not rfc2217 or raw"
        raise RigError(msg)
    return forms[protocol]


class LabgridPlace:
    """A ``harness.whereabouts.Whereabouts``: acquires the place when its port is first looked for.

    ``port`` names the serial port of a place with several. A place that its user had acquired before stays acquired.
    """

    def __init__(self, name: str, port: str | None = None, timer: Timer = REAL) -> None:
        self._client = find_client()
        self._name = name
        self._port = port
        self._timer = timer
        self._lock = threading.Lock()
        self._holder: str | None = None
        self._acquired = False
        self._released = False
        self._export: _Export | None = None
        self._address: str | None = None
        self.identity = f"labgrid place {name}"

    def find(self) -> str | None:
        """Return the address of the serial port, None while it is away; raises ``RigError`` where there is none."""
        with self._lock:
            if self._released:
                msg = f"the labgrid place {self._name} has been released"
                raise RigError(msg)
            if self._holder is None:
                self._holder = self._take()
            if self._address is None:
                self._address = self._look(self._holder)
            return self._address

    def lost(self) -> None:
        """Ask labgrid anew: the port of a board that was attached again has another number."""
        self._address = None

    def release(self) -> None:
        """Release the place where it was acquired here. May be called more than once."""
        with self._lock:
            self._released = True
            try:
                self._end_export()
            finally:
                self._release()

    def _end_export(self) -> None:
        if self._export is not None:
            self._export.end()
            self._export = None

    def _release(self) -> None:
        if not self._acquired:
            return
        self._acquired = False
        try:
            self._call_release()
        except BaseException:
            self._call_release()  # Ctrl-C in the middle of it does not mean that the place is to be kept
            raise

    def _call_release(self) -> None:
        # Without a coordinator nothing can be released. The next run goes on with what its user holds.
        with contextlib.suppress(RigError):
            self._run("release")

    def _take(self) -> str:
        """Acquire the place where nobody has, and return who has it now."""
        shown = self._show()
        if self._name not in (shown.name, *shown.aliases):
            msg = f"there is no labgrid place {self._name}; is {shown.name} meant?"
            raise RigError(msg)
        if shown.holder is None:
            self._acquired = True  # before it is: who is stopped meanwhile releases it
            done = self._run("acquire")
            if done.returncode == _REFUSED:
                self._acquired = False
            self._require(done)
            shown = self._show()
        self._require_one_port(shown)
        return str(shown.holder)

    def _require_one_port(self, shown: Shown) -> None:
        ports = shown.serial_ports
        if not ports:
            has = ", ".join(path.split("/")[2] for path in shown.resources) or "nothing at all"
            msg = f"the labgrid place {self._name} has no serial port ({_SERIAL}); it has {has}"
            raise RigError(msg)
        if self._port is not None and self._port not in ports:
            msg = f"the labgrid place {self._name} has no serial port {self._port!r}; it has {', '.join(ports)}"
            raise RigError(msg)
        if len(ports) > 1 and self._port is None and "default" not in ports:
            forms = " or ".join(f"labgrid:{self._name}/{port}" for port in ports)
            msg = f"the labgrid place {self._name} has several serial ports: name the board's, {forms}"
            raise RigError(msg)

    def _look(self, holder: str) -> str | None:
        self._end_export()
        self._export = _Export(self._client, self._name, self._port, self._timer)
        try:
            return address(self._export.variables())
        except ToolFailedError as error:
            msg = f"the labgrid place {self._name}, held by {holder}, cannot be used: {error.message}"
            raise RigError(msg) from error

    def _show(self) -> Shown:
        return parse(self._require(self._run("show")).stdout)

    def _run(self, verb: str) -> cmd.Completed:
        words = [self._client, "-p", self._name, verb]
        try:
            return cmd.run(words, timeout=_CALL_S, env=_environment(), check=False)
        except ToolFailedError as error:
            raise RigError(error.message) from error

    def _require(self, done: cmd.Completed) -> cmd.Completed:
        if done.returncode != 0:
            coordinator = os.environ.get("LG_COORDINATOR", "127.0.0.1:20408, for there is no LG_COORDINATOR")
            msg = (
                f"the labgrid place {self._name} cannot be had: {_said(f'{done.stdout}{done.stderr}')}. "
                f"The coordinator is that at {coordinator}; `{_PROGRAM} places` lists its places"
            )
            raise RigError(msg)
        return done


class _Export:
    """A running ``labgrid-client export``, which tells where a place's serial port is."""

    def __init__(self, client: str, place: str, port: str | None, timer: Timer) -> None:
        self._timer = timer
        self._folder = Path(tempfile.mkdtemp(prefix="mcuprof-labgrid-"))
        self._answer, self._log, config = (self._folder / name for name in ("answer", "log", "config"))
        driver = {"name": "port"} | ({"bindings": {"port": port}} if port else {})
        target = {"resources": {"RemotePlace": {"name": place}}, "drivers": {"SerialDriver": driver}}
        config.write_text(json.dumps({"targets": {"main": target}}), encoding="utf-8")  # JSON is YAML
        words: list[str | Path] = [client, "-c", config, "export", "--format", "json", self._answer]
        self._process = cmd.spawn(words, log=self._log, env=_environment())

    def variables(self) -> dict[str, str]:
        """Return what it tells; raises ``ToolFailedError`` with its last words where it does not."""
        patience = Patience(_CALL_S, self._timer)
        while not self._answer.is_file():
            if self._process.returncode is not None or patience.left() <= 0:
                raise ToolFailedError(_said(self._log.read_text(encoding="utf-8", errors="replace")))
            self._timer.sleep(_LOOK_S)
        told: dict[str, str] = json.loads(self._answer.read_text(encoding="utf-8"))
        return told

    def end(self) -> None:
        """End it as labgrid wants it: where it is killed it leaves its SSH behind. May be called more than once."""
        if self._process.returncode is None and self._answer.is_file():
            told = json.loads(self._answer.read_text(encoding="utf-8"))
            patience = Patience(_END_S, self._timer)
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(told["LG__CLIENT_PID"]), signal.SIGTERM)
            while self._process.returncode is None and patience.left() > 0:
                self._timer.sleep(_LOOK_S)
        self._process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _MISLEADING}


def _said(text: str) -> str:
    """Return the last line of what labgrid-client printed, without what stands before it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"^(?:labgrid-client: |Server error: )?(?:Error: )?", "", lines[-1]) if lines else "it said nothing"
