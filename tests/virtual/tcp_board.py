"""A TCP port with a tty behind it: what a port server on the network does, for one connection after the other."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from pathlib import Path

_CHUNK = 4096


class TcpBoard:
    """Carries bytes between ``tty`` and whoever is connected to ``port`` of this machine."""

    def __init__(self, tty: Path):
        self._tty = os.open(tty, os.O_RDWR | os.O_NOCTTY)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.connections = 0
        self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        os.write(self._wake[1], b"x")
        self._thread.join(5)
        self._server.close()
        for descriptor in (self._tty, *self._wake):
            os.close(descriptor)

    def _run(self):
        guest = None
        while True:
            with selectors.DefaultSelector() as selector:
                for source in filter(None, (self._wake[0], self._tty, self._server, guest)):
                    selector.register(source, selectors.EVENT_READ)
                ready = [key.fileobj for key, _ in selector.select()]
            if self._wake[0] in ready:
                return
            if self._server in ready:
                guest, self.connections = self._server.accept()[0], self.connections + 1
                continue
            if self._tty in ready:
                data = os.read(self._tty, _CHUNK)
                with contextlib.suppress(OSError):
                    if guest is not None:
                        guest.sendall(data)
            if guest in ready and guest is not None:
                data = b""
                with contextlib.suppress(OSError):
                    data = guest.recv(_CHUNK)
                if data:
                    os.write(self._tty, data)
                else:
                    guest.close()
                    guest = None
