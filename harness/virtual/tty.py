"""A pseudo-terminal in front of a virtual machine, and the socket that its upload tool talks to.

The terminal outlives the machine behind it: an upload restarts the machine and the port stays what it was. One thread
moves the bytes; where one side does not read, the other is not read either, so nothing is lost and nothing piles up.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import termios
import threading
import tty
from collections.abc import Callable, Mapping
from pathlib import Path

_CHUNK = 4096
_PENDING_MAX = 65536
_CLOSE, _HANG_UP = b"x", b"h"
"""What the thread is woken with."""


class VirtualPort:
    """The folder ``folder`` with ``tty`` (the port), ``control`` (uploads) and ``serial`` (the machine connects)."""

    def __init__(self, folder: Path, on_request: Callable[[Mapping[str, str]], None]) -> None:
        self._on_request = on_request
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = folder / "tty"
        self.serial = folder / "serial"
        self.path.symlink_to(os.ttyname(self._slave))
        self._control = _listen(folder / "control")
        self._serial = _listen(self.serial)
        self._machine: socket.socket | None = None
        self._to_machine = b""
        self._to_host = b""
        self.connected = threading.Event()
        """Set while a machine is connected."""
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="virtual-port", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and remove the port."""
        os.write(self._wake_write, _CLOSE)
        self._thread.join(timeout=5)
        self._drop_machine()
        for listener in (self._control, self._serial):
            listener.close()
        for descriptor in (self._master, self._slave, self._wake_read, self._wake_write):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def forget(self) -> None:
        """Drop what the host has not read yet: the next program has not said it."""
        self._to_host = b""
        termios.tcflush(self._slave, termios.TCIFLUSH)

    def hang_up(self) -> None:
        """Close the connection to the machine, with what was on its way there; ``connected`` tells of the next."""
        self.connected.clear()
        os.write(self._wake_write, _HANG_UP)

    def _run(self) -> None:
        while self._step():
            pass

    def _step(self) -> bool:
        """Wait for what can be moved and move it; False when the port is to close."""
        with selectors.DefaultSelector() as selector:
            for source in (self._wake_read, self._control, self._serial):
                selector.register(source, selectors.EVENT_READ)
            if events := self._host_events():
                selector.register(self._master, events)
            if self._machine is not None and (events := self._machine_events()):
                selector.register(self._machine, events)
            ready = {key.fileobj: mask for key, mask in selector.select()}
        if self._wake_read in ready:
            if os.read(self._wake_read, 1) == _CLOSE:
                return False
            self._drop_machine()
            return True
        if self._master in ready:
            self._move_host(ready[self._master])
        if self._machine is not None and self._machine in ready:
            self._move_machine(self._machine, ready[self._machine])
        if self._serial in ready:
            self._accept_machine()
        if self._control in ready:
            self._accept_upload()
        return True

    def _host_events(self) -> int:
        reads = selectors.EVENT_READ if len(self._to_machine) < _PENDING_MAX else 0
        return reads | (selectors.EVENT_WRITE if self._to_host else 0)

    def _machine_events(self) -> int:
        reads = selectors.EVENT_READ if len(self._to_host) < _PENDING_MAX else 0
        return reads | (selectors.EVENT_WRITE if self._to_machine else 0)

    def _move_host(self, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            with contextlib.suppress(BlockingIOError):
                self._to_host = self._to_host[os.write(self._master, self._to_host) :]
        if mask & selectors.EVENT_READ:
            with contextlib.suppress(BlockingIOError, OSError):
                data = os.read(self._master, _CHUNK)
                # A board that is not there hears nothing: what is sent to it now must not reach a later program.
                if self._machine is not None:
                    self._to_machine += data

    def _move_machine(self, machine: socket.socket, mask: int) -> None:
        try:
            if mask & selectors.EVENT_WRITE:
                self._to_machine = self._to_machine[machine.send(self._to_machine) :]
            if mask & selectors.EVENT_READ:
                data = machine.recv(_CHUNK)
                if not data:
                    self._drop_machine()
                self._to_host += data
        except BlockingIOError:
            pass
        except OSError:
            self._drop_machine()

    def _accept_machine(self) -> None:
        self._drop_machine()
        # What another program has said is not taken for this one's.
        self._to_host = b""
        termios.tcflush(self._slave, termios.TCIFLUSH)
        self._machine, _ = self._serial.accept()
        self._machine.setblocking(False)
        self.connected.set()

    def _drop_machine(self) -> None:
        self.connected.clear()
        self._to_machine = b""
        if self._machine is not None:
            self._machine.close()
            self._machine = None

    def _accept_upload(self) -> None:
        """Answer one request of the platform's upload tool, in a thread of its own: a load has to wait for us."""
        connection, _ = self._control.accept()
        threading.Thread(target=self._serve_upload, args=(connection,), daemon=True).start()

    def _serve_upload(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            request = connection.makefile("rb").readline(_PENDING_MAX)
            try:
                self._on_request(json.loads(request))
                answer: dict[str, object] = {"ok": True}
            except Exception as error:
                answer = {"ok": False, "error": str(error)}
            connection.sendall(json.dumps(answer).encode() + b"\n")


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(2)
    return listener
