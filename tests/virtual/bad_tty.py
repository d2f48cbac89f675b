"""A tty in front of another one, which spoils what it carries, goes away and comes back: a board on a bad cable."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import selectors
import socket
import threading
import time
import tty
from pathlib import Path

from harness.fake_bus import Noise

_CHUNK = 4096
_LOOK_S = 0.02


class BadTty:
    """``folder/tty``, with the board at ``inner`` behind it, and ``folder/control``, the way of its uploads.

    ``on_bytes`` is called in the relay's thread with what the host has sent so far, before the board gets it, and may
    let the port go away. ``on_answer`` is called there with what the board sends, and returns what the host gets of
    it. ``on_upload`` is called with the number of each upload before it is handed on; it may wait, raise
    ``RuntimeError``, or return another program that the board is to be given.
    """

    def __init__(
        self,
        folder: Path,
        inner: Path,
        noise: Noise | None = None,
        on_bytes=lambda tty, seen: None,
        on_answer=lambda tty, data: data,
        on_upload=lambda tty, count: None,
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path = folder / "tty"
        self._noise = noise or Noise()
        self._on_bytes = on_bytes
        self._on_answer = on_answer
        self._on_upload = on_upload
        self._seen = b""
        self._inner = os.open(inner, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._inner_control = inner.parent / "control"
        self._master: int | None = None
        self.comings = 0
        self.uploads = 0
        self.appear()
        self._wake = os.pipe()
        self._todo: queue.SimpleQueue = queue.SimpleQueue()
        self._control = socket.socket(socket.AF_UNIX)
        self._control.bind(str(folder / "control"))
        self._control.listen()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._run, self._serve_uploads)]
        for thread in self._threads:
            thread.start()

    def appear(self):
        """Be there, as a new pseudo-terminal."""
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(self._slave)
        self._show(os.ttyname(self._slave))
        self.comings += 1

    def _show(self, device):
        new = self.path.with_suffix(".new")
        new.symlink_to(device)
        new.replace(self.path)

    def _hide(self):
        self.path.unlink()

    def vanish(self, seconds=None):
        """Go away, for good or for some seconds."""
        self._in_relay(self._vanish)
        if seconds is not None:
            threading.Timer(seconds, self._in_relay, (self.appear,)).start()

    def _vanish(self):
        self._hide()
        os.close(self._slave)
        os.close(self._master)
        self._master = None

    def _in_relay(self, act):
        """Act between two looks of the relay's thread, which must not be at a tty that another one closes."""
        if threading.current_thread() is self._threads[0]:
            act()
        else:
            self._todo.put(act)
            os.write(self._wake[1], b"!")

    def shout(self, data):
        """Send bytes to the host as if the board had."""
        _write(self._master, data)

    def whisper(self, data):
        """Send bytes to the board as if the host had."""
        _write(self._inner, data)

    def close(self):
        os.write(self._wake[1], b"x")
        self._control.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        with contextlib.suppress(OSError):
            if self._master is not None:
                self._vanish()
        self._control.close()
        for descriptor in (self._inner, *self._wake):
            os.close(descriptor)

    def _run(self):
        while True:
            with selectors.DefaultSelector() as selector:
                for source in (self._wake[0], self._inner, self._master):
                    if source is not None:
                        selector.register(source, selectors.EVENT_READ)
                ready = [key.fileobj for key, _ in selector.select(_LOOK_S)]
            if self._wake[0] in ready:
                if os.read(self._wake[0], 1) == b"x":
                    return
                self._todo.get()()
                continue
            if self._inner in ready:
                self._from_board(_read(self._inner))
            if self._master is not None and self._master in ready:
                self._from_host(_read(self._master))
            self._look()

    def _from_board(self, data):
        data = self._on_answer(self, data)
        if self._master is not None:
            _write(self._master, self._noise.spoil(data))

    def _from_host(self, data):
        self._seen += data
        self._on_bytes(self, self._seen)
        _write(self._inner, self._noise.spoil(data))

    def _look(self):
        """Look at the tty itself, many times a second."""

    def _serve_uploads(self):
        while True:
            try:
                connection, _ = self._control.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_upload, args=(connection,), daemon=True).start()

    def _serve_upload(self, connection):
        with connection, contextlib.suppress(OSError):
            request = connection.makefile("rb").readline()
            self.uploads += 1
            try:
                other = self._on_upload(self, self.uploads)
                answer = self._hand_on(json.dumps({"load": str(other)}).encode() + b"\n" if other else request)
            except RuntimeError as why:
                answer = json.dumps({"ok": False, "error": str(why)}).encode() + b"\n"
            connection.sendall(answer)

    def _hand_on(self, request):
        with socket.socket(socket.AF_UNIX) as board:
            board.connect(str(self._inner_control))
            board.sendall(request)
            return board.makefile("rb").readline()


def _read(source):
    try:
        return os.read(source, _CHUNK)
    except OSError:
        return b""


def _write(target, data):
    while data and target is not None:
        try:
            data = data[os.write(target, data) :]
        except BlockingIOError:
            time.sleep(0.001)
        except OSError:
            return
